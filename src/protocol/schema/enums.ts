// Enumerations of the schema. All are open: newer builds add values. The constant of the same name lists the values known here.

export const STDIOHandle = ['StdIn', 'StdOut', 'StdErr', 'All'] as const
export type STDIOHandle = (typeof STDIOHandle)[number] | (string & {})

export const IsolationType = ['HostProcess'] as const
export type IsolationType = (typeof IsolationType)[number] | (string & {})

export const ContainerCredentialGuardModifyOperation = ['AddInstance', 'RemoveInstance'] as const
export type ContainerCredentialGuardModifyOperation =
  (typeof ContainerCredentialGuardModifyOperation)[number] | (string & {})

export const DeviceType = ['ClassGuid', 'DeviceInstance', 'GpuMirror'] as const
export type DeviceType = (typeof DeviceType)[number] | (string & {})

export const CPUGroupOperation = ['CreateGroup', 'DeleteGroup', 'SetProperty'] as const
export type CPUGroupOperation = (typeof CPUGroupOperation)[number] | (string & {})

export const InterruptModerationName = ['Default', 'Adaptive', 'Off', 'Low', 'Medium', 'High'] as const
export type InterruptModerationName = (typeof InterruptModerationName)[number] | (string & {})

export const MigrationOrigin = ['Source', 'Destination'] as const
export type MigrationOrigin = (typeof MigrationOrigin)[number] | (string & {})

export const MigrationMemoryTransport = ['TCP'] as const
export type MigrationMemoryTransport = (typeof MigrationMemoryTransport)[number] | (string & {})

export const MigrationFinalOperation = ['Resume', 'Stop'] as const
export type MigrationFinalOperation = (typeof MigrationFinalOperation)[number] | (string & {})

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

export const MemoryBackingType = ['Physical', 'Virtual', 'Hybrid'] as const
export type MemoryBackingType = (typeof MemoryBackingType)[number] | (string & {})

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

export const ProcessModifyOperation = ['ConsoleSize', 'CloseHandle'] as const
export type ProcessModifyOperation = (typeof ProcessModifyOperation)[number] | (string & {})

export const RegistryHive = ['System', 'Software', 'Security', 'Sam'] as const
export type RegistryHive = (typeof RegistryHive)[number] | (string & {})

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

export const VirtualSlitType = ['None', 'Firmware', 'Measured', 'FirmwareFallbackMeasured'] as const
export type VirtualSlitType = (typeof VirtualSlitType)[number] | (string & {})

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

export const RPCType = ['ModifyServiceSettings', 'StartLogForwarding', 'StopLogForwarding'] as const
export type RPCType = (typeof RPCType)[number] | (string & {})

export const FileSystemFilterType = ['UnionFS', 'WCIFS'] as const
export type FileSystemFilterType = (typeof FileSystemFilterType)[number] | (string & {})

export const SignalValueWCOW = ['CtrlC', 'CtrlBreak', 'CtrlClose', 'CtrlLogOff', 'CtrlShutdown'] as const
export type SignalValueWCOW = (typeof SignalValueWCOW)[number] | (string & {})

export const Hcs1PropertyType = ['Statistics', 'ProcessList', 'MappedVirtualDisk', 'GuestConnection'] as const
export type Hcs1PropertyType = (typeof Hcs1PropertyType)[number] | (string & {})

export const OsType = ['Linux'] as const
export type OsType = (typeof OsType)[number] | (string & {})

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

export const ActiveOperation = ['None', 'Construct', 'Start', 'Pause', 'Resume', 'Shutdown', 'Terminate'] as const
export type ActiveOperation = (typeof ActiveOperation)[number] | (string & {})

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

export const GuestSideRequestType = ['Add', 'Remove', 'Update'] as const
export type GuestSideRequestType = (typeof GuestSideRequestType)[number] | (string & {})

export const EndpointFlags = { EndpointFlagsNone: 0, EndpointFlagsRemoteEndpoint: 1 } as const
export type EndpointFlags = number

export const NamespaceType = ['Host', 'HostDefault', 'Guest', 'GuestDefault'] as const
export type NamespaceType = (typeof NamespaceType)[number] | (string & {})

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

export const NamespaceResourceType = ['Container', 'Endpoint'] as const
export type NamespaceResourceType = (typeof NamespaceResourceType)[number] | (string & {})

export const CPUGroupPropertyCode = {
  CPUCapacityProperty: 65536,
  CPUSchedulingPriorityProperty: 131072,
  IdleLPReserveProperty: 196608,
} as const
export type CPUGroupPropertyCode = number

export const InterruptModerationValue = {
  DefaultValue: 0,
  AdaptiveValue: 1,
  OffValue: 2,
  LowValue: 100,
  MediumValue: 200,
  HighValue: 300,
} as const
export type InterruptModerationValue = number

export const ServiceModifyPropertyType = ['LogForwardService'] as const
export type ServiceModifyPropertyType = (typeof ServiceModifyPropertyType)[number] | (string & {})

