// The OCI runtime specification, as far as guest documents carry it.

import type {
  OciArch,
  OciIOPriorityClass,
  OciLinuxNamespaceType,
  OciLinuxPersonalityDomain,
  OciLinuxSchedulerFlag,
  OciLinuxSchedulerPolicy,
  OciLinuxSeccompAction,
  OciLinuxSeccompFlag,
  OciLinuxSeccompOperator,
  OciMemoryPolicyFlagType,
  OciMemoryPolicyModeType,
} from './enums.js'
import type { Int64 } from './int64.js'

/** OCI spec. */
export interface OciSpec {
  /** Always on the wire. */
  ociVersion?: string | undefined
  process?: OciProcess | undefined
  root?: OciRoot | undefined
  hostname?: string | undefined
  domainname?: string | undefined
  mounts?: OciMount[] | undefined
  hooks?: OciHooks | undefined
  /** Keys are names. */
  annotations?: Record<string, string> | undefined
  linux?: OciLinux | undefined
  solaris?: unknown
  windows?: OciWindows | undefined
  vm?: unknown
  zos?: unknown
  freebsd?: unknown
}

/** OCI windows resources. */
export interface OciWindowsResources {
  memory?: OciWindowsMemoryResources | undefined
  cpu?: OciWindowsCPUResources | undefined
  storage?: OciWindowsStorageResources | undefined
}

/** OCI linux resources. */
export interface OciLinuxResources {
  devices?: OciLinuxDeviceCgroup[] | undefined
  memory?: OciLinuxMemory | undefined
  cpu?: OciLinuxCPU | undefined
  pids?: OciLinuxPids | undefined
  blockIO?: OciLinuxBlockIO | undefined
  hugepageLimits?: OciLinuxHugepageLimit[] | undefined
  network?: OciLinuxNetwork | undefined
  /** Keys are names. */
  rdma?: Record<string, OciLinuxRdma> | undefined
  /** Keys are names. */
  unified?: Record<string, string> | undefined
}

/** OCI process. */
export interface OciProcess {
  terminal?: boolean | undefined
  consoleSize?: OciBox | undefined
  /** Always on the wire. */
  user?: OciUser | undefined
  args?: string[] | undefined
  commandLine?: string | undefined
  env?: string[] | undefined
  /** Always on the wire. */
  cwd?: string | undefined
  capabilities?: OciLinuxCapabilities | undefined
  rlimits?: OciPOSIXRlimit[] | undefined
  noNewPrivileges?: boolean | undefined
  apparmorProfile?: string | undefined
  /** int64. */
  oomScoreAdj?: Int64 | undefined
  scheduler?: OciScheduler | undefined
  selinuxLabel?: string | undefined
  ioPriority?: OciLinuxIOPriority | undefined
  execCPUAffinity?: OciCPUAffinity | undefined
}

/** OCI root. */
export interface OciRoot {
  /** Always on the wire. */
  path?: string | undefined
  readonly?: boolean | undefined
}

/** OCI mount. */
export interface OciMount {
  /** Always on the wire. */
  destination?: string | undefined
  type?: string | undefined
  source?: string | undefined
  options?: string[] | undefined
  uidMappings?: OciLinuxIDMapping[] | undefined
  gidMappings?: OciLinuxIDMapping[] | undefined
}

/** OCI hooks. */
export interface OciHooks {
  prestart?: OciHook[] | undefined
  createRuntime?: OciHook[] | undefined
  createContainer?: OciHook[] | undefined
  startContainer?: OciHook[] | undefined
  poststart?: OciHook[] | undefined
  poststop?: OciHook[] | undefined
}

