// Linux control group statistics (version 1) in a container's properties.

import type { UInt32, UInt64 } from './primitives.js'

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

export interface CgroupHugetlbStat {
  usage?: UInt64 | undefined
  max?: UInt64 | undefined
  failcnt?: UInt64 | undefined
  pagesize?: string | undefined
}

export interface CgroupPidsStat {
  current?: UInt64 | undefined
  limit?: UInt64 | undefined
}

export interface CgroupCPUStat {
  usage?: CgroupCPUUsage | undefined
  throttling?: CgroupThrottle | undefined
}

export interface CgroupMemoryStat {
  cache?: UInt64 | undefined
  rss?: UInt64 | undefined
  rss_huge?: UInt64 | undefined
  mapped_file?: UInt64 | undefined
  dirty?: UInt64 | undefined
  writeback?: UInt64 | undefined
  pg_pg_in?: UInt64 | undefined
  pg_pg_out?: UInt64 | undefined
  pg_fault?: UInt64 | undefined
  pg_maj_fault?: UInt64 | undefined
  inactive_anon?: UInt64 | undefined
  active_anon?: UInt64 | undefined
  inactive_file?: UInt64 | undefined
  active_file?: UInt64 | undefined
  unevictable?: UInt64 | undefined
  hierarchical_memory_limit?: UInt64 | undefined
  hierarchical_swap_limit?: UInt64 | undefined
  total_cache?: UInt64 | undefined
  total_rss?: UInt64 | undefined
  total_rss_huge?: UInt64 | undefined
  total_mapped_file?: UInt64 | undefined
  total_dirty?: UInt64 | undefined
  total_writeback?: UInt64 | undefined
  total_pg_pg_in?: UInt64 | undefined
  total_pg_pg_out?: UInt64 | undefined
  total_pg_fault?: UInt64 | undefined
  total_pg_maj_fault?: UInt64 | undefined
  total_inactive_anon?: UInt64 | undefined
  total_active_anon?: UInt64 | undefined
  total_inactive_file?: UInt64 | undefined
  total_active_file?: UInt64 | undefined
  total_unevictable?: UInt64 | undefined
  usage?: CgroupMemoryEntry | undefined
  swap?: CgroupMemoryEntry | undefined
  kernel?: CgroupMemoryEntry | undefined
  kernel_tcp?: CgroupMemoryEntry | undefined
}

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

export interface CgroupRdmaStat {
  current?: CgroupRdmaEntry[] | undefined
  limit?: CgroupRdmaEntry[] | undefined
}

export interface CgroupNetworkStat {
  name?: string | undefined
  rx_bytes?: UInt64 | undefined
  rx_packets?: UInt64 | undefined
  rx_errors?: UInt64 | undefined
  rx_dropped?: UInt64 | undefined
  tx_bytes?: UInt64 | undefined
  tx_packets?: UInt64 | undefined
  tx_errors?: UInt64 | undefined
  tx_dropped?: UInt64 | undefined
}

export interface CgroupCgroupStats {
  nr_sleeping?: UInt64 | undefined
  nr_running?: UInt64 | undefined
  nr_stopped?: UInt64 | undefined
  nr_uninterruptible?: UInt64 | undefined
  nr_io_wait?: UInt64 | undefined
}

export interface CgroupMemoryOomControl {
  oom_kill_disable?: UInt64 | undefined
  under_oom?: UInt64 | undefined
  oom_kill?: UInt64 | undefined
}

export interface CgroupCPUUsage {
  total?: UInt64 | undefined
  kernel?: UInt64 | undefined
  user?: UInt64 | undefined
  per_cpu?: UInt64[] | undefined
}

export interface CgroupThrottle {
  periods?: UInt64 | undefined
  throttled_periods?: UInt64 | undefined
  throttled_time?: UInt64 | undefined
}

export interface CgroupMemoryEntry {
  limit?: UInt64 | undefined
  usage?: UInt64 | undefined
  max?: UInt64 | undefined
  failcnt?: UInt64 | undefined
}

export interface CgroupBlkIOEntry {
  op?: string | undefined
  device?: string | undefined
  major?: UInt64 | undefined
  minor?: UInt64 | undefined
  value?: UInt64 | undefined
}

export interface CgroupRdmaEntry {
  device?: string | undefined
  hca_handles?: UInt32 | undefined
  hca_objects?: UInt32 | undefined
}
