// Enumerations of the schema. All are open: newer builds add values. The constant of the same name lists the values known here.

/** STDIO handle. */
export const STDIOHandle = ['StdIn', 'StdOut', 'StdErr', 'All'] as const
export type STDIOHandle = (typeof STDIOHandle)[number] | (string & {})

/** Isolation type. */
export const IsolationType = ['HostProcess'] as const
export type IsolationType = (typeof IsolationType)[number] | (string & {})

/** Container credential guard modify operation. */
export const ContainerCredentialGuardModifyOperation = ['AddInstance', 'RemoveInstance'] as const
export type ContainerCredentialGuardModifyOperation =
  (typeof ContainerCredentialGuardModifyOperation)[number] | (string & {})

/** Device type. */
export const DeviceType = ['ClassGuid', 'DeviceInstance', 'GpuMirror'] as const
export type DeviceType = (typeof DeviceType)[number] | (string & {})

/** CPU group operation. */
export const CPUGroupOperation = ['CreateGroup', 'DeleteGroup', 'SetProperty'] as const
export type CPUGroupOperation = (typeof CPUGroupOperation)[number] | (string & {})

/** Interrupt moderation name. */
export const InterruptModerationName = ['Default', 'Adaptive', 'Off', 'Low', 'Medium', 'High'] as const
export type InterruptModerationName = (typeof InterruptModerationName)[number] | (string & {})

/** Migration origin. */
export const MigrationOrigin = ['Source', 'Destination'] as const
export type MigrationOrigin = (typeof MigrationOrigin)[number] | (string & {})

/** Migration memory transport. */
export const MigrationMemoryTransport = ['TCP'] as const
export type MigrationMemoryTransport = (typeof MigrationMemoryTransport)[number] | (string & {})

/** Migration final operation. */
export const MigrationFinalOperation = ['Resume', 'Stop'] as const
export type MigrationFinalOperation = (typeof MigrationFinalOperation)[number] | (string & {})

/** Migration event. */
export const MigrationEvent = [
  'Unknown',
  'MigrationDone',
  'BlackoutStarted',
  'OfflineDone',
  'BlackoutExited',
  'SetupDone',
  'TransferInProgress',
  'MigrationRecoveryDone',
  'MigrationFailed',
] as const
export type MigrationEvent = (typeof MigrationEvent)[number] | (string & {})

/** Migration result. */
export const MigrationResult = [
  'Invalid',
  'Success',
  'MigrationCancelled',
  'GuestInitiatedCancellation',
  'SourceMigrationFailed',
  'DestinationMigrationFailed',
  'MigrationRecoveryFailed',
] as const
export type MigrationResult = (typeof MigrationResult)[number] | (string & {})

/** Sections of a property answer. */
export const PropertyType = [
  'Memory',
  'GuestMemory',
  'Statistics',
  'ProcessList',
  'TerminateOnLastHandleClosed',
  'SharedMemoryRegion',
  'ContainerCredentialGuard',
  'GuestConnection',
  'ICHeartbeatStatus',
  'ProcessorTopology',
  'CpuGroup',
  'SystemGUID',
] as const
export type PropertyType = (typeof PropertyType)[number] | (string & {})

/** What a change does to its target; PreAdd exists only for Windows guest adapters. */
export const RequestType = ['Add', 'Remove', 'PreAdd', 'Update'] as const
export type RequestType = (typeof RequestType)[number] | (string & {})

/** Memory backing type. */
export const MemoryBackingType = ['Physical', 'Virtual', 'Hybrid'] as const
export type MemoryBackingType = (typeof MemoryBackingType)[number] | (string & {})

/** Plan9 share flags. */
export const Plan9ShareFlags = {
  Plan9ShareFlagsNone: 0,
  Plan9ShareFlagsReadOnly: 1,
  Plan9ShareFlagsLinuxMetadata: 4,
  Plan9ShareFlagsCaseSensitive: 8,
  Plan9ShareFlagsUseShareRootIdentity: 16,
  Plan9ShareFlagsRestrictFileAccess: 128,
  Plan9ShareFlagsUnlimitedConnections: 256,
} as const
export type Plan9ShareFlags = number

/** Process modify operation. */
export const ProcessModifyOperation = ['ConsoleSize', 'CloseHandle'] as const
export type ProcessModifyOperation = (typeof ProcessModifyOperation)[number] | (string & {})

