// What running a fleet tells, while it goes on and at the end. Plain data: the JSON output is this.

export type Stage =
  'waiting' | 'booting' | 'connecting' | 'changing' | 'running' | 'saving' | 'stopping' | 'done' | 'failed'

export interface CommandReport {
  command: string
  exitCode: number
  expected: number
  ms: number
  stdout: string
  stderr: string
}

export interface VmReport {
  id: string
  guestOS: string
  ok: boolean
  /** From create until started; from then until connected; all of it. Milliseconds; absent when it did not come to that. */
  startMs?: number
  connectMs?: number
  totalMs: number
  hostChanges: number
  guestChanges: number
  commands: CommandReport[]
  saved: boolean
  exitType?: string
  error?: { code: string; message: string }
}

export interface FleetReport {
  vms: VmReport[]
  summary: {
    vms: number
    ok: number
    failed: number
    commands: number
    ms: number
    /** Actor threads of the Host. */
    threads: number
    /** Threads of the process, before the Host was opened and at most while VMs ran; absent where the system does not tell. */
    osThreads?: { before: number; most: number }
  }
}

/** Told of everything as it happens. */
export interface FleetObserver {
  stage(id: string, stage: Stage): void
  /** One line of a command's output. */
  output(id: string, stream: 'stdout' | 'stderr', line: string): void
  failed(id: string, error: Error): void
}
