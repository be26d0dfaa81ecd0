// The processes of one VM: QEMU, and the vsock daemon beside it. Commands go over QMP, which is opened again when it breaks for as long as
// QEMU lives; the end of the machine is told once, with how the guest went.

import { join } from 'node:path'
import { HRESULT } from '../../protocol/hresult.js'
import { member } from '../../protocol/json.js'
import { HcsFailure, refusal } from '../simulated/failure.js'
import { VSOCK_CHARDEV, VSOCK_DEVICE } from './arguments.js'
import { OwnedProcess, tailOf, type ProcessRecord } from './owned-process.js'
import { codeOfWords, textOf } from './qemu-failure.js'
import { QmpClient, QmpError, type QmpEvent } from './qmp.js'
import { DAEMON_FILES, startDaemon, type DaemonSurroundings } from './vsock-daemon.js'

/** How a machine came to its end. */
export type MachineEnd = 'ended' | 'powered off' | 'reset' | 'panicked' | 'died'

export interface MachineSurroundings extends DaemonSurroundings {
  readonly binary: string
  /** Runs QEMU in a network name space. */
  readonly namespace?: string | undefined
  /** Once, when its processes are gone. */
  ended(machine: Machine, how: MachineEnd): void
  /** The processes are other ones. */
  changed(machine: Machine): void
}

export interface MachineRecord {
  readonly qemu: ProcessRecord
  readonly daemon: ProcessRecord | undefined
}

/** Between looks at whether a socket is there, and between attempts to reach QEMU again, milliseconds. */
const LOOK_MS = 10
const AGAIN_MS = 100
/** How long QEMU may take to end by itself, and a guest to let go of a device, milliseconds. */
const QUIT_MS = 3000
const UNPLUG_MS = 30_000
/** From the end of QEMU's connection to its own, at most, milliseconds. */
const ENDING_MS = 1000
/** Attempts to plug a socket device whose daemon has just begun to listen. */
const PLUG_ATTEMPTS = 5

/** The files of a VM. */
export const MACHINE_FILES = { qmp: 'qmp', vsock: DAEMON_FILES.vsock, log: 'qemu.log', ram: 'ram' } as const

export class Machine {
  readonly #around: MachineSurroundings
  readonly #qemu: OwnedProcess
  #daemon: OwnedProcess | undefined
  #qmp: QmpClient | undefined
  /** Whether the guest is to have sockets: a daemon that dies is started again. */
  #wantsVsock = false
  #how: MachineEnd | undefined
  #isOver = false
  readonly #listeners = new Set<(event: QmpEvent) => boolean>()
  /** Resolves once QEMU and the daemon are gone. */
  readonly gone: Promise<void>

