// One compute system of the simulated service: its state, its devices as they are now, and its basic property document.

import { HRESULT } from '../../../protocol/hresult.js'
import { guestOSOfDocument, type GuestOS } from '../../../protocol/guest-os.js'
import type { ComputeSystem, Properties } from '../../../protocol/schema/index.js'
import { liveConfigurationOf, type LiveConfiguration } from '../devices/live-configuration.js'
import { runtimeIdOf } from './runtime-id.js'
import type { SystemState } from './states.js'

export interface SystemExit {
  exitType: string
  /** HRESULT, unsigned. */
  status: number
  /** SystemExit attribution: what happened and who asked for it. */
  detail: string
  initiator: string
}

export class ComputeSystemModel {
  readonly id: string
  readonly runtimeId: string
  readonly owner: string | undefined
  readonly document: ComputeSystem
  readonly guestOS: GuestOS
  /** Its devices as they are now; replaced by a change. */
  live: LiveConfiguration
  exit: SystemExit | undefined
  /** Milliseconds since 1970. */
  startedMs: number | undefined
  /** Runtime id of the template that this is a clone of. */
  templateId: string | undefined
  #state: SystemState = 'Created'
  readonly #run: RunTime

  /** `now` is monotonic, milliseconds. */
  constructor(id: string, document: ComputeSystem, now: () => number) {
    this.id = id
    this.document = document
    this.owner = document.Owner
    this.runtimeId = runtimeIdOf(id)
    this.guestOS = guestOSOfDocument(document)
    this.live = liveConfigurationOf(document.VirtualMachine ?? {})
    this.#run = new RunTime(now)
  }

  get state(): SystemState {
    return this.#state
  }

  set state(next: SystemState) {
    this.#state = next
    this.#run.move(next === 'Running', next !== 'Created')
  }

  /** How long it has been up and how long its processors ran, milliseconds. */
  get times(): { upMs: number; ranMs: number } {
    return this.#run.times()
  }

  /** Goes on from the times of a machine that moved here, which stands still. */
  set times(times: { upMs: number; ranMs: number }) {
    this.#run.goOn(times)
  }

  /** It has its memory and devices. */
  get isLive(): boolean {
    return this.#state === 'Running' || this.#state === 'Paused'
  }

  get terminatesWithLastHandle(): boolean {
    return this.document.ShouldTerminateOnLastHandleClosed === true
  }

  get processorCount(): number {
    return this.document.VirtualMachine?.ComputeTopology?.Processor?.Count ?? 1
  }

  /** The property document without sections. A system that was never started has no State. */
  basicProperties(): Properties {
    const ownsConnection = this.document.VirtualMachine?.GuestConnection != null
    return {
      Id: this.id,
      SystemType: 'VirtualMachine',
      ...(ownsConnection ? { RuntimeOsType: this.guestOS === 'linux' ? 'Linux' : 'Windows' } : {}),
      ...(this.owner === undefined ? {} : { Owner: this.owner }),
      RuntimeId: this.runtimeId,
      ...(this.templateId === undefined ? {} : { RuntimeTemplateId: this.templateId }),
      ...(this.state === 'Created' ? {} : { State: this.state }),
      ...(this.exit === undefined ? {} : { Stopped: true, ExitType: this.exit.exitType }),
    }
  }

  /** SystemExitStatus of the exit event. */
  exitDocument(): string {
    const exit = this.exit
    if (exit === undefined) return ''
    return JSON.stringify({
      Status: exit.status | 0,
      ExitType: exit.exitType,
      Attribution: [{ SystemExit: { Detail: exit.detail, Initiator: exit.initiator } }],
    })
  }
}

/** Clocks of a VM: one that runs while it is up, and one that stands still while it is paused. */
class RunTime {
  readonly #now: () => number
  #upSince: number | undefined
  #runsSince: number | undefined
  #ranMs = 0

  constructor(now: () => number) {
    this.#now = now
  }

  move(runs: boolean, isUp: boolean): void {
    const now = this.#now()
    if (isUp) this.#upSince ??= now
    if (runs) this.#runsSince ??= now
    else {
      this.#ranMs += now - (this.#runsSince ?? now)
      this.#runsSince = undefined
    }
  }

  goOn({ upMs, ranMs }: { upMs: number; ranMs: number }): void {
    this.#upSince = this.#now() - upMs
    this.#ranMs = ranMs
  }

  times(): { upMs: number; ranMs: number } {
    const now = this.#now()
    return { upMs: now - (this.#upSince ?? now), ranMs: this.#ranMs + now - (this.#runsSince ?? now) }
  }
}

/** The ways in which a system ends. */
export const EXIT = {
  terminated: { exitType: 'ForcedExit', status: 0, detail: 'Terminate', initiator: 'Client' },
  shutDown: { exitType: 'GracefulExit', status: 0, detail: 'Shutdown', initiator: 'GuestOS' },
  unexpected: {
    exitType: 'UnexpectedExit',
    status: HRESULT.VMCOMPUTE_UNEXPECTED_EXIT,
    detail: 'UnexpectedExit',
    initiator: 'Internal',
  },
} as const satisfies Record<string, SystemExit>

/** The exit that a fault rule names. */
export function exitOfType(exitType: string): SystemExit {
  const known = Object.values(EXIT).find((exit) => exit.exitType === exitType)
  return known ?? { exitType, status: 0, detail: 'UnexpectedExit', initiator: 'Unknown' }
}