export const ApplySecureBootTemplateType = ['Skip', 'Apply'] as const
export type ApplySecureBootTemplateType = (typeof ApplySecureBootTemplateType)[number] | (string & {})

export const AttachmentType = ['VirtualDisk', 'Iso', 'PassThru', 'ExtensibleVirtualDisk'] as const
export type AttachmentType = (typeof AttachmentType)[number] | (string & {})

export const LayerCacheMode = ['Unspecified', 'Disabled', 'Enabled', 'Private', 'PrivateAllowSharing'] as const
export type LayerCacheMode = (typeof LayerCacheMode)[number] | (string & {})

export const AttachmentCachingMode = ['Uncached', 'Cached', 'ReadOnlyCached'] as const
export type AttachmentCachingMode = (typeof AttachmentCachingMode)[number] | (string & {})

export const ContainerCredentialGuardTransport = ['LRPC', 'HvSocket'] as const
export type ContainerCredentialGuardTransport = (typeof ContainerCredentialGuardTransport)[number] | (string & {})

export const FlexibleIoDeviceHostingModel = ['Internal', 'External'] as const
export type FlexibleIoDeviceHostingModel = (typeof FlexibleIoDeviceHostingModel)[number] | (string & {})

export const InterfaceClassType = ['Inherit', 'DeviceInstance', 'ClassGuid'] as const
export type InterfaceClassType = (typeof InterfaceClassType)[number] | (string & {})

export const MappedPipePathType = ['AbsolutePath', 'VirtualSmbPipeName'] as const
export type MappedPipePathType = (typeof MappedPipePathType)[number] | (string & {})

/** How a compute system ended. */
export const ExitType = ['None', 'GracefulExit', 'ForcedExit', 'UnexpectedExit', 'Unknown'] as const
export type ExitType = (typeof ExitType)[number] | (string & {})

export const ObjectDirectoryShadow = ['false', 'true', 'ifexists'] as const
export type ObjectDirectoryShadow = (typeof ObjectDirectoryShadow)[number] | (string & {})

export const ObjectSymlinkScope = ['Local', 'Global', 'GlobalDropSilo'] as const
export type ObjectSymlinkScope = (typeof ObjectSymlinkScope)[number] | (string & {})

export const RuntimeOsType = ['Unknown', 'Windows', 'Linux'] as const
export type RuntimeOsType = (typeof RuntimeOsType)[number] | (string & {})

export const HostPathType = ['AbsolutePath', 'VirtualSmbShareName'] as const
export type HostPathType = (typeof HostPathType)[number] | (string & {})

export const PauseReason = ['None', 'Save', 'Template'] as const
export type PauseReason = (typeof PauseReason)[number] | (string & {})

export const PauseSuspensionLevel = ['Suspend', 'MemoryLow', 'MemoryMedium', 'MemoryHigh'] as const
export type PauseSuspensionLevel = (typeof PauseSuspensionLevel)[number] | (string & {})

export const SaveType = ['ToFile', 'AsTemplate'] as const
export type SaveType = (typeof SaveType)[number] | (string & {})

export const UefiConsole = ['Default', 'Disabled', 'ComPort1', 'ComPort2'] as const
export type UefiConsole = (typeof UefiConsole)[number] | (string & {})

/** States of a compute system; a system that was never started reports none. */
export const ComputeSystemState = ['Created', 'Running', 'Paused', 'Stopped', 'SavedAsTemplate', 'Unknown'] as const
export type ComputeSystemState = (typeof ComputeSystemState)[number] | (string & {})

export const SystemType = ['Container', 'VirtualMachine'] as const
export type SystemType = (typeof SystemType)[number] | (string & {})

export const UefiBootDevice = ['ScsiDrive', 'VmbFs', 'Network', 'File'] as const
export type UefiBootDevice = (typeof UefiBootDevice)[number] | (string & {})

export const VirtualPMemBackingType = ['Virtual', 'Physical'] as const
export type VirtualPMemBackingType = (typeof VirtualPMemBackingType)[number] | (string & {})

export const VirtualPMemImageFormat = ['Vhdx', 'Vhd1'] as const
export type VirtualPMemImageFormat = (typeof VirtualPMemImageFormat)[number] | (string & {})

export const ServicePropertyType = [
  'Basic',
  'CpuGroup',
  'ProcessorTopology',
  'ContainerCredentialGuard',
  'QoSCapabilities',
] as const
export type ServicePropertyType = (typeof ServicePropertyType)[number] | (string & {})

export const VmIsolationType = [
  'SecureNestedPaging',
  'VirtualizationBasedSecurity',
  'GuestStateOnly',
  'TrustDomain',
  'Disabled',
] as const
export type VmIsolationType = (typeof VmIsolationType)[number] | (string & {})

export const GuestStateFileType = ['FileMode', 'BlockStorage'] as const
export type GuestStateFileType = (typeof GuestStateFileType)[number] | (string & {})

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
