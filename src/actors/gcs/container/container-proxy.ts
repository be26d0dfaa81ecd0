// A container inside a guest, as the main thread holds it. Closing the handle is local: the container goes on.

import {
  ActorLostError,
  GuestConnectionUnavailableError,
  InvalidConfigError,
  InvalidStateError,
  type UVMError,
} from '../../../errors.js'
import { isRecord } from '../../../protocol/json.js'
import type {
  LcowProcessParameters,
  ProcessParameters,
  Properties,
  PropertyType,
} from '../../../protocol/schema/index.js'
import { Events } from '../../events.js'
import { checkTexts, documentText, readArgument } from '../../arguments.js'
import { checkWanted } from '../../mailbox/call-options.js'
import type { CallOptions, CallSubject } from '../../mailbox/contract.js'
import { within } from '../../mailbox/within.js'
import type { ContainerCallName } from '../contract.js'
import type { ContainerLike } from '../guest-like.js'
import type { GuestProcess } from '../process/process-proxy.js'
import { startProcess, type ProcessHost } from '../process/process-start.js'
import { CONTAINER_EVENTS, type ContainerEvents } from './container-events.js'

/** @internal */
export interface ContainerWiring extends ProcessHost {
  readonly key: number
  readonly id: string
  /** Refuses a call when this side knows that there is no guest. */
  assertAlive(subject: CallSubject): void
}

export class Container extends Events<ContainerEvents> implements ContainerLike {
  readonly id: string
  readonly #wiring: ContainerWiring
  /** Asked once up front: the answer stays when the handle is closed or the guest gone. */
  readonly #exit: Promise<void>
  #isClosed = false
  /** No actor knows of it any more. */
  #lost: UVMError | undefined
  readonly #forget: (() => void) | undefined

  /** @internal made by Guest.createContainer and Guest.openContainer */
  constructor(wiring: ContainerWiring) {
    super('container', CONTAINER_EVENTS)
    this.#wiring = wiring
    this.id = wiring.id
    const { key, id, mailbox, survivors } = wiring
    this.#forget = survivors?.add({
      takeOver: () =>
        mailbox.call('openContainer', { key, id }, { ...this.#subject('wait'), op: 'guest.openContainer' }),
      lost: (error) => (this.#lost = error),
    })
    this.#exit = this.#askExit()
    this.#exit.then(
      () => {
        this.#forget?.()
        this.emit('exited')
        this.endEvents()
      },
      (error: unknown) => {
        this.#forget?.()
        if (error instanceof ActorLostError) this.#lost ??= error
        this.endEvents()
      },
    )
  }

  #askExit(): Promise<void> {
    const { mailbox, key, survivors } = this.#wiring
    const subject = this.#subject('wait')
    const ask = async (options?: CallOptions): Promise<void> => {
      if (this.#lost !== undefined) throw this.#lost
      return mailbox.call('waitContainer', { key }, subject, options)
    }
    return survivors === undefined ? ask() : survivors.wait(ask, subject, undefined)
  }

