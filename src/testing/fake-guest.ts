// A guest whose connection, containers and processes are told by hand.

import { oneOf, row } from '../options/rows.js'
import { checkOptions, optionTable } from '../options/table.js'
import type { GuestOS } from '../protocol/guest-os.js'
import { GUEST_METHOD_NAMES, guestMethod, type GuestMethodName } from '../protocol/guest-resources/methods.js'
import { GUEST_EVENTS, type GuestEvents } from '../actors/gcs/guest-events.js'
import type { GuestLike } from '../actors/gcs/guest-like.js'
import type { ExecOutput } from '../actors/gcs/managers.js'
import { silent, speaking, type MethodsOf } from './answers.js'
import { FakeContainer } from './fake-container.js'
import { FAKE_ROWS, scripted, type Defaults, type FakeOptions } from './scripted.js'

/** `id`: that of its VM. */
export interface FakeGuestOptions extends FakeOptions {
  /** Default 'linux'. */
  guestOS?: GuestOS
  /** Called with each container that the fake makes of its own accord, before its caller has it: the place for its script. */
  onContainer?: (container: FakeContainer) => void
}

const FUNCTION = row('a function', (value) => typeof value === 'function')
export const GUEST_FAKE_OPTIONS = optionTable<FakeGuestOptions>('options', {
  ...FAKE_ROWS,
  guestOS: oneOf('linux', 'windows'),
  onContainer: FUNCTION,
})

const RESOURCES = silent(
  Object.fromEntries(GUEST_METHOD_NAMES.map((name) => [name, guestMethod(name).count])) as Record<
    GuestMethodName,
    number
  >,
)

const RULES = {
  ...RESOURCES,
  ...silent({
    prepareConnection: 1,
    createConnection: 0,
    closeConnection: 0,
    deleteContainerState: 1,
    modifyServiceSettings: 2,
    setMigrating: 1,
    resumeConnection: 0,
    setNextPort: 1,
    seedBridgeNextId: 1,
    saveRecording: 1,
    close: 0,
  }),
  ...speaking({
    capabilities: 0,
    createContainer: 2,
    openContainer: 1,
    createProcess: 1,
    openProcess: 1,
    execInUVM: 1,
    exec: 1,
    dumpStacks: 0,
    isConnected: 0,
    nextPort: 0,
    bridgeNextId: 0,
  }),
}

/** What a guest of a fake Host has around it. */
interface GuestInside {
  readonly disconnected: (...error: [] | [Error]) => void
  readonly closed: () => void
}

const GuestBase = scripted<GuestEvents, GuestLike>('guest', GUEST_EVENTS, RULES)

export class FakeGuest extends GuestBase implements GuestLike {
  readonly guestOS: GuestOS
  /** Those that the fake has made, in order. */
  readonly containers: FakeContainer[] = []
  readonly #id: string
  readonly #onContainer: ((container: FakeContainer) => void) | undefined
  readonly #inside: GuestInside | undefined
  #isConnected = false
  #isClosed = false

  /** @throws {InvalidConfigError} a bad option */
  constructor(options: FakeGuestOptions = {}, /** @internal */ inside?: GuestInside) {
    checkOptions({ op: 'guest script' }, options, GUEST_FAKE_OPTIONS)
    const { id = 'fake', guestOS = 'linux', onContainer } = options
    super(id, options)
    this.#id = id
    this.guestOS = guestOS
    this.#onContainer = onContainer
    this.#inside = inside
  }

  /** The connection ends: 'disconnected' is told, by its Host too; with an error it was lost. Nothing happens without a connection. */
  disconnects(error?: Error): this {
    if (!this.#isConnected) return this
    this.#isConnected = false
    const args: [] | [Error] = error === undefined ? [] : [error]
    this.emit('disconnected', ...args)
    this.#inside?.disconnected(...args)
    return this
  }

  /** @internal Its VM or Host is over. */
  ends(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.disconnects()
    for (const container of this.containers) container.lost()
    this.#inside?.closed()
    this.endEvents()
  }

  protected override defaults(): Defaults<GuestLike> {
    const made = (id: string): FakeContainer => {
      const inside = { vmId: this.#id, onExit: () => this.emit('container-exited', id) }
      const container = new FakeContainer({ ...this.surroundings, id }, inside)
      this.containers.push(container)
      this.#onContainer?.(container)
      return container
    }
    return {
      isConnected: () => this.#isConnected,
      createContainer: made,
      openContainer: (id: string) => this.containers.findLast((one) => one.id === id) ?? made(id),
      closeConnection: () => undefined,
      close: () => undefined,
    }
  }

  protected override done(method: MethodsOf<GuestLike>): void {
    if (method === 'createConnection' || method === 'resumeConnection') this.#isConnected = true
    if (method === 'closeConnection') this.disconnects()
    if (method === 'close') this.ends()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }
}

/** What `exec` answers: `guest.always('exec', { value: execOutput('6.1.0\n') })`. */
export function execOutput(stdout = '', { exitCode = 0, stderr = '' } = {}): ExecOutput {
  return { exitCode, stdout: Buffer.from(stdout), stderr: Buffer.from(stderr), truncated: false }
}
