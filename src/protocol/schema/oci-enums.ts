// Enumerations of the OCI runtime specification. All are open: newer versions add values.

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

export const OciIOPriorityClass = ['IOPRIO_CLASS_RT', 'IOPRIO_CLASS_BE', 'IOPRIO_CLASS_IDLE'] as const
export type OciIOPriorityClass = (typeof OciIOPriorityClass)[number] | (string & {})

export const OciLinuxNamespaceType = ['pid', 'network', 'mount', 'ipc', 'uts', 'user', 'cgroup', 'time'] as const
export type OciLinuxNamespaceType = (typeof OciLinuxNamespaceType)[number] | (string & {})

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

export const OciLinuxSeccompFlag = [
  'SECCOMP_FILTER_FLAG_LOG',
  'SECCOMP_FILTER_FLAG_SPEC_ALLOW',
  'SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV',
] as const
export type OciLinuxSeccompFlag = (typeof OciLinuxSeccompFlag)[number] | (string & {})

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

export const OciMemoryPolicyFlagType = [
  'MPOL_F_NUMA_BALANCING',
  'MPOL_F_RELATIVE_NODES',
  'MPOL_F_STATIC_NODES',
] as const
export type OciMemoryPolicyFlagType = (typeof OciMemoryPolicyFlagType)[number] | (string & {})

export const OciLinuxPersonalityDomain = ['LINUX', 'LINUX32'] as const
export type OciLinuxPersonalityDomain = (typeof OciLinuxPersonalityDomain)[number] | (string & {})

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
