// What Host, UtilityVM, Guest and Container are as emitters, without what is private to them: anybody's own class can be one.

import type { EventArguments, EventStreamOptions, OnceOptions } from './events.js'

/** One reader's events, in order: what `events` answers. */
export interface EventIterator<T> extends AsyncIterableIterator<T> {
  /** Entries that this reader lost because it was too slow. */
  readonly dropped: number
}

/** Typed events: `E` is a map of event name to its arguments, such as HostEvents. */
export interface EventsLike<E> {
  on<K extends keyof E & string>(event: K, listener: (...args: EventArguments<E, K>) => unknown): this
  /** `signal` takes the listener away when it aborts. */
  once<K extends keyof E & string>(
    event: K,
    listener: (...args: EventArguments<E, K>) => unknown,
    options?: OnceOptions,
  ): this
  off<K extends keyof E & string>(event: K, listener: (...args: EventArguments<E, K>) => unknown): this
  /** What Node.js calls `on`. */
  addListener<K extends keyof E & string>(event: K, listener: (...args: EventArguments<E, K>) => unknown): this
  /** What Node.js calls `off`. */
  removeListener<K extends keyof E & string>(event: K, listener: (...args: EventArguments<E, K>) => unknown): this
  /** The arguments of each event from the call on; ends when nothing more can come. */
  events<K extends keyof E & string>(event: K, options?: EventStreamOptions): EventIterator<EventArguments<E, K>>
}