/** Registry hive. */
export const RegistryHive = ['System', 'Software', 'Security', 'Sam'] as const
export type RegistryHive = (typeof RegistryHive)[number] | (string & {})

/** Registry value type. */
export const RegistryValueType = [
  'None',
  'String',
  'ExpandedString',
  'MultiString',
  'Binary',
  'DWord',
  'QWord',
  'CustomType',
] as const
export type RegistryValueType = (typeof RegistryValueType)[number] | (string & {})

/** Virtual slit type. */
export const VirtualSlitType = ['None', 'Firmware', 'Measured', 'FirmwareFallbackMeasured'] as const
export type VirtualSlitType = (typeof VirtualSlitType)[number] | (string & {})

/** Resource type. */
export const ResourceType = [
  'MappedDirectory',
  'SCSIDevice',
  'MappedVirtualDisk',
  'MappedVirtualDiskForContainerScratch',
  'WCOWBlockCims',
  'Network',
  'NetworkNamespace',
  'CombinedLayers',
  'CWCOWCombinedLayers',
  'VPMemDevice',
  'VPCIDevice',
  'ContainerConstraints',
  'HvSocket',
  'SecurityPolicy',
  'SecurityPolicyFragment',
  'PodCgroupMemoryLimit',
] as const
export type ResourceType = (typeof ResourceType)[number] | (string & {})

/** RPC type. */
export const RPCType = ['ModifyServiceSettings', 'StartLogForwarding', 'StopLogForwarding'] as const
export type RPCType = (typeof RPCType)[number] | (string & {})

/** File system filter type. */
export const FileSystemFilterType = ['UnionFS', 'WCIFS'] as const
export type FileSystemFilterType = (typeof FileSystemFilterType)[number] | (string & {})

/** Signal value WCOW. */
export const SignalValueWCOW = ['CtrlC', 'CtrlBreak', 'CtrlClose', 'CtrlLogOff', 'CtrlShutdown'] as const
export type SignalValueWCOW = (typeof SignalValueWCOW)[number] | (string & {})

/** V1 property type. */
export const Hcs1PropertyType = ['Statistics', 'ProcessList', 'MappedVirtualDisk', 'GuestConnection'] as const
export type Hcs1PropertyType = (typeof Hcs1PropertyType)[number] | (string & {})

/** Os type. */
export const OsType = ['Linux'] as const
export type OsType = (typeof OsType)[number] | (string & {})

/** Notification type. */
export const NotificationType = [
  'None',
  'GracefulExit',
  'ForcedExit',
  'UnexpectedExit',
  'Reboot',
  'Constructed',
  'Started',
  'Paused',
  'Unknown',
] as const
export type NotificationType = (typeof NotificationType)[number] | (string & {})

/** Active operation. */
export const ActiveOperation = ['None', 'Construct', 'Start', 'Pause', 'Resume', 'Shutdown', 'Terminate'] as const
export type ActiveOperation = (typeof ActiveOperation)[number] | (string & {})

/** Guest-side property type. */
export const GuestSidePropertyType = [
  'Memory',
  'CpuGroup',
  'Statistics',
  'ProcessList',
  'PendingUpdates',
  'TerminateOnLastHandleClosed',
  'MappedDirectory',
  'SystemGUID',
  'Network',
  'MappedPipe',
  'MappedVirtualDisk',
] as const
export type GuestSidePropertyType = (typeof GuestSidePropertyType)[number] | (string & {})

/** Guest-side request type. */
export const GuestSideRequestType = ['Add', 'Remove', 'Update'] as const
export type GuestSideRequestType = (typeof GuestSideRequestType)[number] | (string & {})

/** Endpoint flags. */
export const EndpointFlags = { EndpointFlagsNone: 0, EndpointFlagsRemoteEndpoint: 1 } as const
export type EndpointFlags = number

/** Namespace type. */
export const NamespaceType = ['Host', 'HostDefault', 'Guest', 'GuestDefault'] as const
export type NamespaceType = (typeof NamespaceType)[number] | (string & {})

/** Endpoint policy type. */
export const EndpointPolicyType = [
  'PortMapping',
  'ACL',
  'QOS',
  'L2Driver',
  'OutBoundNAT',
  'SDNRoute',
  'L4Proxy',
  'L4WFPPROXY',
  'PortName',
  'EncapOverhead',
  'Iov',
  'ProviderAddress',
  'InterfaceConstraint',
  'TierAcl',
] as const
export type EndpointPolicyType = (typeof EndpointPolicyType)[number] | (string & {})

