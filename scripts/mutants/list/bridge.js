// The heart of a guest connection: what is outstanding, and what an earlier connection has left.

import { inFile } from '../mutant.js'

export default [
  ...inFile('src/actors/gcs/connection/bridge.ts', [
    {
      breaks: 'the answer to nobody is taken',
      from: 'throw new ProtocolError({ reason: `the guest answered the request ${id}, which is not outstanding` })',
      to: 'return []',
    },
    {
      breaks: 'an abandoned call settles as if somebody waited',
      from: "call.abandoned ? 'late' : 'settle'",
      to: "'settle'",
    },
    {
      breaks: 'an exit that nobody waits for is no violation',
      from: 'if (this.#options.takesOver !== undefined) return\n',
      to: 'return\n',
    },
    {
      breaks: 'an exit is taken twice',
      from: '!this.#containers.delete(containerId) &&',
      to: '!this.#containers.has(containerId) &&',
    },
    {
      breaks: 'WaitForProcess has the time of other requests',
      from: "rpc === 'WaitForProcess' && bounds.timeoutMs === undefined ? Infinity : ",
      to: '',
    },
    { breaks: 'frames behind a violation are read on', from: 'if (this.closed) break', to: '' },
    {
      breaks: 'the call that was answered badly hears only that the connection is over',
      from: "if (!call.abandoned) effects.push({ do: 'fail', id, error: error as UVMError, bounds })",
      to: '',
    },
    {
      breaks: 'calls are sent on a transport that only the handshake may use',
      from: 'bounds.handshake === true)',
      to: 'true)',
    },
    {
      breaks: 'a new transport goes on inside a frame of the old one',
      from: "this.#reader = this.#newReader()\n    this.#transport = { kind: 'resuming' }",
      to: "this.#transport = { kind: 'resuming' }",
    },
    { breaks: 'an end inside a frame counts as an orderly one', from: "if (where === 'boundary')", to: 'if (where)' },
    {
      breaks: 'a lost transport that is followed ends the connection',
      from: 'if (!this.#migrating && !this.#isFollowed) return this.close(cause)',
      to: 'if (!this.#migrating) return this.close(cause)',
    },
    {
      breaks: 'strays of an earlier connection break the protocol',
      from: 'if (this.#strayIds.delete(id)) return\n',
      to: '\n',
    },
    {
      breaks: 'a guest may answer a stray for ever',
      from: 'if (this.#strayIds.delete(id)) return\n',
      to: 'if (this.#strayIds.has(id)) return\n',
    },
    {
      breaks: 'an observer that throws costs an answer',
      from: "} catch {\n      // Not the guest's fault, and not the caller's.\n    }",
      to: '} finally {\n    }',
    },
    {
      breaks: 'a large answer to a small request is taken',
      from: 'this.#outstanding.get(id)?.maxBytes ?? MAX_GUEST_FRAME_BYTES',
      to: 'MAX_STACKS_FRAME_BYTES',
    },
    { breaks: 'a wait that was taken over does not outlive a break', from: 'bounds.outlives = true', to: '' },
    {
      breaks: 'the answer that was held for a wait is forgotten',
      from: 'const frame = this.#held?.takeAnswer(id)\n',
      to: 'const frame = this.#held && undefined\n',
    },
    {
      breaks: 'switching migration off leaves a lost connection parked for ever',
      from: "if (on || this.#transport.kind !== 'down') return []",
      to: 'return []',
    },
    { breaks: 'leftovers forget who was disowned', from: 'this.#strayContainers.add(containerId)', to: '' },
    {
      breaks: 'ids of the program before are a violation',
      from: 'if (this.#held === undefined && this.#isEarlier(id)) return\n',
      to: '\n',
    },
  ]),
  ...inFile('src/actors/gcs/connection/outstanding.ts', [
    {
      breaks: 'a time-out closes the connection although only the call is to fail',
      from: "options.onRequestTimeout === 'close' && ",
      to: '',
    },
    {
      breaks: "a call's own time costs the connection",
      from: ' && (call.bounds.timeoutMs ?? Infinity) > options.requestTimeoutMs',
      to: '',
    },
    {
      breaks: 'a call that ran out runs out again',
      from: 'call.abandoned = true\n      due.push(call)',
      to: 'due.push(call)\n      this.remove(call)',
    },
    {
      breaks: 'a break fails the waits that outlive it',
      from: '(isMigrating || outlives === true)',
      to: 'isMigrating',
    },
    {
      breaks: 'a break during a migration fails what is asked',
      from: '(isMigrating || outlives === true)',
      to: 'outlives === true',
    },
    {
      breaks: 'what a guest never answers is remembered without bound',
      from: 'this.#forgetOldest()\n    return failures',
      to: 'return failures',
    },
    {
      breaks: 'an abandoned call keeps a deadline',
      from: 'return this.abandoned || this.#isGone',
      to: 'return this.#isGone',
    },
    {
      breaks: 'the handshake on a lost transport is still expected',
      from: 'if (handshake === true) this.remove(call)\n      else call.abandoned = true',
      to: 'call.abandoned = true',
    },
    {
      breaks: 'whoever gave up is told once more at the end',
      from: 'if (!call.abandoned) failures.push(failureOf(call, error()))',
      to: 'failures.push(failureOf(call, error()))',
    },
  ]),
  ...inFile('src/actors/gcs/connection/request-ids.ts', [
    {
      breaks: 'an id that was jumped over counts as used',
      from: '!this.#skipped.some(({ from, to }) => id >= from && id < to)',
      to: 'true',
    },
    {
      breaks: 'a seed lowers the next id',
      from: 'if (next <= this.#next) return',
      to: 'if (next === this.#next) return',
    },
    { breaks: 'an id that was taken over is used once more', from: 'this.seed(id + 1n)', to: 'this.seed(id)' },
  ]),
  ...inFile('src/actors/gcs/connection/restore.ts', [
    { breaks: 'one answer may be held twice', from: 'if (this.#answers.has(frame.id))', to: 'if (false)' },
    { breaks: 'as many bytes are held as a guest sends', from: 'this.#bytes <= MAX_HELD_BYTES && ', to: '' },
    {
      breaks: 'as many frames are held as a guest sends',
      from: ' && this.#answers.size + this.#notices.size < MAX_HELD_FRAMES',
      to: '',
    },
    {
      breaks: 'the oldest strays are remembered, not the newest',
      from: '.slice(-MAX_STRAYS)',
      to: '.slice(0, MAX_STRAYS)',
    },
    { breaks: 'one exit may be held twice', from: 'if (this.#notices.has(notice.containerId)) {', to: 'if (false) {' },
  ]),
]
