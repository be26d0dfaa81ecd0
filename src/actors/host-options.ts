// Options, statistics and queries of a Host.

import type { GuestOS } from '../protocol/guest-os.js'
import type { SystemQuery } from '../protocol/schema/index.js'
import type { QemuOptions } from '../native/qemu/options.js'
import type { QemuService } from '../native/qemu/qemu-service.js'
import type { SimulatedOptions } from '../native/simulated/simulated-service.js'

export interface HostOptions {
  /**
   * 'auto': computecore on Windows, else simulated. 'qemu': real VMs on Linux on x86-64 (docs/qemu.md). An object names anyone's own
   * HcsProvider module.
   */
  provider?: 'auto' | 'simulated' | 'computecore' | 'qemu' | { module: string | URL; options?: unknown }
  computecore?: { libraryPath?: string }
  /** Actor threads, 1 or more; default os.availableParallelism(). */
  threads?: number
  /** 'dedicated': a thread of its own for each VM. Default 'pooled'. */
  isolation?: 'pooled' | 'dedicated'
  /** How guests are reached. 'auto': Hyper-V sockets with computecore.dll on Windows, else Unix sockets (named pipes on Windows). */
  transport?: 'auto' | 'hyperv' | 'unix'
  /**
   * Where guests dial; at most 26 bytes, must exist and stays. A link is refused, and so is a directory that belongs to or can be written by
   * anybody else. Default: a private directory of mode 0700, removed at the end.
   */
  socketDirectory?: string
  limits?: {
    /** Calls waiting on one VM, default 1024; one more is an OverloadedError. */
    queuePerVM?: number
    /**
     * Changes at HCS at once, default 512; waiting for a slot is no error. What lists and inspects needs none, so that it waits for no VM:
     * four reads of one VM are with HCS at once, and 64 of the service. A call whose caller gave up gives its slot back, up to eight of
     * one VM.
     */
    operations?: number
    /** VMs that boot at once, default Infinity: from start until the guest is connected, at most 30 s after start; without a Guest until start answers. */
    boots?: number
  }
  /** Milliseconds, default 30000; what had to be forced is reported in a 'close-forced' event. */
  closeTimeoutMs?: number
  /**
   * A directory of this Host's own, private, made where it is missing: there is written down what `recover` of the next program needs.
   * Nothing secret: no environment, no arguments.
   */
  journal?: string
  /**
   * A thread with calls in flight that answers nothing for `stuckAfterMs` milliseconds (default 30000) is told by 'thread-stuck' and gets
   * no more VMs; with `replace` (default true) it is ended, and its VMs are taken over by another thread once its end was seen. false:
   * nobody looks.
   */
  watchdog?: false | { stuckAfterMs?: number; replace?: boolean }
  simulated?: SimulatedOptions
  qemu?: QemuHostOptions
}

export interface QemuHostOptions extends QemuOptions {
  /** Share one supervisor between several Hosts of a process. */
  service?: QemuService
  /**
   * Starts or finds the supervisor of this directory: at most 26 bytes, private, made where it is missing. Default: that of the user. The other
   * options are what a supervisor is given that is started for this; one that runs already keeps its own.
   */
  serviceDirectory?: string
}

export interface StatsOptions {
  /** Also figures of each VM. Asks every VM once, all at the same time. */
  vms?: boolean
}

/** Figures of one VM. What the compute service does not tell of it is absent. */
export interface VmStats {
  id: string
  runtimeId: string
  guestOS: GuestOS
  /** As the compute service words it, such as 'Created', 'Running', 'Paused'; 'Exited' once its exit is known. */
  state?: string
  /** Milliseconds of processor time since the start, of all its processors. */
  cpuMs?: number
  /** `assignedBytes`: what it believes to have; `committedBytes`: what the host keeps for it; `residentBytes`: of that, what is in memory. */
  memory?: { assignedBytes?: number; committedBytes?: number; residentBytes?: number }
  /** Of its disks, since the start. */
  storage?: { reads: number; readBytes: number; writes: number; writtenBytes: number }
  /** When the figures above were told. */
  asOf?: Date
  /** It was asked, and has not answered since: the figures are older, or there are none. */
  silentSince?: Date
  /** Calls of this program, on it and its guest, without an answer yet; waits for exits among them. */
  calls: number
  /** Processes inside that this program has started or opened: their exit is not known, and it has not closed them. */
  processes: number
  /** Bytes of stdin that went to such processes of this Guest, and of stdout and stderr that came from them. */
  stdinBytes: number
  outputBytes: number
}

export interface HostStats {
  /** `side`: the one that takes the logs of guests, started with the first Guest that has one. */
  threads: { actors: number; service: number; callback: number; acceptor: number; side: number }
  actors: { vm: number; guest: number }
  /** Open compute-system handles, HCS operations in flight, guest sockets and listeners, calls waiting in queues. */
  handles: number
  operations: number
  sockets: number
  queued: number
  /** Calls of the compute service, and changes inside guests (ModifySettings), that their callers gave up and that have no answer yet. */
  abandoned: number
  /** Threads that did not answer, and since when: what they hold is counted as they said last. Absent when there are none. */
  silent?: { threadId: number; since: Date }[]
  /** Since the Host was opened: log entries, warnings of guests and crash reports that came faster than they were taken. */
  dropped: number
  /** Per method: calls answered and their latency, milliseconds. */
  latencyMs: Record<string, { n: number; p50: number; p99: number; max: number }>
  /** With `vms`: each VM once, however many handles there are on it. */
  vms?: VmStats[]
}

/** Keys combine with AND, values within a key with OR. */
export type ComputeSystemQuery = SystemQuery

export interface ComputeSystemSummary {
  Id: string
  SystemType: string
  Owner?: string
  RuntimeId: string
  RuntimeOsType?: string
  /** 'Created' for a system that was never started (the service leaves the key out). */
  State: string
}