/** Namespace resource type. */
export const NamespaceResourceType = ['Container', 'Endpoint'] as const
export type NamespaceResourceType = (typeof NamespaceResourceType)[number] | (string & {})

/** OCI linux scheduler policy. */
export const OciLinuxSchedulerPolicy = [
  'SCHED_OTHER',
  'SCHED_FIFO',
  'SCHED_RR',
  'SCHED_BATCH',
  'SCHED_ISO',
  'SCHED_IDLE',
  'SCHED_DEADLINE',
] as const
export type OciLinuxSchedulerPolicy = (typeof OciLinuxSchedulerPolicy)[number] | (string & {})

/** OCI linux scheduler flag. */
export const OciLinuxSchedulerFlag = [
  'SCHED_FLAG_RESET_ON_FORK',
  'SCHED_FLAG_RECLAIM',
  'SCHED_FLAG_DL_OVERRUN',
  'SCHED_FLAG_KEEP_POLICY',
  'SCHED_FLAG_KEEP_PARAMS',
  'SCHED_FLAG_UTIL_CLAMP_MIN',
  'SCHED_FLAG_UTIL_CLAMP_MAX',
] as const
export type OciLinuxSchedulerFlag = (typeof OciLinuxSchedulerFlag)[number] | (string & {})

/** OCI IO priority class. */
export const OciIOPriorityClass = ['IOPRIO_CLASS_RT', 'IOPRIO_CLASS_BE', 'IOPRIO_CLASS_IDLE'] as const
export type OciIOPriorityClass = (typeof OciIOPriorityClass)[number] | (string & {})

/** OCI linux namespace type. */
export const OciLinuxNamespaceType = ['pid', 'network', 'mount', 'ipc', 'uts', 'user', 'cgroup', 'time'] as const
export type OciLinuxNamespaceType = (typeof OciLinuxNamespaceType)[number] | (string & {})

/** OCI linux seccomp action. */
export const OciLinuxSeccompAction = [
  'SCMP_ACT_KILL',
  'SCMP_ACT_KILL_PROCESS',
  'SCMP_ACT_KILL_THREAD',
  'SCMP_ACT_TRAP',
  'SCMP_ACT_ERRNO',
  'SCMP_ACT_TRACE',
  'SCMP_ACT_ALLOW',
  'SCMP_ACT_LOG',
  'SCMP_ACT_NOTIFY',
] as const
export type OciLinuxSeccompAction = (typeof OciLinuxSeccompAction)[number] | (string & {})

/** OCI arch. */
export const OciArch = [
  'SCMP_ARCH_X86',
  'SCMP_ARCH_X86_64',
  'SCMP_ARCH_X32',
  'SCMP_ARCH_ARM',
  'SCMP_ARCH_AARCH64',
  'SCMP_ARCH_MIPS',
  'SCMP_ARCH_MIPS64',
  'SCMP_ARCH_MIPS64N32',
  'SCMP_ARCH_MIPSEL',
  'SCMP_ARCH_MIPSEL64',
  'SCMP_ARCH_MIPSEL64N32',
  'SCMP_ARCH_PPC',
  'SCMP_ARCH_PPC64',
  'SCMP_ARCH_PPC64LE',
  'SCMP_ARCH_S390',
  'SCMP_ARCH_S390X',
  'SCMP_ARCH_PARISC',
  'SCMP_ARCH_PARISC64',
  'SCMP_ARCH_RISCV64',
  'SCMP_ARCH_LOONGARCH64',
  'SCMP_ARCH_M68K',
  'SCMP_ARCH_SH',
  'SCMP_ARCH_SHEB',
] as const
export type OciArch = (typeof OciArch)[number] | (string & {})

/** OCI linux seccomp flag. */
export const OciLinuxSeccompFlag = [
  'SECCOMP_FILTER_FLAG_LOG',
  'SECCOMP_FILTER_FLAG_SPEC_ALLOW',
  'SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV',
] as const
export type OciLinuxSeccompFlag = (typeof OciLinuxSeccompFlag)[number] | (string & {})

