// Deliberately broken variants of the actors, each one small fault in one built file: the simulation must find every one of them.

export interface Variant {
  readonly name: string
  /** Below dist/. */
  readonly file: string
  /** Text of the built file, which must be there, and what stands in its place. */
  readonly changes: readonly (readonly [from: string, to: string])[]
}

const CALLS = 'actors/native-calls.js'
const QUEUE = 'actors/vm/queue.js'
const HANDLE = 'actors/vm/handle.js'
const PROXY = 'actors/vm/proxy.js'

export const VARIANTS: readonly Variant[] = [
  {
    name: 'a slot is not given back',
    file: CALLS,
    changes: [['for (const release of releases)\n                release();', '']],
  },
  {
    name: 'changes of one VM are taken last first',
    file: QUEUE,
    changes: [['const next = this.#waiting.shift()', 'const next = this.#waiting.pop()']],
  },
  {
    name: 'an exit is told as often as it is heard',
    file: PROXY,
    changes: [['#exited(notice) {\n        if (this.#exit !== undefined)\n            return;', '#exited(notice) {']],
  },
  {
    name: 'whoever waits for the exit is forgotten',
    file: HANDLE,
    changes: [['this.#waiters.settle(({ resolve }) => resolve(effect.exit));', '']],
  },
  {
    name: 'a handle is not closed',
    file: HANDLE,
    changes: [['if (system !== undefined)\n            await this.#closeHandle(system);', '']],
  },
  {
    name: 'the barrier of a terminate stays',
    file: QUEUE,
    changes: [["if (this.#barrier === 'terminating')\n            this.#barrier = undefined;", '']],
  },
  {
    name: 'the timer of an answered call goes on',
    file: 'actors/mailbox/caller.js',
    changes: [['pending.timer?.clear();\n        pending.unlisten', 'pending.unlisten']],
  },
  {
    name: 'bytes that were taken give no credit',
    file: 'actors/gcs/process/stdio-streams.js',
    changes: [['credit: this.#takenBytes', 'credit: 0']],
  },
  {
    name: 'a listener for the guest stays open',
    file: 'actors/gcs/connection/bridge-listener.js',
    changes: [['return listener.close();', 'return;']],
  },
  {
    name: 'the port of a stream stays open behind its end',
    file: 'actors/gcs/process/stdio-channel.js',
    changes: [['this.port.close();\n        socket.destroy();', 'this.port.unref();']],
  },
  {
    name: 'a termination is answered before its exit is told',
    file: PROXY,
    changes: [
      [
        "mailbox.onNotice('exit', (notice) => this.#exited(notice));",
        "mailbox.onNotice('exit', (notice) => mailbox.clock.after(5, () => this.#exited(notice)));",
      ],
    ],
  },
  {
    name: 'a change begins before the one in front of it has ended',
    file: QUEUE,
    changes: [['if (this.#current !== undefined)\n            return [];\n        const next', 'const next']],
  },
  {
    name: 'the guest of a VM that is taken over is left',
    file: 'actors/host-recovery.js',
    changes: [['if (known.guest !== undefined)\n            await', 'if (false) await']],
  },
  {
    name: 'a guest that dials again is not waited for',
    file: 'actors/gcs/connection/connector.js',
    changes: [['if (this.#reconnector !== undefined)\n            connection.follow();', '']],
  },
]
