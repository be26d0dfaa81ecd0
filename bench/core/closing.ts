// What a suite has opened, closed in reverse order when it ends, however it ends.

export class Closing {
  readonly #closers: (() => unknown)[] = []

  add<T>(opened: T, close: (opened: T) => unknown): T {
    this.#closers.push(() => close(opened))
    return opened
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const close of this.#closers.reverse()) await close()
  }
}