/** OCI linux. */
export interface OciLinux {
  uidMappings?: OciLinuxIDMapping[] | undefined
  gidMappings?: OciLinuxIDMapping[] | undefined
  /** Keys are names. */
  sysctl?: Record<string, string> | undefined
  resources?: OciLinuxResources | undefined
  cgroupsPath?: string | undefined
  namespaces?: OciLinuxNamespace[] | undefined
  devices?: OciLinuxDevice[] | undefined
  /** Keys are names. */
  netDevices?: Record<string, OciLinuxNetDevice> | undefined
  seccomp?: OciLinuxSeccomp | undefined
  rootfsPropagation?: string | undefined
  maskedPaths?: string[] | undefined
  readonlyPaths?: string[] | undefined
  mountLabel?: string | undefined
  intelRdt?: OciLinuxIntelRdt | undefined
  memoryPolicy?: OciLinuxMemoryPolicy | undefined
  personality?: OciLinuxPersonality | undefined
  /** Keys are names. */
  timeOffsets?: Record<string, OciLinuxTimeOffset> | undefined
}

/** OCI windows. */
export interface OciWindows {
  /** Always on the wire, null when unset. */
  layerFolders?: string[] | null | undefined
  devices?: OciWindowsDevice[] | undefined
  resources?: OciWindowsResources | undefined
  credentialSpec?: unknown
  servicing?: boolean | undefined
  ignoreFlushesDuringBoot?: boolean | undefined
  hyperv?: OciWindowsHyperV | undefined
  network?: OciWindowsNetwork | undefined
}

/** OCI windows memory resources. */
export interface OciWindowsMemoryResources {
  /** uint64. */
  limit?: Int64 | undefined
}

/** OCI windows CPU resources. */
export interface OciWindowsCPUResources {
  /** uint64. */
  count?: Int64 | undefined
  /** uint16. */
  shares?: number | undefined
  /** uint16. */
  maximum?: number | undefined
  affinity?: OciWindowsCPUGroupAffinity[] | undefined
}

/** OCI windows storage resources. */
export interface OciWindowsStorageResources {
  /** uint64. */
  iops?: Int64 | undefined
  /** uint64. */
  bps?: Int64 | undefined
  /** uint64. */
  sandboxSize?: Int64 | undefined
}

/** OCI linux device cgroup. */
export interface OciLinuxDeviceCgroup {
  /** Always on the wire. */
  allow?: boolean | undefined
  type?: string | undefined
  /** int64. */
  major?: Int64 | undefined
  /** int64. */
  minor?: Int64 | undefined
  access?: string | undefined
}

/** OCI linux memory. */
export interface OciLinuxMemory {
  /** int64. */
  limit?: Int64 | undefined
  /** int64. */
  reservation?: Int64 | undefined
  /** int64. */
  swap?: Int64 | undefined
  /** int64. */
  kernel?: Int64 | undefined
  /** int64. */
  kernelTCP?: Int64 | undefined
  /** uint64. */
  swappiness?: Int64 | undefined
  disableOOMKiller?: boolean | undefined
  useHierarchy?: boolean | undefined
  checkBeforeUpdate?: boolean | undefined
}

/** OCI linux CPU. */
export interface OciLinuxCPU {
  /** uint64. */
  shares?: Int64 | undefined
  /** int64. */
  quota?: Int64 | undefined
  /** uint64. */
  burst?: Int64 | undefined
  /** uint64. */
  period?: Int64 | undefined
  /** int64. */
  realtimeRuntime?: Int64 | undefined
  /** uint64. */
  realtimePeriod?: Int64 | undefined
  cpus?: string | undefined
  mems?: string | undefined
  /** int64. */
  idle?: Int64 | undefined
}

/** OCI linux pids. */
export interface OciLinuxPids {
  /** int64. */
  limit?: Int64 | undefined
}

/** OCI linux block IO. */
export interface OciLinuxBlockIO {
  /** uint16. */
  weight?: number | undefined
  /** uint16. */
  leafWeight?: number | undefined
  weightDevice?: OciLinuxWeightDevice[] | undefined
  throttleReadBpsDevice?: OciLinuxThrottleDevice[] | undefined
  throttleWriteBpsDevice?: OciLinuxThrottleDevice[] | undefined
  throttleReadIOPSDevice?: OciLinuxThrottleDevice[] | undefined
  throttleWriteIOPSDevice?: OciLinuxThrottleDevice[] | undefined
}

