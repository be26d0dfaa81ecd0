// The VM actor: what may be asked of a VM, as calls on its handle, and what the handle's events tell.
//
// Who may do what is decided elsewhere: lifecycle/ says what may happen to the handle and what follows, queue.ts whose change has its turn,
// native-calls.ts when a call may be sent. Changes queue; terminate, close, wait and property reads do not.

import type { MessagePort } from 'node:worker_threads'
import { HcsError, isAlreadyStopped, isInvalidState, isNotExist } from '../../errors.js'
import { toWireError } from '../../errors-wire.js'
import { HCS_EVENT, type HcsEvent, type HcsSystem } from '../../native/hcs.js'
import { HRESULT } from '../../protocol/hresult.js'
import { isRecord } from '../../protocol/json.js'
import type { Actor, ActorEnvironment } from '../environment.js'
import { Outbox } from '../outbox.js'
import type { ActorCall, ActorHandlers, ActorPort } from '../mailbox/contract.js'
import { exposeActor } from '../mailbox/expose.js'
import type { VmNotices, VmRequests } from './contract.js'
import { exitOfEvent, tryParse } from './exit.js'
import { VmHandle } from './handle.js'
import { saveKind } from './power.js'
import type { Change } from './turns.js'

class VmActor {
  readonly #env: ActorEnvironment
  readonly #port: ActorPort<VmNotices>
  readonly #handle: VmHandle
  /** As the service gave them. */
  readonly #crashReports = new Outbox<string>(
    (report, dropped) => this.#port.notify('crashReport', tryParse(report), dropped),
    (report) => report.length,
  )
  readonly ended: Promise<void>
  #shutdownOptions = ''
  #startedMs: number | undefined
  /** A migration has begun on this handle. */
  #hasMigrated = false

  constructor(port: MessagePort, env: ActorEnvironment) {
    this.#env = env
    this.#handle = new VmHandle(env, {
      onEvent: (event) => this.#onEvent(event),
      // Whoever hears of the end has heard why.
      onExit: (exit) => {
        this.#crashReports.flush()
        this.#port.notify('exit', exit)
      },
      onLoss: (error) => {
        this.#crashReports.flush()
        this.#port.notify('disconnected', toWireError(error))
      },
    })
    this.#port = exposeActor<VmRequests, VmNotices>(port, this.#handlers(), {
      onStop: () => this.stop(),
      clock: env.clock,
    })
    this.ended = this.#port.closed
  }

  #handlers(): ActorHandlers<VmRequests> {
    const handle = this.#handle
    return {
      ...this.#changeHandlers(),
      create: (input, call) => {
        this.#shutdownOptions ||= input.shutdownOptions
        const { provider } = this.#env
        return handle.attach('created', input, call, (onEvent) =>
          provider.createSystem(input.id, input.document, onEvent),
        )
      },
      open: (input, call) => {
        this.#shutdownOptions ||= input.shutdownOptions
        return handle.attach('opened', input, call, (onEvent) => this.#env.provider.openSystem(input.id, onEvent))
      },
      adopt: (recall, call) => {
        this.#shutdownOptions = recall.shutdownOptions
        this.#startedMs = recall.startedMs
        this.#hasMigrated = recall.hasMigrated
        return handle.adopt(recall, call, (onEvent) => this.#env.provider.adoptSystem(recall.token, onEvent))
      },
      properties: ({ query, op }, call) => handle.properties(op, query, call),
      terminate: (_input, call) => handle.terminate(call),
      wait: (_input, call) => handle.wait(call),
      checkExit: () => handle.checkExit(),
      close: () => handle.end('close'),
      discard: () => handle.end('discard'),
      times: () => this.#times(),
      noticeTaken: () => void this.#crashReports.taken(),
    }
  }

  #changeHandlers() {
    const handle = this.#handle
    return {
      start: ({ options }, call) =>
        this.#start({ op: 'vm.start', kind: 'start', call }, (system) => system.start(options)),
      startMigrated: ({ options, socket }, call) =>
        this.#start({ op: 'vm.startWithMigrationOptions', kind: 'start', call, isUntimed: true }, async (system) => {
          await system.start(options, socket)
          this.#hasMigrated = true
        }),
      migrate: (input, call) =>
        input.step === 'cancel' ? this.#cancelMigration(input, call) : this.#migrate(input, call),
      shutdown: (_input, call) => this.#shutdown(call),
      pause: ({ options }, call) =>
        handle.change({ op: 'vm.pause', kind: 'pause', call }, (system) => system.pause(options)),
      resume: (_input, call) => handle.change({ op: 'vm.resume', kind: 'resume', call }, (system) => system.resume('')),
      save: ({ options }, call) =>
        handle.change({ op: 'vm.save', kind: saveKind(options), call }, (system) => system.save(options)),
      modify: ({ request, op, path }, call) =>
        handle.change({ op, kind: 'modify', path, call }, (system) => system.modify(request)),
    } satisfies Partial<ActorHandlers<VmRequests>>
  }

  async stop(): Promise<void> {
    await this.#handle.end('close')
    this.#crashReports.flush()
  }

  #times(): VmRequests['times']['output'] {
    const stoppedMs = this.#handle.exit?.atMs
    return {
      ...(this.#startedMs === undefined ? {} : { startedMs: this.#startedMs }),
      ...(stoppedMs === undefined ? {} : { stoppedMs }),
    }
  }

  #start(change: Change, work: (system: HcsSystem) => Promise<unknown>): Promise<undefined> {
    return this.#handle.change(change, async (system) => {
      await work(system)
      this.#startedMs ??= this.#env.clock.wallTime()
    })
  }

  async #shutdown(call: ActorCall): Promise<undefined> {
    const handle = this.#handle
    if (handle.isOver) return undefined
    try {
      return await handle.change({ op: 'vm.shutdown', kind: 'shutdown', call }, (system) =>
        system.shutdown(this.#shutdownOptions),
      )
    } catch (error) {
      if (handle.exit !== undefined && (isAlreadyStopped(error) || isNotExist(error))) return undefined
      throw error
    }
  }

  #migrate({ step, op, options, socket }: VmRequests['migrate']['input'], call: ActorCall): Promise<undefined> {
    return this.#handle.change({ op, kind: 'migrate', call, isUntimed: true }, async (system) => {
      await (socket === undefined ? system.migrate(step, options) : system.migrate(step, options, socket))
      this.#hasMigrated = true
    })
  }

  async #cancelMigration({ op, options }: VmRequests['migrate']['input'], call: ActorCall): Promise<undefined> {
    try {
      await this.#handle.overtake(op, call, (system) => system.migrate('cancel', options))
    } catch (error) {
      // What began is over already, or the VM has gone with it.
      const isEnded = isInvalidState(error) || isAlreadyStopped(error) || isNotExist(error)
      if (!this.#hasMigrated || !isEnded) throw error
    }
    return undefined
  }

  #onEvent(event: HcsEvent): void {
    const { id } = this.#handle
    switch (event.type >>> 0) {
      case HCS_EVENT.systemExited:
        this.#handle.heard({ type: 'exited', exit: exitOfEvent(event.data, id, this.#env.clock.wallTime()) })
        return
      case HCS_EVENT.crashInitiated:
      case HCS_EVENT.crashReport:
        this.#crashReports.push(event.data)
        return
      case HCS_EVENT.guestConnectionClosed:
        this.#port.notify('guestConnectionClosed')
        void this.#handle.checkExit().catch(() => undefined)
        return
      case HCS_EVENT.groupLiveMigration: {
        // No payload is an empty notification; one that is no document is dropped.
        const info = event.data === '' ? {} : tryParse(event.data)
        if (isRecord(info)) this.#port.notify('migration', info)
        return
      }
      case HCS_EVENT.serviceDisconnect:
        this.#handle.heard({
          type: 'disconnected',
          error: new HcsError({ op: 'vm.wait', id, hresult: HRESULT.HCS_E_SERVICE_DISCONNECT }),
        })
        return
      default:
        // Newer services say more; nothing here depends on it.
        return
    }
  }
}

/** Starts a VM actor on a port. Its first request must be `create`, `open` or `adopt`. */
export function startVmActor(port: MessagePort, env: ActorEnvironment): Actor {
  return new VmActor(port, env)
}
