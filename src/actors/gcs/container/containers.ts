// The guest's containers as the actor knows them: whose exit is awaited, and how they are asked for.
//
// The exit is registered before Create is sent, because the guest may tell of it before it answers. It stays registered when a handle is
// closed, since the guest tells of it all the same; a Create that failed takes it back. A Create whose caller gave up and that succeeds
// later is made good: the container is shut down and its state deleted, and until then its id counts as taken.

import {
  BridgeClosedError,
  GuestConnectionUnavailableError,
  InvalidStateError,
  OperationTimeoutError,
  type UVMError,
} from '../../../errors.js'
import { modifyBody, requestBody, type ContainerNotice } from '../../../protocol/bridge/messages.js'
import { HRESULT } from '../../../protocol/hresult.js'
import type { ActorCall } from '../../mailbox/contract.js'
import type { GuestConnection } from '../connection/connection.js'
import type { Connected } from '../connection/connector.js'
import type { GuestRequests } from '../contract.js'

/** How long a guest may take to say that it will shut a container down, milliseconds. As the reference host. */
const SHUTDOWN_TIMEOUT_MS = 30_000

/** The container is gone already, in either form of the code: what a shutdown wanted. */
const GONE = [HRESULT.HCS_E_SYSTEM_NOT_FOUND, 0xc037_010e]

interface ContainerEntry {
  readonly key: number
  readonly id: string
  readonly connection: GuestConnection
  /** Resolves at the exit; rejects when the connection ends or the handle is closed. */
  readonly exit: Promise<void>
  readonly exited: () => void
  readonly lost: (error: UVMError) => void
}

export interface ContainersOptions {
  vmId: string
  /** A container has exited whose Create was not given up. */
  onExit: (id: string) => void
}

export class GuestContainers {
  readonly #options: ContainersOptions
  readonly #byKey = new Map<number, ContainerEntry>()
  /** Whose exit has not come yet, on the connection that lives; those being made good included. */
  readonly #byId = new Map<string, ContainerEntry>()
  /** Exits that came while nobody had a handle: whoever opens such a container hears of it at once. */
  readonly #unheard = new Set<string>()
  /** Whose exit was told here, without word of the guest. */
  readonly #toldHere = new Set<string>()

  constructor(options: ContainersOptions) {
    this.#options = options
  }