/** OCI memory policy mode type. */
export const OciMemoryPolicyModeType = [
  'MPOL_DEFAULT',
  'MPOL_BIND',
  'MPOL_INTERLEAVE',
  'MPOL_WEIGHTED_INTERLEAVE',
  'MPOL_PREFERRED',
  'MPOL_PREFERRED_MANY',
  'MPOL_LOCAL',
] as const
export type OciMemoryPolicyModeType = (typeof OciMemoryPolicyModeType)[number] | (string & {})

/** OCI memory policy flag type. */
export const OciMemoryPolicyFlagType = [
  'MPOL_F_NUMA_BALANCING',
  'MPOL_F_RELATIVE_NODES',
  'MPOL_F_STATIC_NODES',
] as const
export type OciMemoryPolicyFlagType = (typeof OciMemoryPolicyFlagType)[number] | (string & {})

/** OCI linux personality domain. */
export const OciLinuxPersonalityDomain = ['LINUX', 'LINUX32'] as const
export type OciLinuxPersonalityDomain = (typeof OciLinuxPersonalityDomain)[number] | (string & {})

/** OCI linux seccomp operator. */
export const OciLinuxSeccompOperator = [
  'SCMP_CMP_NE',
  'SCMP_CMP_LT',
  'SCMP_CMP_LE',
  'SCMP_CMP_EQ',
  'SCMP_CMP_GE',
  'SCMP_CMP_GT',
  'SCMP_CMP_MASKED_EQ',
] as const
export type OciLinuxSeccompOperator = (typeof OciLinuxSeccompOperator)[number] | (string & {})

/** CPU group property code. */
export const CPUGroupPropertyCode = {
  CPUCapacityProperty: 65536,
  CPUSchedulingPriorityProperty: 131072,
  IdleLPReserveProperty: 196608,
} as const
export type CPUGroupPropertyCode = number

/** Interrupt moderation value. */
export const InterruptModerationValue = {
  DefaultValue: 0,
  AdaptiveValue: 1,
  OffValue: 2,
  LowValue: 100,
  MediumValue: 200,
  HighValue: 300,
} as const
export type InterruptModerationValue = number

/** Service modify property type. */
export const ServiceModifyPropertyType = ['LogForwardService'] as const
export type ServiceModifyPropertyType = (typeof ServiceModifyPropertyType)[number] | (string & {})

/** Apply secure boot template type. */
export const ApplySecureBootTemplateType = ['Skip', 'Apply'] as const
export type ApplySecureBootTemplateType = (typeof ApplySecureBootTemplateType)[number] | (string & {})

/** Attachment type. */
export const AttachmentType = ['VirtualDisk', 'Iso', 'PassThru', 'ExtensibleVirtualDisk'] as const
export type AttachmentType = (typeof AttachmentType)[number] | (string & {})

/** Layer cache mode. */
export const LayerCacheMode = ['Unspecified', 'Disabled', 'Enabled', 'Private', 'PrivateAllowSharing'] as const
export type LayerCacheMode = (typeof LayerCacheMode)[number] | (string & {})

/** Attachment caching mode. */
export const AttachmentCachingMode = ['Uncached', 'Cached', 'ReadOnlyCached'] as const
export type AttachmentCachingMode = (typeof AttachmentCachingMode)[number] | (string & {})

/** Container credential guard transport. */
export const ContainerCredentialGuardTransport = ['LRPC', 'HvSocket'] as const
export type ContainerCredentialGuardTransport = (typeof ContainerCredentialGuardTransport)[number] | (string & {})

/** Flexible io device hosting model. */
export const FlexibleIoDeviceHostingModel = ['Internal', 'External'] as const
export type FlexibleIoDeviceHostingModel = (typeof FlexibleIoDeviceHostingModel)[number] | (string & {})

/** Interface class type. */
export const InterfaceClassType = ['Inherit', 'DeviceInstance', 'ClassGuid'] as const
export type InterfaceClassType = (typeof InterfaceClassType)[number] | (string & {})

/** Mapped pipe path type. */
export const MappedPipePathType = ['AbsolutePath', 'VirtualSmbPipeName'] as const
export type MappedPipePathType = (typeof MappedPipePathType)[number] | (string & {})

/** How a compute system ended. */
export const ExitType = ['None', 'GracefulExit', 'ForcedExit', 'UnexpectedExit', 'Unknown'] as const
export type ExitType = (typeof ExitType)[number] | (string & {})

