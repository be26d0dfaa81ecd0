// A container that runs until it is told to have ended.

import { BridgeClosedError } from '../errors.js'
import { checkOptions } from '../options/table.js'
import { CONTAINER_EVENTS, type ContainerEvents } from '../actors/gcs/container/container-events.js'
import type { ContainerLike } from '../actors/gcs/guest-like.js'
import { silent, speaking } from './answers.js'
import { FAKE_OPTIONS, scripted, type Defaults, type FakeOptions } from './scripted.js'

const RULES = {
  ...silent({ start: 0, shutdown: 0, terminate: 0, modify: 1, update: 1, wait: 0, close: 0 }),
  ...speaking({ propertiesV1: 1, propertiesV2: 1, createProcess: 1 }),
}

const ContainerBase = scripted<ContainerEvents, ContainerLike>('container', CONTAINER_EVENTS, RULES)

export class FakeContainer extends ContainerBase implements ContainerLike {
  readonly id: string
  #hasExited = false
  #told: () => void = () => undefined
  #failed: (error: Error) => void = () => undefined
  readonly #exited = new Promise<void>((resolve, reject) => {
    this.#told = resolve
    this.#failed = reject
  })
  readonly #onExit: (() => void) | undefined

  /** @throws {InvalidConfigError} a bad option */
  constructor(options: FakeOptions = {}, /** @internal */ inside?: { vmId: string; onExit: () => void }) {
    checkOptions({ op: 'container script' }, options, FAKE_OPTIONS)
    const { id = 'fake' } = options
    super(inside === undefined ? id : `${inside.vmId}:${id}`, options)
    this.id = id
    this.#onExit = inside?.onExit
    // Nobody may have asked.
    this.#exited.catch(() => undefined)
  }

  /** @internal Its guest is over: whoever waits for its exit is not told of one any more. */
  lost(): void {
    this.#failed(new BridgeClosedError({ op: 'container.wait', id: this.id }))
    this.endEvents()
  }

  /** It ends: `wait` resolves, 'exited' is told, by its guest too. The first end counts. */
  exits(): this {
    if (this.#hasExited) return this
    this.#hasExited = true
    this.#told()
    this.emit('exited')
    this.#onExit?.()
    this.endEvents()
    return this
  }

  protected override defaults(): Defaults<ContainerLike> {
    return {
      wait: () => this.#exited,
      terminate: () => void this.exits(),
      close: () => undefined,
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }
}