/** OCI linux hugepage limit. */
export interface OciLinuxHugepageLimit {
  /** Always on the wire. */
  pageSize?: string | undefined
  /** uint64; always on the wire. */
  limit?: Int64 | undefined
}

/** OCI linux network. */
export interface OciLinuxNetwork {
  /** uint32. */
  classID?: number | undefined
  priorities?: OciLinuxInterfacePriority[] | undefined
}

/** OCI linux rdma. */
export interface OciLinuxRdma {
  /** uint32. */
  hcaHandles?: number | undefined
  /** uint32. */
  hcaObjects?: number | undefined
}

/** OCI box. */
export interface OciBox {
  /** uint64; always on the wire. */
  height?: Int64 | undefined
  /** uint64; always on the wire. */
  width?: Int64 | undefined
}

/** OCI user. */
export interface OciUser {
  /** uint32; always on the wire. */
  uid?: number | undefined
  /** uint32; always on the wire. */
  gid?: number | undefined
  /** uint32. */
  umask?: number | undefined
  /** uint32. */
  additionalGids?: number[] | undefined
  username?: string | undefined
}

/** OCI linux capabilities. */
export interface OciLinuxCapabilities {
  bounding?: string[] | undefined
  effective?: string[] | undefined
  inheritable?: string[] | undefined
  permitted?: string[] | undefined
  ambient?: string[] | undefined
}

/** OCI POSIX rlimit. */
export interface OciPOSIXRlimit {
  /** Always on the wire. */
  type?: string | undefined
  /** uint64; always on the wire. */
  hard?: Int64 | undefined
  /** uint64; always on the wire. */
  soft?: Int64 | undefined
}

/** OCI scheduler. */
export interface OciScheduler {
  /** Always on the wire. */
  policy?: OciLinuxSchedulerPolicy | undefined
  /** int32. */
  nice?: number | undefined
  /** int32. */
  priority?: number | undefined
  flags?: OciLinuxSchedulerFlag[] | undefined
  /** uint64. */
  runtime?: Int64 | undefined
  /** uint64. */
  deadline?: Int64 | undefined
  /** uint64. */
  period?: Int64 | undefined
}

/** OCI linux IO priority. */
export interface OciLinuxIOPriority {
  /** Always on the wire. */
  class?: OciIOPriorityClass | undefined
  /** int64; always on the wire. */
  priority?: Int64 | undefined
}

/** OCI CPU affinity. */
export interface OciCPUAffinity {
  initial?: string | undefined
  final?: string | undefined
}

/** OCI linux ID mapping. */
export interface OciLinuxIDMapping {
  /** uint32; always on the wire. */
  containerID?: number | undefined
  /** uint32; always on the wire. */
  hostID?: number | undefined
  /** uint32; always on the wire. */
  size?: number | undefined
}

/** OCI hook. */
export interface OciHook {
  /** Always on the wire. */
  path?: string | undefined
  args?: string[] | undefined
  env?: string[] | undefined
  /** int64. */
  timeout?: Int64 | undefined
}

/** OCI linux namespace. */
export interface OciLinuxNamespace {
  /** Always on the wire. */
  type?: OciLinuxNamespaceType | undefined
  path?: string | undefined
}

/** OCI linux device. */
export interface OciLinuxDevice {
  /** Always on the wire. */
  path?: string | undefined
  /** Always on the wire. */
  type?: string | undefined
  /** int64; always on the wire. */
  major?: Int64 | undefined
  /** int64; always on the wire. */
  minor?: Int64 | undefined
  /** uint32. */
  fileMode?: number | undefined
  /** uint32. */
  uid?: number | undefined
  /** uint32. */
  gid?: number | undefined
}

