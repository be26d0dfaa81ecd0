// One reader's view of a VM's migration notifications: what came since it began to listen, bounded, oldest dropped first.

import type { OperationSystemMigrationNotificationInfo } from '../../protocol/schema/index.js'

/** Notifications kept for a reader that is slower than they come. */
export const KEPT_NOTIFICATIONS = 1024

export class MigrationNotifications implements AsyncIterableIterator<OperationSystemMigrationNotificationInfo> {
  readonly #kept: OperationSystemMigrationNotificationInfo[] = []
  readonly #waiting: ((result: IteratorResult<OperationSystemMigrationNotificationInfo>) => void)[] = []
  readonly #onReturn: () => void
  #dropped = 0
  #over = false

  /** `onReturn`: the reader left its loop. */
  constructor(onReturn: () => void = () => undefined) {
    this.#onReturn = onReturn
  }

  /** Notifications that this reader lost because it was too slow. */
  get dropped(): number {
    return this.#dropped
  }

  /** @internal */
  push(info: OperationSystemMigrationNotificationInfo): void {
    if (this.#over) return
    const reader = this.#waiting.shift()
    if (reader !== undefined) {
      reader({ done: false, value: info })
      return
    }
    this.#kept.push(info)
    if (this.#kept.length > KEPT_NOTIFICATIONS) {
      this.#kept.shift()
      this.#dropped++
    }
  }

  /** @internal What is kept can still be read. */
  end(): void {
    this.#over = true
    for (const reader of this.#waiting.splice(0)) reader({ done: true, value: undefined })
  }

  next(): Promise<IteratorResult<OperationSystemMigrationNotificationInfo>> {
    const value = this.#kept.shift()
    if (value !== undefined) return Promise.resolve({ done: false, value })
    if (this.#over) return Promise.resolve({ done: true, value: undefined })
    return new Promise((resolve) => this.#waiting.push(resolve))
  }

  return(): Promise<IteratorResult<OperationSystemMigrationNotificationInfo>> {
    this.#kept.length = 0
    this.end()
    this.#onReturn()
    return Promise.resolve({ done: true, value: undefined })
  }

  [Symbol.asyncIterator](): this {
    return this
  }
}
