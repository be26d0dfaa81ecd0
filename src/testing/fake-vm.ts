// A VM whose exit is told by hand.

import { InvalidStateError } from '../errors.js'
import { oneOf, TEXT } from '../options/rows.js'
import { checkOptions, optionTable } from '../options/table.js'
import type { GuestOS } from '../protocol/guest-os.js'
import { HOST_METHODS, type HostMethod } from '../protocol/host-modifications/index.js'
import type { OperationSystemMigrationNotificationInfo } from '../protocol/schema/index.js'
import { EventStream } from '../actors/event-stream.js'
import type { EventArguments } from '../actors/events.js'
import type { ExitStatus } from '../actors/vm/managers/index.js'
import { VM_EVENTS, type VmEvents } from '../actors/vm/vm-events.js'
import type { UtilityVMLike } from '../actors/vm/vm-like.js'
import { silent, speaking, type MethodsOf } from './answers.js'
import { FAKE_ROWS, refuse, scripted, type Defaults, type FakeOptions } from './scripted.js'

export interface FakeVMOptions extends FakeOptions {
  /** A GUID; default one that ends in f. A fake Host numbers its own. */
  runtimeId?: string
  /** Default 'linux'. */
  guestOS?: GuestOS
}

export const VM_FAKE_OPTIONS = optionTable<FakeVMOptions>('options', {
  ...FAKE_ROWS,
  runtimeId: TEXT,
  guestOS: oneOf('linux', 'windows'),
})

const CHANGES = silent(
  Object.fromEntries(Object.entries(HOST_METHODS).map(([name, { takes }]) => [name, takes.length])) as Record<
    HostMethod,
    number
  >,
)

const RULES = {
  ...CHANGES,
  ...silent({
    start: 0,
    terminate: 0,
    shutdown: 0,
    close: 0,
    pause: 0,
    resume: 0,
    save: 1,
    modify: 1,
    startWithMigrationOptions: 1,
    initializeLiveMigrationOnSource: 1,
    startLiveMigrationOnSource: 1,
    startLiveMigrationTransfer: 1,
    cancelLiveMigration: 1,
    finalizeLiveMigration: 1,
  }),
  ...speaking({ wait: 0, propertiesV2: 1, propertiesV3: 1, startedTime: 0, stoppedTime: 0, exitError: 0 }),
}

/** What a VM of a fake Host has around it. */
interface VMInside {
  readonly exited: (exit: ExitStatus) => void
  readonly closed: () => void
}

const VMBase = scripted<VmEvents, UtilityVMLike>('vm', VM_EVENTS, RULES)

export class FakeVM extends VMBase implements UtilityVMLike {
  readonly id: string
  readonly runtimeId: string
  readonly guestOS: GuestOS
  readonly #inside: VMInside | undefined
  readonly #migrationReaders = new Set<EventStream<OperationSystemMigrationNotificationInfo>>()
  #exit: ExitStatus | undefined
  #isClosed = false
  #told: (exit: ExitStatus) => void = () => undefined
  #failed: (error: Error) => void = () => undefined
  readonly #exited = new Promise<ExitStatus>((resolve, reject) => {
    this.#told = resolve
    this.#failed = reject
  })

  /** @throws {InvalidConfigError} a bad option */
  constructor(options: FakeVMOptions = {}, /** @internal */ inside?: VMInside) {
    checkOptions({ op: 'vm script' }, options, VM_FAKE_OPTIONS)
    const { id = 'fake', runtimeId = '00000000-0000-0000-0000-00000000000f', guestOS = 'linux' } = options
    super(id, options)
    this.id = id
    this.runtimeId = runtimeId
    this.guestOS = guestOS
    this.#inside = inside
    // Nobody may have asked.
    this.#exited.catch(() => undefined)
  }

  /** Its exit, once it was told of one. */
  get exit(): ExitStatus | undefined {
    return this.#exit
  }

  /** It ends: `wait` resolves, 'exit' is told, by its Host too ('vm-exited'). Status 0 unless given. The first end counts. */
  exits(exit: Partial<ExitStatus> & Pick<ExitStatus, 'exitType'>): this {
    const given: unknown = (exit as Partial<ExitStatus> | undefined)?.exitType
    if (typeof given !== 'string') refuse('vm script', 'exitType', given, 'expected a string')
    if (this.#exit !== undefined) return this
    const status: ExitStatus = { status: 0, ...exit }
    this.#exit = status
    this.#told(status)
    this.emit('exit', status)
    this.#inside?.exited(status)
    this.#endReaders()
    return this
  }

  override emit<K extends keyof VmEvents & string>(event: K, ...args: EventArguments<VmEvents, K>): void {
    super.emit(event, ...args)
    if (event !== 'migration') return
    for (const reader of this.#migrationReaders) reader.push(args[0] as OperationSystemMigrationNotificationInfo)
  }

  /** What is told by `emit('migration', …)` from now on. */
  migrationNotifications(): EventStream<OperationSystemMigrationNotificationInfo> {
    const reader: EventStream<OperationSystemMigrationNotificationInfo> = new EventStream(() => {
      this.#migrationReaders.delete(reader)
    })
    if (this.#exit !== undefined || this.#isClosed) reader.end()
    else this.#migrationReaders.add(reader)
    return reader
  }

  #endReaders(): void {
    for (const reader of [...this.#migrationReaders]) reader.end()
  }

  /** @internal Its handle was closed, by its caller or its Host. */
  ends(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#failed(new InvalidStateError({ op: 'vm.wait', id: this.id, state: 'closed', reason: 'the VM was closed' }))
    this.#endReaders()
    this.#inside?.closed()
    this.endEvents()
  }

  protected override defaults(): Defaults<UtilityVMLike> {
    return {
      wait: () => this.#exited,
      terminate: () => void this.exits({ exitType: 'ForcedExit' }),
      exitError: () => {
        if (this.#exit !== undefined) return this.#exit.error
        const reason = 'the VM has not exited'
        throw new InvalidStateError({ op: 'vm.exitError', id: this.id, state: 'running', reason })
      },
      close: () => undefined,
    }
  }

  protected override done(method: MethodsOf<UtilityVMLike>): void {
    if (method === 'close') this.ends()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }
}