/** OCI linux net device. */
export interface OciLinuxNetDevice {
  name?: string | undefined
}

/** OCI linux seccomp. */
export interface OciLinuxSeccomp {
  /** Always on the wire. */
  defaultAction?: OciLinuxSeccompAction | undefined
  /** uint64. */
  defaultErrnoRet?: Int64 | undefined
  architectures?: OciArch[] | undefined
  flags?: OciLinuxSeccompFlag[] | undefined
  listenerPath?: string | undefined
  listenerMetadata?: string | undefined
  syscalls?: OciLinuxSyscall[] | undefined
}

/** OCI linux intel rdt. */
export interface OciLinuxIntelRdt {
  closID?: string | undefined
  schemata?: string[] | undefined
  l3CacheSchema?: string | undefined
  memBwSchema?: string | undefined
  enableMonitoring?: boolean | undefined
}

/** OCI linux memory policy. */
export interface OciLinuxMemoryPolicy {
  /** Always on the wire. */
  mode?: OciMemoryPolicyModeType | undefined
  /** Always on the wire. */
  nodes?: string | undefined
  flags?: OciMemoryPolicyFlagType[] | undefined
}

/** OCI linux personality. */
export interface OciLinuxPersonality {
  /** Always on the wire. */
  domain?: OciLinuxPersonalityDomain | undefined
  flags?: string[] | undefined
}

/** OCI linux time offset. */
export interface OciLinuxTimeOffset {
  /** int64. */
  secs?: Int64 | undefined
  /** uint32. */
  nanosecs?: number | undefined
}

/** OCI windows device. */
export interface OciWindowsDevice {
  /** Always on the wire. */
  id?: string | undefined
  /** Always on the wire. */
  idType?: string | undefined
}

/** OCI windows hyper V. */
export interface OciWindowsHyperV {
  utilityVMPath?: string | undefined
}

/** OCI windows network. */
export interface OciWindowsNetwork {
  endpointList?: string[] | undefined
  allowUnqualifiedDNSQuery?: boolean | undefined
  DNSSearchList?: string[] | undefined
  networkSharedContainerName?: string | undefined
  networkNamespace?: string | undefined
}

/** OCI windows CPU group affinity. */
export interface OciWindowsCPUGroupAffinity {
  /** uint64. */
  mask?: Int64 | undefined
  /** uint32. */
  group?: number | undefined
}

/** OCI linux weight device. */
export interface OciLinuxWeightDevice extends OciLinuxBlockIODevice {
  /** uint16. */
  weight?: number | undefined
  /** uint16. */
  leafWeight?: number | undefined
}

/** OCI linux throttle device. */
export interface OciLinuxThrottleDevice extends OciLinuxBlockIODevice {
  /** uint64; always on the wire. */
  rate?: Int64 | undefined
}

/** OCI linux interface priority. */
export interface OciLinuxInterfacePriority {
  /** Always on the wire. */
  name?: string | undefined
  /** uint32; always on the wire. */
  priority?: number | undefined
}

/** OCI linux syscall. */
export interface OciLinuxSyscall {
  /** Always on the wire, null when unset. */
  names?: string[] | null | undefined
  /** Always on the wire. */
  action?: OciLinuxSeccompAction | undefined
  /** uint64. */
  errnoRet?: Int64 | undefined
  args?: OciLinuxSeccompArg[] | undefined
}

/** OCI linux block IO device. */
export interface OciLinuxBlockIODevice {
  /** int64; always on the wire. */
  major?: Int64 | undefined
  /** int64; always on the wire. */
  minor?: Int64 | undefined
}

/** OCI linux seccomp arg. */
export interface OciLinuxSeccompArg {
  /** uint64; always on the wire. */
  index?: Int64 | undefined
  /** uint64; always on the wire. */
  value?: Int64 | undefined
  /** uint64. */
  valueTwo?: Int64 | undefined
  /** Always on the wire. */
  op?: OciLinuxSeccompOperator | undefined
}