  private constructor(around: MachineSurroundings, qemu: OwnedProcess, daemon: OwnedProcess | undefined) {
    this.#around = around
    this.#qemu = qemu
    this.#daemon = daemon
    this.gone = qemu.exited.then(() => this.#end())
  }

  /**
   * Starts the processes; the machine stands still.
   *
   * @param args of QEMU; with sockets they name the daemon's
   * @throws {HcsFailure} what was started is gone
   */
  static async start(around: MachineSurroundings, args: readonly string[], hasVsock: boolean): Promise<Machine> {
    const { directory, binary, namespace } = around
    const daemon = hasVsock ? await startDaemon(around) : undefined
    let qemu: OwnedProcess
    try {
      const log = join(directory, MACHINE_FILES.log)
      qemu =
        namespace === undefined
          ? await OwnedProcess.start(binary, args, log)
          : await OwnedProcess.start('ip', ['netns', 'exec', namespace, binary, ...args], log)
    } catch (error) {
      daemon?.kill()
      throw refusal(HRESULT.HCS_E_SERVICE_NOT_AVAILABLE, `QEMU cannot be started: ${(error as Error).message}`)
    }
    const machine = new Machine(around, qemu, daemon)
    machine.#wantsVsock = hasVsock
    if (daemon !== undefined) machine.#watchDaemon(daemon)
    try {
      await machine.#reach()
      return machine
    } catch (error) {
      // Before its end is ours.
      const failed = await machine.failure(error)
      await machine.end()
      throw failed
    }
  }

  /** Takes over what an earlier supervisor started; undefined when QEMU is gone. */
  static async adopt(
    around: MachineSurroundings,
    record: MachineRecord,
    hasVsock: boolean,
  ): Promise<Machine | undefined> {
    const { clock } = around
    const daemon = record.daemon === undefined ? undefined : OwnedProcess.adopt(record.daemon, clock)
    const qemu = OwnedProcess.adopt(record.qemu, clock)
    if (qemu === undefined) {
      daemon?.kill()
      return undefined
    }
    const machine = new Machine(around, qemu, daemon)
    machine.#wantsVsock = hasVsock
    try {
      await machine.#reach()
      await machine.#askHow()
    } catch {
      await machine.end()
      return undefined
    }
    if (daemon !== undefined) machine.#watchDaemon(daemon)
    else if (hasVsock) void machine.#replaceDaemon()
    return machine
  }

  get record(): MachineRecord {
    return { qemu: this.#qemu.record, daemon: this.#daemon?.record }
  }

  get pid(): number {
    return this.#qemu.record.pid
  }

  /** How it ended, or would if it ended now without a word. */
  get how(): MachineEnd {
    return this.#how ?? 'died'
  }

  get hasVsock(): boolean {
    return this.#daemon !== undefined
  }

  get isOver(): boolean {
    return this.#isOver || this.#qemu.isGone
  }

  /** @throws {HcsFailure} QEMU refused, or is gone */
  async execute(command: string, args?: Readonly<Record<string, unknown>>): Promise<unknown> {
    for (;;) {
      const qmp = this.#qmp
      if (this.isOver) throw new HcsFailure(HRESULT.HCS_E_TERMINATED)
      if (qmp === undefined || qmp.isClosed) {
        // It is being opened again, or QEMU is about to be seen dead.
        await this.#pause(AGAIN_MS)
        continue
      }
      try {
        return await qmp.execute(command, args)
      } catch (error) {
        throw await this.failure(error)
      }
    }
  }

  /** What went wrong at QEMU, in the words of the service. */
  async failure(error: unknown): Promise<HcsFailure> {
    if (error instanceof HcsFailure) return error
    const isClosed = !(error instanceof QmpError) || error.kind === 'Closed'
    // Its end is seen a moment after that of its connection, and says more.
    if (isClosed && !this.isOver) await this.#exitedWithin(ENDING_MS)
    if (isClosed && !this.isOver) {
      return refusal(
        HRESULT.HCS_E_CONNECTION_CLOSED,
        `contact with QEMU was lost, the outcome is unknown: ${textOf(error)}`,
      )
    }
    if (isClosed && this.#how === 'ended') return new HcsFailure(HRESULT.HCS_E_TERMINATED)
    const said = isClosed ? await tailOf(join(this.#around.directory, MACHINE_FILES.log)) : textOf(error)
    return refusal(codeOfWords(said), said === '' ? 'QEMU ended without a word' : said)
  }

  #exitedWithin(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = this.#around.clock.after(ms, resolve)
      void this.#qemu.exited.then(() => {
        timer.clear()
        resolve()
      })
    })
  }

  /** Runs `work` and waits for an event that it causes. @throws {HcsFailure} it did not come in time, or QEMU is gone */
  async until(
    isIt: (event: QmpEvent) => boolean,
    work: () => Promise<unknown>,
    what: string,
    limitMs = UNPLUG_MS,
  ): Promise<void> {
    let settle: (outcome: 'seen' | 'late' | 'gone') => void = () => undefined
    const outcome = new Promise<'seen' | 'late' | 'gone'>((resolve) => (settle = resolve))
    const listener = (event: QmpEvent): boolean => {
      if (!isIt(event)) return false
      settle('seen')
      return true
    }
    this.#listeners.add(listener)
    const timer = this.#around.clock.after(limitMs, () => settle('late'))
    void this.#qemu.exited.then(() => settle('gone'))
    try {
      await work()
      const found = await outcome
      if (found === 'gone') throw new HcsFailure(HRESULT.HCS_E_TERMINATED)
      if (found === 'late')
        throw refusal(HRESULT.ERROR_TIMEOUT, `${what}: the guest did not answer within ${UNPLUG_MS / 1000} s`)
    } finally {
      timer.clear()
      this.#listeners.delete(listener)
    }
  }

  /** Unplugs a device; resolves once the guest has let it go. @throws {HcsFailure} */
  async unplug(id: string): Promise<void> {
    const isGone = ({ name, data }: QmpEvent): boolean => name === 'DEVICE_DELETED' && data['device'] === id
    await this.until(isGone, () => this.execute('device_del', { id }), `unplugging ${id}`)
  }

  // ---------------------------------------------------------------------------------------------------------------- vsock

