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
} from './oci-enums.js'
import type { Always, AlwaysOrNull, Int32, Int64, UInt16, UInt32, UInt64 } from './primitives.js'

export interface OciSpec {
  ociVersion?: Always<string>
  process?: OciProcess | undefined
  root?: OciRoot | undefined
  hostname?: string | undefined
  domainname?: string | undefined
  mounts?: OciMount[] | undefined
  hooks?: OciHooks | undefined
  annotations?: Record<string, string> | undefined
  linux?: OciLinux | undefined
  solaris?: unknown
  windows?: OciWindows | undefined
  vm?: unknown
  zos?: unknown
  freebsd?: unknown
}

export interface OciWindowsResources {
  memory?: OciWindowsMemoryResources | undefined
  cpu?: OciWindowsCPUResources | undefined
  storage?: OciWindowsStorageResources | undefined
}

export interface OciLinuxResources {
  devices?: OciLinuxDeviceCgroup[] | undefined
  memory?: OciLinuxMemory | undefined
  cpu?: OciLinuxCPU | undefined
  pids?: OciLinuxPids | undefined
  blockIO?: OciLinuxBlockIO | undefined
  hugepageLimits?: OciLinuxHugepageLimit[] | undefined
  network?: OciLinuxNetwork | undefined
  rdma?: Record<string, OciLinuxRdma> | undefined
  unified?: Record<string, string> | undefined
}

export interface OciProcess {
  terminal?: boolean | undefined
  consoleSize?: OciBox | undefined
  user?: Always<OciUser>
  args?: string[] | undefined
  commandLine?: string | undefined
  env?: string[] | undefined
  cwd?: Always<string>
  capabilities?: OciLinuxCapabilities | undefined
  rlimits?: OciPOSIXRlimit[] | undefined
  noNewPrivileges?: boolean | undefined
  apparmorProfile?: string | undefined
  oomScoreAdj?: Int64 | undefined
  scheduler?: OciScheduler | undefined
  selinuxLabel?: string | undefined
  ioPriority?: OciLinuxIOPriority | undefined
  execCPUAffinity?: OciCPUAffinity | undefined
}

export interface OciRoot {
  path?: Always<string>
  readonly?: boolean | undefined
}

export interface OciMount {
  destination?: Always<string>
  type?: string | undefined
  source?: string | undefined
  options?: string[] | undefined
  uidMappings?: OciLinuxIDMapping[] | undefined
  gidMappings?: OciLinuxIDMapping[] | undefined
}

export interface OciHooks {
  prestart?: OciHook[] | undefined
  createRuntime?: OciHook[] | undefined
  createContainer?: OciHook[] | undefined
  startContainer?: OciHook[] | undefined
  poststart?: OciHook[] | undefined
  poststop?: OciHook[] | undefined
}

export interface OciLinux {
  uidMappings?: OciLinuxIDMapping[] | undefined
  gidMappings?: OciLinuxIDMapping[] | undefined
  sysctl?: Record<string, string> | undefined
  resources?: OciLinuxResources | undefined
  cgroupsPath?: string | undefined
  namespaces?: OciLinuxNamespace[] | undefined
  devices?: OciLinuxDevice[] | undefined
  netDevices?: Record<string, OciLinuxNetDevice> | undefined
  seccomp?: OciLinuxSeccomp | undefined
  rootfsPropagation?: string | undefined
  maskedPaths?: string[] | undefined
  readonlyPaths?: string[] | undefined
  mountLabel?: string | undefined
  intelRdt?: OciLinuxIntelRdt | undefined
  memoryPolicy?: OciLinuxMemoryPolicy | undefined
  personality?: OciLinuxPersonality | undefined
  timeOffsets?: Record<string, OciLinuxTimeOffset> | undefined
}

export interface OciWindows {
  layerFolders?: AlwaysOrNull<string[]>
  devices?: OciWindowsDevice[] | undefined
  resources?: OciWindowsResources | undefined
  credentialSpec?: unknown
  servicing?: boolean | undefined
  ignoreFlushesDuringBoot?: boolean | undefined
  hyperv?: OciWindowsHyperV | undefined
  network?: OciWindowsNetwork | undefined
}

export interface OciWindowsMemoryResources {
  limit?: UInt64 | undefined
}

export interface OciWindowsCPUResources {
  count?: UInt64 | undefined
  shares?: UInt16 | undefined
  maximum?: UInt16 | undefined
  affinity?: OciWindowsCPUGroupAffinity[] | undefined
}

export interface OciWindowsStorageResources {
  iops?: UInt64 | undefined
  bps?: UInt64 | undefined
  sandboxSize?: UInt64 | undefined
}

export interface OciLinuxDeviceCgroup {
  allow?: Always<boolean>
  type?: string | undefined
  major?: Int64 | undefined
  minor?: Int64 | undefined
  access?: string | undefined
}

export interface OciLinuxMemory {
  limit?: Int64 | undefined
  reservation?: Int64 | undefined
  swap?: Int64 | undefined
  kernel?: Int64 | undefined
  kernelTCP?: Int64 | undefined
  swappiness?: UInt64 | undefined
  disableOOMKiller?: boolean | undefined
  useHierarchy?: boolean | undefined
  checkBeforeUpdate?: boolean | undefined
}

export interface OciLinuxCPU {
  shares?: UInt64 | undefined
  quota?: Int64 | undefined
  burst?: UInt64 | undefined
  period?: UInt64 | undefined
  realtimeRuntime?: Int64 | undefined
  realtimePeriod?: UInt64 | undefined
  cpus?: string | undefined
  mems?: string | undefined
  idle?: Int64 | undefined
}

