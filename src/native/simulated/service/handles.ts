// The open handles, and how events reach their owners: in causal order per handle, never from inside the call that causes them, and not
// to a handle whose close has begun.

import { HRESULT } from '../../../protocol/hresult.js'
import type { Clock } from '../../clock.js'
import { HCS_EVENT, type HcsEvent } from '../../hcs.js'
import { HcsFailure } from '../failure.js'
import type { Handle, LiveSystem } from '../state/live-system.js'

type Deliver = (event: HcsEvent) => void

export class HandleTable {
  readonly #clock: Clock
  readonly #handles = new Map<number, Handle>()
  #next = 1

  constructor(clock: Clock) {
    this.#clock = clock
  }

  add(system: LiveSystem, client: string, deliver: Deliver): number {
    const number = this.#next++
    const handle: Handle = { number, system, client, deliver, queue: [], isOver: false }
    this.#handles.set(number, handle)
    system.handles.add(handle)
    return number
  }

  /** @throws {HcsFailure} no such handle */
  get(number: number): Handle {
    const handle = this.#handles.get(number)
    if (handle === undefined) throw new HcsFailure(HRESULT.E_HANDLE)
    return handle
  }

  find(number: number): Handle | undefined {
    return this.#handles.get(number)
  }

  remove(handle: Handle): void {
    this.mute(handle)
    this.#handles.delete(handle.number)
    handle.system.handles.delete(handle)
  }

  /** Gives a handle that lost its owner to another one, with the events that came meanwhile. @throws {HcsFailure} */
  adopt(number: number, client: string, deliver: Deliver): void {
    const handle = this.get(number)
    handle.client = client
    handle.deliver = deliver
    if (handle.queue.length > 0) this.#deliverSoon(handle)
  }

  /** The thread that owned these handles is gone; the handles stay, and keep their events, for whoever adopts them. */
  orphan(isOwned: (deliver: Deliver) => boolean): void {
    for (const handle of this.#handles.values()) {
      if (handle.deliver !== undefined && isOwned(handle.deliver)) handle.deliver = undefined
    }
  }

  /** Handles of a client that no thread has. */
  orphansOf(client: string): Handle[] {
    return this.ofClient(client).filter(({ deliver }) => deliver === undefined)
  }

  ofClient(client: string): Handle[] {
    return [...this.#handles.values()].filter((handle) => handle.client === client)
  }

  /** One event for every handle of a system. */
  tell(system: LiveSystem, event: HcsEvent): void {
    for (const handle of system.handles) this.#send(handle, event)
  }

  /** The service is gone as far as the handles of a system can tell. */
  disconnect(system: LiveSystem): void {
    for (const handle of system.handles) {
      this.#send(handle, { type: HCS_EVENT.serviceDisconnect, data: '' })
      handle.isOver = true
    }
  }

  /** Its close has begun: nothing is delivered from here on. */
  mute(handle: Handle): void {
    handle.isOver = true
    handle.queue.length = 0
  }

  clear(): void {
    for (const handle of this.#handles.values()) this.mute(handle)
    this.#handles.clear()
  }

  #send(handle: Handle, event: HcsEvent): void {
    if (handle.isOver) return
    handle.queue.push(event)
    this.#deliverSoon(handle)
  }

  #deliverSoon(handle: Handle): void {
    this.#clock.after(0, () => {
      if (handle.deliver === undefined) return
      for (const event of handle.queue.splice(0)) handle.deliver(event)
    })
  }
}