/** Object directory shadow. */
export const ObjectDirectoryShadow = ['false', 'true', 'ifexists'] as const
export type ObjectDirectoryShadow = (typeof ObjectDirectoryShadow)[number] | (string & {})

/** Object symlink scope. */
export const ObjectSymlinkScope = ['Local', 'Global', 'GlobalDropSilo'] as const
export type ObjectSymlinkScope = (typeof ObjectSymlinkScope)[number] | (string & {})

/** Runtime os type. */
export const RuntimeOsType = ['Unknown', 'Windows', 'Linux'] as const
export type RuntimeOsType = (typeof RuntimeOsType)[number] | (string & {})

/** Host path type. */
export const HostPathType = ['AbsolutePath', 'VirtualSmbShareName'] as const
export type HostPathType = (typeof HostPathType)[number] | (string & {})

/** Pause reason. */
export const PauseReason = ['None', 'Save', 'Template'] as const
export type PauseReason = (typeof PauseReason)[number] | (string & {})

/** Pause suspension level. */
export const PauseSuspensionLevel = ['Suspend', 'MemoryLow', 'MemoryMedium', 'MemoryHigh'] as const
export type PauseSuspensionLevel = (typeof PauseSuspensionLevel)[number] | (string & {})

/** Save type. */
export const SaveType = ['ToFile', 'AsTemplate'] as const
export type SaveType = (typeof SaveType)[number] | (string & {})

/** Uefi console. */
export const UefiConsole = ['Default', 'Disabled', 'ComPort1', 'ComPort2'] as const
export type UefiConsole = (typeof UefiConsole)[number] | (string & {})

/** States of a compute system; a system that was never started reports none. */
export const ComputeSystemState = ['Created', 'Running', 'Paused', 'Stopped', 'SavedAsTemplate', 'Unknown'] as const
export type ComputeSystemState = (typeof ComputeSystemState)[number] | (string & {})

/** System type. */
export const SystemType = ['Container', 'VirtualMachine'] as const
export type SystemType = (typeof SystemType)[number] | (string & {})

/** Uefi boot device. */
export const UefiBootDevice = ['ScsiDrive', 'VmbFs', 'Network', 'File'] as const
export type UefiBootDevice = (typeof UefiBootDevice)[number] | (string & {})

/** Virtual P mem backing type. */
export const VirtualPMemBackingType = ['Virtual', 'Physical'] as const
export type VirtualPMemBackingType = (typeof VirtualPMemBackingType)[number] | (string & {})

/** Virtual P mem image format. */
export const VirtualPMemImageFormat = ['Vhdx', 'Vhd1'] as const
export type VirtualPMemImageFormat = (typeof VirtualPMemImageFormat)[number] | (string & {})

/** Service property type. */
export const ServicePropertyType = [
  'Basic',
  'CpuGroup',
  'ProcessorTopology',
  'ContainerCredentialGuard',
  'QoSCapabilities',
] as const
export type ServicePropertyType = (typeof ServicePropertyType)[number] | (string & {})

/** Vm isolation type. */
export const VmIsolationType = [
  'SecureNestedPaging',
  'VirtualizationBasedSecurity',
  'GuestStateOnly',
  'TrustDomain',
  'Disabled',
] as const
export type VmIsolationType = (typeof VmIsolationType)[number] | (string & {})

/** Guest state file type. */
export const GuestStateFileType = ['FileMode', 'BlockStorage'] as const
export type GuestStateFileType = (typeof GuestStateFileType)[number] | (string & {})

/** Windows crash dump type. */
export const WindowsCrashDumpType = ['Full'] as const
export type WindowsCrashDumpType = (typeof WindowsCrashDumpType)[number] | (string & {})

/** Who carries a shutdown request to the guest. */
export const ShutdownMechanism = ['GuestConnection', 'IntegrationService'] as const
export type ShutdownMechanism = (typeof ShutdownMechanism)[number] | (string & {})

/** What a guest is asked to do. */
export const ShutdownType = ['Shutdown', 'Hibernate', 'Reboot'] as const
export type ShutdownType = (typeof ShutdownType)[number] | (string & {})

/** Which of the host's GPUs a VM gets. */
export const GpuAssignmentMode = ['Disabled', 'Default', 'List', 'Mirror'] as const
export type GpuAssignmentMode = (typeof GpuAssignmentMode)[number] | (string & {})