  /** Gives the guest its sockets. @throws {HcsFailure} */
  async plugVsock(): Promise<void> {
    this.#wantsVsock = true
    const daemon = await startDaemon(this.#around)
    this.#daemon = daemon
    this.#around.changed(this)
    try {
      await this.#plugBeside(daemon)
    } catch (error) {
      // Whoever tries again begins anew.
      if (this.#daemon === daemon) this.#daemon = undefined
      daemon.kill()
      await this.execute('chardev-remove', { id: VSOCK_CHARDEV }).catch(() => undefined)
      throw error
    }
    this.#watchDaemon(daemon)
  }

  async #plugBeside(daemon: OwnedProcess): Promise<void> {
    const path = join(this.#around.directory, MACHINE_FILES.vsock)
    const backend = { type: 'socket', data: { addr: { type: 'unix', data: { path } }, server: false } }
    for (let attempt = 1; ; attempt++) {
      try {
        await this.execute('chardev-add', { id: VSOCK_CHARDEV, backend })
        break
      } catch (error) {
        if (attempt === PLUG_ATTEMPTS || daemon.isGone || this.isOver) throw error
        await this.#pause(LOOK_MS * attempt)
      }
    }
    await this.execute('device_add', VSOCK_DEVICE)
  }

  /** Takes them away; the guest must run. @throws {HcsFailure} */
  async unplugVsock(): Promise<void> {
    this.#wantsVsock = false
    const daemon = this.#daemon
    this.#daemon = undefined
    try {
      await this.unplug(VSOCK_DEVICE.id)
      await this.execute('chardev-remove', { id: VSOCK_CHARDEV })
    } catch (error) {
      this.#wantsVsock = true
      this.#daemon = daemon
      throw error
    }
    daemon?.kill()
    await daemon?.exited
    this.#around.changed(this)
  }

  #watchDaemon(daemon: OwnedProcess): void {
    void daemon.exited.then(() => {
      if (this.#daemon === daemon && this.#wantsVsock && !this.isOver) void this.#replaceDaemon()
    })
  }

  /** The daemon died: the guest gets another, and its agent dials again. */
  async #replaceDaemon(): Promise<void> {
    try {
      await this.unplugVsock()
      await this.plugVsock()
    } catch {
      // A guest that does not let go of the device has no sockets any more; its connection is closed, which its holder sees.
    }
  }

  // ------------------------------------------------------------------------------------------------------------------ end

  /** Ends the machine, whatever it does; resolves once its processes are gone. Idempotent; never rejects. */
  async end(how: MachineEnd = 'ended'): Promise<void> {
    this.#how ??= how
    this.#wantsVsock = false
    const timer = this.#around.clock.after(QUIT_MS, () => this.#qemu.kill())
    const qmp = this.#qmp
    if (qmp === undefined || qmp.isClosed) this.#qemu.kill()
    else qmp.execute('quit').catch(() => this.#qemu.kill())
    await this.gone
    timer.clear()
  }

  /** QEMU is gone. */
  async #end(): Promise<void> {
    this.#isOver = true
    this.#wantsVsock = false
    this.#qmp?.close()
    this.#daemon?.kill()
    await this.#daemon?.exited
    this.#around.ended(this, this.how)
  }

  // ------------------------------------------------------------------------------------------------------------------ QMP

  /** Opens QMP; waits for QEMU to listen, as long as it lives. @throws {Error} it is gone */
  async #reach(): Promise<void> {
    const path = join(this.#around.directory, MACHINE_FILES.qmp)
    const gone = new AbortController()
    void this.#qemu.exited.then(() => gone.abort(new QmpError('connect', 'Closed', 'QEMU has ended')))
    for (;;) {
      gone.signal.throwIfAborted()
      try {
        this.#qmp = await QmpClient.connect(
          path,
          { onEvent: (event) => this.#event(event), onClose: () => void this.#reachAgain() },
          gone.signal,
        )
        return
      } catch (error) {
        gone.signal.throwIfAborted()
        const { code } = error as NodeJS.ErrnoException
        if (code !== 'ENOENT' && code !== 'ECONNREFUSED' && !(error instanceof QmpError)) throw error
      }
      await this.#pause(LOOK_MS)
    }
  }

  async #reachAgain(): Promise<void> {
    if (this.isOver) return
    try {
      await this.#reach()
      await this.#askHow()
    } catch {
      // It is gone, and that is told; or it cannot be talked to, and its next command says so.
    }
  }

  /** What happened to the guest while nobody listened. */
  async #askHow(): Promise<void> {
    const status = member(await this.#qmp?.execute('query-status'), 'status')
    if (status === 'shutdown') void this.end('powered off')
    if (status === 'guest-panicked') void this.end('panicked')
    if (status === 'internal-error') void this.end('died')
  }

  #event(event: QmpEvent): void {
    const { name, data } = event
    for (const listener of [...this.#listeners]) if (listener(event)) this.#listeners.delete(listener)
    // QEMU waits with the machine stopped: what the guest did is known, and there is nothing more to come.
    if (name === 'GUEST_PANICKED') void this.end('panicked')
    if (name === 'SHUTDOWN' && data['guest'] === true)
      void this.end(data['reason'] === 'guest-reset' ? 'reset' : 'powered off')
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => this.#around.clock.after(ms, resolve))
  }
}