  /** Names a container in errors. */
  #context(op: string, id: string): { op: string; id: string } {
    return { op, id: `${this.#options.vmId}:${id}` }
  }

  // -------------------------------------------------------------------------------------------------------- create, open

  async create(
    { connection, guest }: Connected,
    input: GuestRequests['createContainer']['input'],
    call: ActorCall,
  ): Promise<void> {
    const { key, id, config, op } = input
    const entry = this.#add(connection, key, id, op)
    this.#unheard.delete(id)
    this.#toldHere.delete(id)
    const added = connection.register(id)
    const makeGood = (): void =>
      void this.#makeGood(entry, guest.guestDefined['DeleteContainerStateSupported'] === true)
    const forget = call.onCancel(() => this.#byKey.delete(key))
    try {
      const body = requestBody(id, { ContainerConfig: JSON.stringify(config) })
      await connection.request('Create', body, {
        op,
        id: this.#context(op, id).id,
        call,
        onLate: (answer) => {
          if (answer.result === 0) makeGood()
          else this.#takeBack(entry, added)
        },
      })
    } catch (error) {
      this.#byKey.delete(key)
      if (error instanceof BridgeClosedError && !call.isCancelled() && !connection.closed) {
        // Cut by a break that is followed. An answer may never come, so the id is free; one that comes is made good.
        this.#remove(entry)
        connection.disown(id)
      }
      // Given up or out of time: the answer is still to come, and the id is taken until it has.
      else if (!call.isCancelled() && !(error instanceof OperationTimeoutError)) this.#takeBack(entry, added)
      throw error
    } finally {
      forget()
    }
    if (call.isCancelled()) makeGood()
  }

  #add(connection: GuestConnection, key: number, id: string, op: string): ContainerEntry {
    if (this.#byId.has(id)) {
      const reason = 'there is a handle on this container already'
      throw new InvalidStateError({ ...this.#context(op, id), state: 'container-exists', reason })
    }
    let exited = (): void => undefined
    let lost: (error: UVMError) => void = () => undefined
    const exit = new Promise<void>((resolve, reject) => {
      exited = resolve
      lost = reject
    })
    exit.catch(() => undefined)
    const entry = { key, id, connection, exit, exited, lost }
    this.#byKey.set(key, entry)
    this.#byId.set(id, entry)
    return entry
  }

  /** The container does not exist after all. */
  #takeBack(entry: ContainerEntry, unregister: boolean): void {
    this.#remove(entry)
    if (unregister) entry.connection.unregister(entry.id)
  }

  #remove(entry: ContainerEntry): void {
    if (this.#byId.get(entry.id) === entry) this.#byId.delete(entry.id)
  }

  /** A container that nobody has asked for any more: its failures are nobody's either. */
  async #makeGood(entry: ContainerEntry, canDelete: boolean): Promise<void> {
    const { connection, id } = entry
    const body = requestBody(id)
    const op = 'guest.createContainer'
    await connection.request('ShutdownForced', body, { op }).catch(() => undefined)
    if (canDelete) await connection.request('DeleteContainerState', body, { op }).catch(() => undefined)
    this.#remove(entry)
  }

  /** Takes a handle on a container that runs; sends nothing. */
  open({ connection }: Connected, { key, id }: GuestRequests['openContainer']['input']): void {
    const entry = this.#add(connection, key, id, 'guest.openContainer')
    if (this.#unheard.delete(id)) {
      this.#remove(entry)
      entry.exited()
    } else connection.register(id)
  }

  /** Its caller gave up before it had the handle. */
  discard(key: number, connected: Connected | undefined): void {
    const entry = this.#byKey.get(key)
    this.#byKey.delete(key)
    if (entry === undefined || connected === undefined || entry.connection !== connected.connection) return
    void this.#makeGood(entry, connected.guest.guestDefined['DeleteContainerStateSupported'] === true)
  }

  // --------------------------------------------------------------------------------------------------------------- calls

  #entry(key: number, op: string): ContainerEntry {
    const entry = this.#byKey.get(key)
    if (entry !== undefined) return entry
    const { vmId } = this.#options
    throw new InvalidStateError({ op, id: vmId, state: 'closed', reason: 'the container handle was closed' })
  }

  /** An entry that can be asked for something. @throws {GuestConnectionUnavailableError} its connection is over */
  #reachable(key: number, op: string, { connection }: Connected): ContainerEntry {
    const entry = this.#entry(key, op)
    if (entry.connection === connection) return entry
    const reason = 'the connection it was opened on has ended; open it again'
    throw new GuestConnectionUnavailableError({ ...this.#context(op, entry.id), reason })
  }

  /** Start, and the two kinds of shutdown: their answer means that the request was accepted. */
  async ask(
    { key, rpc, isUntold, op }: GuestRequests['askContainer']['input'],
    connected: Connected,
    call: ActorCall,
  ): Promise<void> {
    const { id, connection } = this.#reachable(key, op, connected)
    const isShutdown = rpc !== 'Start'
    await connection.request(rpc, requestBody(id), {
      ...this.#context(op, id),
      call,
      ...(isShutdown ? { accept: GONE } : {}),
      ...(isShutdown && !call.timed ? { timeoutMs: SHUTDOWN_TIMEOUT_MS } : {}),
    })
    // Stays registered: a guest that tells of it after all does no wrong.
    if (isUntold && this.#byId.get(id)?.key === key) {
      this.exited({ containerId: id })
      this.#toldHere.add(id)
    }
  }

  async modify(key: number, request: string, op: string, connected: Connected, call: ActorCall): Promise<void> {
    const { id, connection } = this.#reachable(key, op, connected)
    const options = { ...this.#context(op, id), call }
    await connection.request('ModifySettings', modifyBody(id, request), options)
  }

  async properties(key: number, query: string, op: string, connected: Connected, call: ActorCall): Promise<unknown> {
    const { id, connection } = this.#reachable(key, op, connected)
    const body = requestBody(id, { Query: JSON.stringify(query) })
    return (await connection.request('GetProperties', body, { ...this.#context(op, id), call })).properties
  }

  wait(key: number): Promise<void> {
    return this.#entry(key, 'container.wait').exit
  }

  /** The state of a container that has ended, with a handle or without. */
  async deleteState(id: string, op: string, { connection }: Connected, call: ActorCall): Promise<void> {
    await connection.request('DeleteContainerState', requestBody(id), { ...this.#context(op, id), call })
    this.#unheard.delete(id)
    if (this.#toldHere.delete(id)) connection.unregister(id)
  }

  // -------------------------------------------------------------------------------------------------------------- ending

  /** The guest has told of an exit. */
  exited({ containerId: id }: Pick<ContainerNotice, 'containerId'>): void {
    if (this.#toldHere.delete(id)) return
    const entry = this.#byId.get(id)
    if (entry === undefined) this.#unheard.add(id)
    // One that is being made good is nobody's; its id stays taken until that is done.
    else if (this.#byKey.get(entry.key) !== entry) return
    else {
      this.#byId.delete(id)
      entry.exited()
    }
    this.#options.onExit(id)
  }

  /** The guest is back on a new transport: answers to what was given up on the old one may never come, so these ids are free again. */
  restored(connection: GuestConnection): void {
    for (const entry of [...this.#byId.values()]) {
      if (this.#byKey.get(entry.key) === entry) continue
      this.#remove(entry)
      connection.disown(entry.id)
    }
  }

  /** Local: nothing is sent, and whoever waits hears that the handle is closed. */
  close(key: number): void {
    const entry = this.#byKey.get(key)
    if (entry === undefined) return
    this.#byKey.delete(key)
    this.#remove(entry)
    const reason = 'the container handle was closed'
    entry.lost(new InvalidStateError({ ...this.#context('container.wait', entry.id), state: 'closed', reason }))
  }

  /** The connection is over: nobody will tell of these exits any more. */
  connectionClosed(cause: UVMError | undefined): void {
    for (const entry of this.#byId.values()) {
      const why = cause === undefined ? { reason: 'it was closed on purpose' } : { cause }
      entry.lost(new BridgeClosedError({ ...this.#context('container.wait', entry.id), ...why }))
    }
    this.#byId.clear()
    this.#unheard.clear()
    this.#toldHere.clear()
  }
}