export interface OciLinuxPids {
  limit?: Int64 | undefined
}

export interface OciLinuxBlockIO {
  weight?: UInt16 | undefined
  leafWeight?: UInt16 | undefined
  weightDevice?: OciLinuxWeightDevice[] | undefined
  throttleReadBpsDevice?: OciLinuxThrottleDevice[] | undefined
  throttleWriteBpsDevice?: OciLinuxThrottleDevice[] | undefined
  throttleReadIOPSDevice?: OciLinuxThrottleDevice[] | undefined
  throttleWriteIOPSDevice?: OciLinuxThrottleDevice[] | undefined
}

export interface OciLinuxHugepageLimit {
  pageSize?: Always<string>
  limit?: Always<UInt64>
}

export interface OciLinuxNetwork {
  classID?: UInt32 | undefined
  priorities?: OciLinuxInterfacePriority[] | undefined
}

export interface OciLinuxRdma {
  hcaHandles?: UInt32 | undefined
  hcaObjects?: UInt32 | undefined
}

export interface OciBox {
  height?: Always<UInt64>
  width?: Always<UInt64>
}

export interface OciUser {
  uid?: Always<UInt32>
  gid?: Always<UInt32>
  umask?: UInt32 | undefined
  additionalGids?: UInt32[] | undefined
  username?: string | undefined
}

export interface OciLinuxCapabilities {
  bounding?: string[] | undefined
  effective?: string[] | undefined
  inheritable?: string[] | undefined
  permitted?: string[] | undefined
  ambient?: string[] | undefined
}

export interface OciPOSIXRlimit {
  type?: Always<string>
  hard?: Always<UInt64>
  soft?: Always<UInt64>
}

export interface OciScheduler {
  policy?: Always<OciLinuxSchedulerPolicy>
  nice?: Int32 | undefined
  priority?: Int32 | undefined
  flags?: OciLinuxSchedulerFlag[] | undefined
  runtime?: UInt64 | undefined
  deadline?: UInt64 | undefined
  period?: UInt64 | undefined
}

export interface OciLinuxIOPriority {
  class?: Always<OciIOPriorityClass>
  priority?: Always<Int64>
}

export interface OciCPUAffinity {
  initial?: string | undefined
  final?: string | undefined
}

export interface OciLinuxIDMapping {
  containerID?: Always<UInt32>
  hostID?: Always<UInt32>
  size?: Always<UInt32>
}

export interface OciHook {
  path?: Always<string>
  args?: string[] | undefined
  env?: string[] | undefined
  timeout?: Int64 | undefined
}

export interface OciLinuxNamespace {
  type?: Always<OciLinuxNamespaceType>
  path?: string | undefined
}

export interface OciLinuxDevice {
  path?: Always<string>
  type?: Always<string>
  major?: Always<Int64>
  minor?: Always<Int64>
  fileMode?: UInt32 | undefined
  uid?: UInt32 | undefined
  gid?: UInt32 | undefined
}

export interface OciLinuxNetDevice {
  name?: string | undefined
}

export interface OciLinuxSeccomp {
  defaultAction?: Always<OciLinuxSeccompAction>
  defaultErrnoRet?: UInt64 | undefined
  architectures?: OciArch[] | undefined
  flags?: OciLinuxSeccompFlag[] | undefined
  listenerPath?: string | undefined
  listenerMetadata?: string | undefined
  syscalls?: OciLinuxSyscall[] | undefined
}

export interface OciLinuxIntelRdt {
  closID?: string | undefined
  schemata?: string[] | undefined
  l3CacheSchema?: string | undefined
  memBwSchema?: string | undefined
  enableMonitoring?: boolean | undefined
}

export interface OciLinuxMemoryPolicy {
  mode?: Always<OciMemoryPolicyModeType>
  nodes?: Always<string>
  flags?: OciMemoryPolicyFlagType[] | undefined
}

export interface OciLinuxPersonality {
  domain?: Always<OciLinuxPersonalityDomain>
  flags?: string[] | undefined
}

export interface OciLinuxTimeOffset {
  secs?: Int64 | undefined
  nanosecs?: UInt32 | undefined
}

export interface OciWindowsDevice {
  id?: Always<string>
  idType?: Always<string>
}

export interface OciWindowsHyperV {
  utilityVMPath?: string | undefined
}

export interface OciWindowsNetwork {
  endpointList?: string[] | undefined
  allowUnqualifiedDNSQuery?: boolean | undefined
  DNSSearchList?: string[] | undefined
  networkSharedContainerName?: string | undefined
  networkNamespace?: string | undefined
}

export interface OciWindowsCPUGroupAffinity {
  mask?: UInt64 | undefined
  group?: UInt32 | undefined
}

export interface OciLinuxWeightDevice extends OciLinuxBlockIODevice {
  weight?: UInt16 | undefined
  leafWeight?: UInt16 | undefined
}

export interface OciLinuxThrottleDevice extends OciLinuxBlockIODevice {
  rate?: Always<UInt64>
}

export interface OciLinuxInterfacePriority {
  name?: Always<string>
  priority?: Always<UInt32>
}

export interface OciLinuxSyscall {
  names?: AlwaysOrNull<string[]>
  action?: Always<OciLinuxSeccompAction>
  errnoRet?: UInt64 | undefined
  args?: OciLinuxSeccompArg[] | undefined
}

export interface OciLinuxBlockIODevice {
  major?: Always<Int64>
  minor?: Always<Int64>
}

export interface OciLinuxSeccompArg {
  index?: Always<UInt64>
  value?: Always<UInt64>
  valueTwo?: UInt64 | undefined
  op?: Always<OciLinuxSeccompOperator>
}
