// A program's lifeline at a service process: one client there. What concerns the client as a whole is asked here, and when the program
// dies, the end of this connection tells the service.

import { ProviderUnavailableError } from '../../errors.js'
import type { FramedSocket } from './framed-socket.js'
import type { Entered } from './greet.js'
import {
  readLifelineAnswer,
  type Holder,
  type LifelineAnswer,
  type LifelineRequest,
  type ServiceHello,
} from './messages.js'

type Request = LifelineRequest extends infer R ? (R extends LifelineRequest ? Omit<R, 'number'> : never) : never

interface Pending {
  resolve: (answer: LifelineAnswer) => void
  reject: (error: Error) => void
}

export class Lifeline {
  readonly client: string
  readonly hello: ServiceHello
  readonly #connection: FramedSocket
  readonly #pending = new Map<number, Pending>()
  #next = 1

  constructor({ connection, client, hello }: Entered) {
    this.client = client
    this.hello = hello
    this.#connection = connection
    connection.socket.unref()
    connection.open({
      onMessage: (message) => {
        const answer = readLifelineAnswer(message)
        const pending = this.#pending.get(answer.number)
        this.#pending.delete(answer.number)
        pending?.resolve(answer)
      },
      onClose: () => {
        for (const { reject } of this.#pending.values()) reject(this.#gone())
        this.#pending.clear()
      },
    })
    connection.resume()
  }

  get isClosed(): boolean {
    return this.#connection.isClosed
  }

  #gone(): Error {
    const { pid, directory } = this.hello
    return new ProviderUnavailableError({ reason: `the service process of ${directory} (pid ${pid}) is gone` })
  }

  async #ask(request: Request): Promise<LifelineAnswer> {
    if (this.isClosed) throw this.#gone()
    const number = this.#next++
    const answered = new Promise<LifelineAnswer>((resolve, reject) => this.#pending.set(number, { resolve, reject }))
    this.#connection.send({ ...request, number })
    const socket = this.#connection.socket.ref()
    const answer = await answered.finally(() => this.#pending.size === 0 && socket.unref())
    if ('fails' in answer) throw new ProviderUnavailableError({ reason: `the service process failed: ${answer.fails}` })
    return answer
  }

  /** Undefined when the guest connection of the VM is ours, else who holds it. */
  async claim(runtimeId: string, holder: Holder): Promise<Holder | undefined> {
    const answer = await this.#ask({ claim: runtimeId, holder })
    return 'held' in answer ? answer.held : undefined
  }

  /** Never rejects: a service that is gone holds nothing. */
  async release(runtimeId: string): Promise<void> {
    await this.#ask({ release: runtimeId }).catch(() => undefined)
  }

  /** Closes the client's handles and then the connection; waits for the service no longer than until `force`. Never rejects. */
  async leave(force: Promise<unknown> = new Promise(() => undefined)): Promise<void> {
    await Promise.race([this.#ask({ leave: true }).catch(() => undefined), force])
    this.#connection.close()
  }
}