  #subject(method: string): CallSubject {
    return { op: `container.${method}`, id: `${this.#wiring.vmId}:${this.id}` }
  }

  /** Refuses a call that needs the container: its handle was closed, or the guest is gone. */
  #ready(method: string): CallSubject {
    const subject = this.#subject(method)
    if (this.#isClosed) {
      throw new InvalidStateError({ ...subject, state: 'closed', reason: 'the container handle was closed' })
    }
    this.#wiring.assertAlive(subject)
    this.#wiring.survivors?.assertThere(subject)
    if (this.#lost === undefined) return subject
    const reason = 'the connection it was opened on has ended; open it again'
    throw new GuestConnectionUnavailableError({ ...subject, reason, cause: this.#lost })
  }

  async #ask(method: string, rpc: ContainerCallName, options: CallOptions | undefined): Promise<void> {
    const subject = this.#ready(method)
    const { key, guestOS, inits, mailbox } = this.#wiring
    const isUntold = guestOS === 'linux' && rpc === 'ShutdownForced' && inits?.neverStarted(this.id) === true
    await mailbox.call('askContainer', { key, rpc, isUntold, op: subject.op }, subject, options)
  }

  /** Starts the container. In a Linux guest its init runs only with the first createProcess, one without OciProcess. */
  start(options?: CallOptions): Promise<void> {
    return this.#ask('start', 'Start', options)
  }

  /** Asks it to end; resolves when the request was accepted, or the container is gone. 30 s unless a time is given. */
  shutdown(options?: CallOptions): Promise<void> {
    return this.#ask('shutdown', 'ShutdownGraceful', options)
  }

  /**
   * Ends it by force; resolves when the request was accepted, or the container is gone. 30 s unless a time is given. A container whose init
   * was never started has exited with that: a Linux guest tells nothing of it.
   */
  terminate(options?: CallOptions): Promise<void> {
    return this.#ask('terminate', 'ShutdownForced', options)
  }

  /** One modification of the container, sent as given. */
  async modify(request: unknown, options?: CallOptions): Promise<void> {
    const subject = this.#subject('modify')
    await this.#modify('modify', documentText(subject, undefined, request), options)
  }

  /** Linux: OCI resources. Windows: `{ ResourcePath, Settings }`, such as `Container/Memory/SizeInMB` with a number of MiB. */
  async update(resources: unknown, options?: CallOptions): Promise<void> {
    const subject = this.#subject('update')
    const request = readArgument(subject, 'resources', () => this.#updateRequest(resources))
    await this.#modify('update', request, options)
  }

  async #modify(method: string, request: string, options: CallOptions | undefined): Promise<void> {
    const subject = this.#ready(method)
    const input = { key: this.#wiring.key, request, op: subject.op }
    await this.#wiring.mailbox.call('modifyContainer', input, subject, options)
  }

  #updateRequest(resources: unknown): string {
    const subject = this.#subject('update')
    if (this.#wiring.guestOS === 'linux') {
      // Members of the resources themselves begin with a small letter.
      const isWhole = isRecord(resources) && ('Linux' in resources || 'Windows' in resources)
      const given = isWhole || !isRecord(resources) ? resources : { Linux: resources }
      const settings = documentText(subject, 'LCOWContainerConstraints', given)
      return `{"RequestType":"Update","ResourceType":"ContainerConstraints","Settings":${settings}}`
    }
    if (!isRecord(resources) || typeof resources['ResourcePath'] !== 'string' || resources['ResourcePath'] === '') {
      const reason = 'expected an object with a ResourcePath'
      throw new InvalidConfigError({ ...subject, path: 'resources', secret: resources, reason })
    }
    const { ResourcePath, RequestType = 'Update', ...rest } = resources
    return documentText(subject, undefined, { ResourcePath, RequestType, ...rest })
  }

  /** The older form of the properties; without a query the basic ones. */
  async propertiesV1(query: { PropertyTypes?: string[] } = {}, options?: CallOptions): Promise<unknown> {
    const text = documentText(this.#subject('propertiesV1'), 'Hcs1PropertyQuery', query)
    return this.#properties('propertiesV1', text, options)
  }

  /** An empty list asks for the basic properties. */
  async propertiesV2(types: PropertyType[], options?: CallOptions): Promise<Properties> {
    const subject = this.#subject('propertiesV2')
    readArgument(subject, 'types', () => checkTexts(subject, 'types', types))
    const text = types.length === 0 ? '{}' : JSON.stringify({ PropertyTypes: types })
    return (await this.#properties('propertiesV2', text, options)) as Properties
  }

  #properties(method: string, query: string, options: CallOptions | undefined): Promise<unknown> {
    const subject = this.#ready(method)
    const input = { key: this.#wiring.key, query, op: subject.op }
    return this.#wiring.mailbox.call('containerProperties', input, subject, options)
  }

  /**
   * Linux: without OciProcess the container's init, which is started once; with it a further process. Windows: a command line.
   *
   * @throws {InvalidConfigError} arguments outside OciProcess, which a Linux guest would ignore
   * @throws {InvalidStateError} a second start of the init: 'init-started'
   */
  async createProcess(
    parameters: ProcessParameters | LcowProcessParameters,
    options?: CallOptions,
  ): Promise<GuestProcess> {
    const subject = this.#ready('createProcess')
    return startProcess(this.#wiring, this.id, parameters, subject, options)
  }

  /**
   * Resolves when the container has exited, however often and late it is asked.
   *
   * @throws {BridgeClosedError} the connection ended first, and did not come back
   * @throws {ActorLostError} an actor thread was lost, and the guest is not to come back (`reconnect`)
   * @throws {InvalidStateError} the handle was closed first
   */
  wait(options?: CallOptions): Promise<void> {
    return within(this.#exit, this.#subject('wait'), options, this.#wiring.mailbox.clock)
  }

  /** Releases the handle; sends nothing. Idempotent, resolves in every state. */
  async close(options?: CallOptions): Promise<void> {
    checkWanted(options, this.#subject('close'))
    const isFirst = !this.#isClosed
    this.#isClosed = true
    this.#forget?.()
    const { mailbox, key } = this.#wiring
    const closing = isFirst
      ? mailbox.call('closeContainer', { key }, this.#subject('close')).catch(() => undefined)
      : Promise.resolve()
    await within(closing, this.#subject('close'), options, this.#wiring.mailbox.clock)
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }
}
