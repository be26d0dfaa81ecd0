// The journal as a Host uses it: what it writes down of its VMs and guests, and what it knows of those of the program before it.

import { InvalidConfigError, ProviderUnavailableError } from '../errors.js'
import type { GuestInit } from './gcs/contract.js'
import type { GuestJournal } from './gcs/wiring.js'
import type { HostEnvironment } from './host-environment.js'
import { Journal } from './journal/journal.js'
import type { GuestRecord } from './journal/records.js'
import { IDS_OF_A_PROGRAM, PORTS_IN_FLIGHT, type JournalGuest, type JournalVm } from './journal/state.js'
import type { VmSetup } from './vm-setup.js'
import type { UtilityVM } from './vm/proxy.js'

/** A Guest that is being made. */
export interface KeptGuest {
  /** What its actor is told of the program before this one. */
  readonly init: Pick<GuestInit, 'takesOver' | 'firstPort'>
  readonly journal: GuestJournal
  made(): Promise<void>
}

/**
 * @throws {InvalidConfigError} an unfit directory, or one that holds something else
 * @throws {InvalidStateError} 'journal-held'
 */
export async function openHostJournal(
  directory: string,
  { clock, openJournalFile }: Pick<HostEnvironment, 'clock' | 'openJournalFile'>,
): Promise<HostJournal> {
  const file = await openJournalFile(directory)
  const told = new Warnings()
  const failed = (cause: Error): void => {
    const reason = `the journal ${directory} cannot be written, so that the next program will not know what happens from here on: ${cause.message}`
    told.tell(new ProviderUnavailableError({ op: 'host.journal', reason, cause }))
  }
  try {
    const { journal, damaged } = await Journal.open(file, clock, { failed })
    if (damaged > 0) {
      const reason = `${damaged} records of the journal were damaged, and are lost`
      told.tell(new InvalidConfigError({ op: 'host.open', path: 'journal', value: directory, reason }))
    }
    return new HostJournal(journal, told)
  } catch (cause) {
    await file.close()
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new InvalidConfigError({ op: 'host.open', path: 'journal', value: directory, reason: `it ${why}`, cause })
  }
}

/** Kept until somebody listens. */
class Warnings {
  #kept: Error[] = []
  #listener: ((error: Error) => void) | undefined

  tell(error: Error): void {
    if (this.#listener === undefined) this.#kept.push(error)
    else this.#listener(error)
  }

  listen(listener: (error: Error) => void): void {
    this.#listener = listener
    for (const error of this.#kept.splice(0)) listener(error)
  }
}

export class HostJournal {
  readonly #journal: Journal
  readonly #warnings: Warnings
  /** Handles that are open, by runtime id. */
  readonly #handles = new Map<string, number>()

  constructor(journal: Journal, warnings: Warnings) {
    this.#journal = journal
    this.#warnings = warnings
  }

  /** What went wrong, from now on and before. */
  listen(listener: (error: Error) => void): void {
    this.#warnings.listen(listener)
  }

  /** What is known of the VMs of an owner. */
  ofOwner(owner: string): JournalVm[] {
    return [...this.#journal.vms].filter(({ vm }) => vm.owner === owner)
  }

  of(runtimeId: string): JournalVm | undefined {
    return this.#journal.of(runtimeId)
  }

  /** A handle was opened. What an earlier program knew of the VM's document counts for more than what this one has guessed. */
  attached(vm: UtilityVM, setup: VmSetup): Promise<void> {
    const { id, runtimeId } = vm
    this.#handles.set(runtimeId, (this.#handles.get(runtimeId) ?? 0) + 1)
    const { guestOS, isGuessed, shutdownOptions, dials, outlivesHost, owner, stays } = setup
    const known = this.#journal.of(runtimeId)
    if (known !== undefined && setup.document === '' && (isGuessed === true || known.vm.guestOS === guestOS)) {
      return Promise.resolve()
    }
    return this.#journal.add({
      vm: {
        id,
        runtimeId,
        guestOS,
        ...(isGuessed === undefined ? {} : { isGuessed }),
        shutdownOptions,
        dials,
        outlivesHost,
        ...(owner === undefined ? {} : { owner }),
        ...(stays === undefined ? {} : { stays }),
      },
    })
  }

  /** A handle begins to close. A VM that goes with its last one is nobody's any more. */
  closing({ runtimeId }: UtilityVM): void {
    const left = (this.#handles.get(runtimeId) ?? 1) - 1
    if (left > 0) this.#handles.set(runtimeId, left)
    else {
      this.#handles.delete(runtimeId)
      if (this.#journal.of(runtimeId)?.vm.stays === false) this.gone(runtimeId)
    }
  }

  /** The VM has ended, and somebody was told. */
  gone(runtimeId: string): void {
    if (this.#journal.of(runtimeId) !== undefined) void this.#journal.add({ gone: runtimeId })
  }

  /** What goes with a Guest that is about to be made. */
  guestOf(runtimeId: string, init: GuestInit): KeptGuest {
    const journal = this.#journal
    const last = journal.of(runtimeId)?.guest
    const own = last === undefined ? {} : successorOf(last)
    return {
      init: own,
      made: () => journal.add({ guest: runtimeId, options: recordOf(init), base: own.takesOver ?? 0n }),
      journal: {
        connected: () => journal.add({ connected: runtimeId }),
        processStarted: ({ pid, containerId, waitId, ports }) => {
          const of = { pid, ...(containerId === undefined ? {} : { containerId }), waitId, ports }
          return journal.add({ process: runtimeId, of })
        },
        processEnded: (waitId) => {
          if (journal.of(runtimeId)?.guest?.processes.has(waitId) === true) {
            void journal.add({ processEnded: runtimeId, waitId })
          }
        },
        containerOpened: (id) => journal.add({ container: runtimeId, id }),
        containerEnded: (id) => {
          if (journal.of(runtimeId)?.guest?.containers.has(id) === true) {
            void journal.add({ containerEnded: runtimeId, id })
          }
        },
      },
    }
  }

  /** Never rejects. */
  close(): Promise<void> {
    return this.#journal.close()
  }
}

/** Where the ids and ports of the program after this one begin. */
function successorOf({ base, nextPort }: JournalGuest): KeptGuest['init'] {
  const takesOver = base + IDS_OF_A_PROGRAM
  return nextPort === 0 ? { takesOver } : { takesOver, firstPort: nextPort + PORTS_IN_FLIGHT }
}

function recordOf(init: GuestInit): GuestRecord {
  const { serviceId, entropy, log, requestTimeoutMs, onRequestTimeout, modifyConcurrency, reconnect, recorder } = init
  return {
    serviceId,
    entropy,
    log,
    requestTimeoutMs,
    onRequestTimeout,
    modifyConcurrency,
    reconnect: reconnect ?? false,
    recorder: recorder === undefined ? false : { frames: recorder.frames, bytes: recorder.bytes },
  }
}
