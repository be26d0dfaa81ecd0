// Linux control group statistics (version 1) in a container's properties.

import type { Int64 } from './int64.js'

/** Cgroup metrics. */
export interface CgroupMetrics {
  hugetlb?: CgroupHugetlbStat[] | undefined
  pids?: CgroupPidsStat | undefined
  cpu?: CgroupCPUStat | undefined
  memory?: CgroupMemoryStat | undefined
  blkio?: CgroupBlkIOStat | undefined
  rdma?: CgroupRdmaStat | undefined
  network?: CgroupNetworkStat[] | undefined
  cgroup_stats?: CgroupCgroupStats | undefined
  memory_oom_control?: CgroupMemoryOomControl | undefined
}

/** Cgroup hugetlb stat. */
export interface CgroupHugetlbStat {
  /** uint64. */
  usage?: Int64 | undefined
  /** uint64. */
  max?: Int64 | undefined
  /** uint64. */
  failcnt?: Int64 | undefined
  pagesize?: string | undefined
}

/** Cgroup pids stat. */
export interface CgroupPidsStat {
  /** uint64. */
  current?: Int64 | undefined
  /** uint64. */
  limit?: Int64 | undefined
}

/** Cgroup CPU stat. */
export interface CgroupCPUStat {
  usage?: CgroupCPUUsage | undefined
  throttling?: CgroupThrottle | undefined
}

/** Cgroup memory stat. */
export interface CgroupMemoryStat {
  /** uint64. */
  cache?: Int64 | undefined
  /** uint64. */
  rss?: Int64 | undefined
  /** uint64. */
  rss_huge?: Int64 | undefined
  /** uint64. */
  mapped_file?: Int64 | undefined
  /** uint64. */
  dirty?: Int64 | undefined
  /** uint64. */
  writeback?: Int64 | undefined
  /** uint64. */
  pg_pg_in?: Int64 | undefined
  /** uint64. */
  pg_pg_out?: Int64 | undefined
  /** uint64. */
  pg_fault?: Int64 | undefined
  /** uint64. */
  pg_maj_fault?: Int64 | undefined
  /** uint64. */
  inactive_anon?: Int64 | undefined
  /** uint64. */
  active_anon?: Int64 | undefined
  /** uint64. */
  inactive_file?: Int64 | undefined
  /** uint64. */
  active_file?: Int64 | undefined
  /** uint64. */
  unevictable?: Int64 | undefined
  /** uint64. */
  hierarchical_memory_limit?: Int64 | undefined
  /** uint64. */
  hierarchical_swap_limit?: Int64 | undefined
  /** uint64. */
  total_cache?: Int64 | undefined
  /** uint64. */
  total_rss?: Int64 | undefined
  /** uint64. */
  total_rss_huge?: Int64 | undefined
  /** uint64. */
  total_mapped_file?: Int64 | undefined
  /** uint64. */
  total_dirty?: Int64 | undefined
  /** uint64. */
  total_writeback?: Int64 | undefined
  /** uint64. */
  total_pg_pg_in?: Int64 | undefined
  /** uint64. */
  total_pg_pg_out?: Int64 | undefined
  /** uint64. */
  total_pg_fault?: Int64 | undefined
  /** uint64. */
  total_pg_maj_fault?: Int64 | undefined
  /** uint64. */
  total_inactive_anon?: Int64 | undefined
  /** uint64. */
  total_active_anon?: Int64 | undefined
  /** uint64. */
  total_inactive_file?: Int64 | undefined
  /** uint64. */
  total_active_file?: Int64 | undefined
  /** uint64. */
  total_unevictable?: Int64 | undefined
  usage?: CgroupMemoryEntry | undefined
  swap?: CgroupMemoryEntry | undefined
  kernel?: CgroupMemoryEntry | undefined
  kernel_tcp?: CgroupMemoryEntry | undefined
}

/** Cgroup blk IO stat. */
export interface CgroupBlkIOStat {
  io_service_bytes_recursive?: CgroupBlkIOEntry[] | undefined
  io_serviced_recursive?: CgroupBlkIOEntry[] | undefined
  io_queued_recursive?: CgroupBlkIOEntry[] | undefined
  io_service_time_recursive?: CgroupBlkIOEntry[] | undefined
  io_wait_time_recursive?: CgroupBlkIOEntry[] | undefined
  io_merged_recursive?: CgroupBlkIOEntry[] | undefined
  io_time_recursive?: CgroupBlkIOEntry[] | undefined
  sectors_recursive?: CgroupBlkIOEntry[] | undefined
}

/** Cgroup rdma stat. */
export interface CgroupRdmaStat {
  current?: CgroupRdmaEntry[] | undefined
  limit?: CgroupRdmaEntry[] | undefined
}

/** Cgroup network stat. */
export interface CgroupNetworkStat {
  name?: string | undefined
  /** uint64. */
  rx_bytes?: Int64 | undefined
  /** uint64. */
  rx_packets?: Int64 | undefined
  /** uint64. */
  rx_errors?: Int64 | undefined
  /** uint64. */
  rx_dropped?: Int64 | undefined
  /** uint64. */
  tx_bytes?: Int64 | undefined
  /** uint64. */
  tx_packets?: Int64 | undefined
  /** uint64. */
  tx_errors?: Int64 | undefined
  /** uint64. */
  tx_dropped?: Int64 | undefined
}

/** Cgroup cgroup stats. */
export interface CgroupCgroupStats {
  /** uint64. */
  nr_sleeping?: Int64 | undefined
  /** uint64. */
  nr_running?: Int64 | undefined
  /** uint64. */
  nr_stopped?: Int64 | undefined
  /** uint64. */
  nr_uninterruptible?: Int64 | undefined
  /** uint64. */
  nr_io_wait?: Int64 | undefined
}

/** Cgroup memory oom control. */
export interface CgroupMemoryOomControl {
  /** uint64. */
  oom_kill_disable?: Int64 | undefined
  /** uint64. */
  under_oom?: Int64 | undefined
  /** uint64. */
  oom_kill?: Int64 | undefined
}

/** Cgroup CPU usage. */
export interface CgroupCPUUsage {
  /** uint64. */
  total?: Int64 | undefined
  /** uint64. */
  kernel?: Int64 | undefined
  /** uint64. */
  user?: Int64 | undefined
  /** uint64. */
  per_cpu?: Int64[] | undefined
}

/** Cgroup throttle. */
export interface CgroupThrottle {
  /** uint64. */
  periods?: Int64 | undefined
  /** uint64. */
  throttled_periods?: Int64 | undefined
  /** uint64. */
  throttled_time?: Int64 | undefined
}

/** Cgroup memory entry. */
export interface CgroupMemoryEntry {
  /** uint64. */
  limit?: Int64 | undefined
  /** uint64. */
  usage?: Int64 | undefined
  /** uint64. */
  max?: Int64 | undefined
  /** uint64. */
  failcnt?: Int64 | undefined
}

/** Cgroup blk IO entry. */
export interface CgroupBlkIOEntry {
  op?: string | undefined
  device?: string | undefined
  /** uint64. */
  major?: Int64 | undefined
  /** uint64. */
  minor?: Int64 | undefined
  /** uint64. */
  value?: Int64 | undefined
}

/** Cgroup rdma entry. */
export interface CgroupRdmaEntry {
  device?: string | undefined
  /** uint32. */
  hca_handles?: number | undefined
  /** uint32. */
  hca_objects?: number | undefined
}
