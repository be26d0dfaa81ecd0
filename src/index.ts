// The public surface: exports only.

export { UtilityVMBuilder, type BuilderOptions } from './builder/builder.js'
export type { BootOptions } from './builder/boot.js'
export { lcowCommandLine, type LcowCommandLine } from './builder/command-line.js'
export { lcowContainer, type LcowContainerOptions } from './builder/container.js'
export type { DeviceOptions } from './builder/devices.js'
export type { LifecycleOptions } from './builder/lifecycle.js'
export type { MemoryOptions } from './builder/memory.js'
export type { NumaOptions } from './builder/numa.js'
export {
  clampToHost,
  planNuma,
  type HostCapacity,
  type NumaNodePlan,
  type NumaPlan,
  type WantedCapacity,
} from './builder/planning.js'
export type { ProcessorOptions } from './builder/processor.js'
export {
  lcowBuilder,
  wcowBuilder,
  type LcowStartOptions,
  type StartingOptions,
  type WcowStartOptions,
} from './builder/starting-points.js'
export type { StorageQoSOptions } from './builder/storage-qos.js'

export type { EventStream } from './actors/event-stream.js'
export type { EventArguments, EventNames, Events, EventStreamOptions, OnceOptions } from './actors/events.js'
export type { EventIterator, EventsLike } from './actors/events-like.js'
export { Host } from './actors/host.js'
export type { HostEvents } from './actors/host-events.js'
export type { HostLike, RecoveryLike } from './actors/host-like.js'
export type { RecoverDecision, RecoverOptions, Recovery } from './actors/host-recovery.js'
export type {
  ComputeSystemQuery,
  ComputeSystemSummary,
  HostOptions,
  HostStats,
  QemuHostOptions,
  StatsOptions,
  VmStats,
} from './actors/host-options.js'
export type { CallOptions } from './actors/mailbox/contract.js'

export type { HostModifyRequest } from './actors/vm/changes.js'
export { UtilityVM, type MigrationNotifications } from './actors/vm/proxy.js'
export type { VmEvents } from './actors/vm/vm-events.js'
export type * from './actors/vm/managers/index.js'
export type { UtilityVMLike } from './actors/vm/vm-like.js'

export { Guest } from './actors/gcs/proxy.js'
export type { GuestEvents } from './actors/gcs/guest-events.js'
export { Container } from './actors/gcs/container/container-proxy.js'
export type { ContainerEvents } from './actors/gcs/container/container-events.js'
export type { ContainerLike, GuestLike, GuestProcessLike } from './actors/gcs/guest-like.js'
export { GuestProcess } from './actors/gcs/process/process-proxy.js'
export {
  etwProviderGuid,
  windowsLogSources,
  type EtwProvider,
  type LogSourceOptions,
  type LogSources,
} from './actors/log-sources.js'
export type {
  ConnectOptions,
  CreateContainerOptions,
  ContainerHandle,
  ExecOutput,
  ExecRequest,
  GuestCapabilities,
  GuestManager,
  GuestOptions,
  GuestProcessHandle,
  LogRecord,
  ProcessExit,
  SavedProcess,
} from './actors/gcs/managers.js'
export type * from './protocol/guest-resources/all.js'

export {
  AbortError,
  ActorLostError,
  BridgeClosedError,
  GuestConnectionUnavailableError,
  GuestRPCError,
  HcsError,
  InvalidConfigError,
  InvalidStateError,
  isAccessDenied,
  isAlreadyClosed,
  isAlreadyStopped,
  isInvalidState,
  isNotExist,
  isNotSupported,
  isPending,
  isTimeout,
  isVMNotAvailable,
  OperationTimeoutError,
  OverloadedError,
  ProtocolError,
  ProviderUnavailableError,
  ImageError,
  SimulationStuckError,
  UnsupportedGuestError,
  UVMError,
  type ErrorContext,
  type ErrorRecord,
  type HcsErrorEvent,
  type ImageErrorReason,
  type UVMErrorCode,
} from './errors.js'

export {
  SimulatedService,
  type SimulatedConnectOptions,
  type SimulatedOptions,
} from './native/simulated/simulated-service.js'
export { QemuService } from './native/qemu/qemu-service.js'
export type { QemuConnectOptions, QemuNetwork, QemuOptions } from './native/qemu/options.js'
export { defaultServiceDirectory, type DirectorySurroundings } from './native/service-process/directory.js'
export {
  SimulatedGuest,
  type SimulatedGuestOptions,
  type SimulatedHardware,
} from './native/simulated/guests/standalone.js'
export type { MachineAdapter, MachineDisk, MachinePmem, MachineShare } from './native/simulated/guests/machine.js'
export type { Clock, Timer } from './native/clock.js'
export { useWorker } from './native/own-file.js'
export type { HvSocketDialer, HvSocketEndpoint } from './native/hvsocket.js'
export type { FaultRule, HcsOp, ServiceOptions } from './native/simulated/options.js'
export type {
  HcsEvent,
  HcsFileCall,
  HcsProvider,
  HcsProviderFactory,
  HcsSystem,
  MigrationStep,
  ProviderSurroundings,
} from './native/hcs.js'

export { Simulation, type SimulationCrash, type SimulationResources } from './simulation/simulation.js'
export type { RunOptions, SimulationOptions, SimulationWeather } from './simulation/options.js'

export type { ExitType } from './protocol/exit.js'
export type { GuestOS } from './protocol/guest-os.js'
export * as schema from './protocol/schema/public.js'
export type {
  Attachment,
  ComputeSystem,
  ConfidentialOptions,
  CpuGroup,
  CWCOWBlockCIMMounts,
  CWCOWCombinedLayers,
  GcsCapabilities,
  HostComputeEndpoint,
  HostComputeNamespace,
  HvSocketAddress,
  HvSocketServiceConfig,
  Int64,
  LCOWCombinedLayers,
  LCOWMappedDirectory,
  LCOWMappedVirtualDisk,
  LCOWMappedVPCIDevice,
  LCOWMappedVPMemDevice,
  LCOWNetworkAdapter,
  LcowProcessParameters,
  LinuxKernelDirect,
  MappedDirectory,
  MigrationCancelOptions,
  MigrationFinalizedOptions,
  MigrationInitializeOptions,
  MigrationTransferOptions,
  NetworkAdapter,
  Numa,
  NumaProcessors,
  OperationSystemMigrationNotificationInfo,
  Plan9,
  Plan9Share,
  ProcessorLimits,
  ProcessParameters,
  Properties,
  PropertyQuery,
  PropertyType,
  RequestType,
  SaveOptions,
  SCSIDevice,
  SecurityPolicyFragment,
  StorageQoS,
  TimeZoneInformation,
  UefiBootEntry,
  VirtualMachineMemory,
  VirtualMachineProcessor,
  VirtualPciDevice,
  VirtualPciFunction,
  VirtualPMemDevice,
  VirtualSmb,
  VirtualSmbShare,
  WCOWCombinedLayers,
  WCOWMappedVirtualDisk,
} from './protocol/schema/index.js'
