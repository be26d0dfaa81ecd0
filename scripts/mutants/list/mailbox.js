// Between threads: calls, answers, notices.

import { inFile } from '../mutant.js'

const MAILBOX = ['test/actors/mailbox/']

export default [
  ...inFile('src/actors/mailbox/abort-listeners.ts', [
    {
      breaks: 'every call adds a listener to the signal',
      from: 'const known = listening.get(signal)',
      to: 'const known = undefined as Set<() => void> | undefined',
      tests: MAILBOX,
    },
    {
      breaks: 'one call that ends takes the listeners of all',
      from: 'if (!listeners.delete(listener) || listeners.size > 0 ||',
      to: 'if (!listeners.delete(listener) ||',
      tests: MAILBOX,
    },
  ]),
  ...inFile('src/actors/mailbox/caller.ts', [
    {
      breaks: 'a signal that was aborted before is not seen',
      from: 'if (options?.signal?.aborted === true) throw aborted(subject, options.signal)',
      to: '',
      tests: MAILBOX,
    },
    {
      breaks: 'a call that has not left is sent although its caller gave up',
      from: 'const sent = !dropCall(this.#batch, id)\n    pending.reject(atCallSite(error(sent)',
      to: 'const sent = true\n    pending.reject(atCallSite(error(sent)',
      tests: MAILBOX,
    },
    {
      breaks: 'the actor is not told that its caller gave up',
      from: "if (sent) this.#send(this.#nextId++, 'cancel', id, reason)",
      to: '',
      tests: MAILBOX,
    },
    { breaks: 'listeners of answered calls stay on the signal', from: 'pending.unlisten?.()', to: '', tests: MAILBOX },
    {
      breaks: 'one argument that cannot be cloned fails its whole batch',
      from: 'for (const { id, single } of splitCalls(batch)) this.#post(id, single, [])',
      to: 'for (const { id } of splitCalls(batch)) this.#post(id, batch, [])',
      tests: MAILBOX,
    },
    {
      breaks: 'a notice overtakes the answer before it',
      from: 'if (isAnswered) {',
      to: 'if (false) {',
      tests: MAILBOX,
    },
    {
      breaks: 'what comes behind a held notice overtakes it',
      from: 'if (this.#held.length > 0) this.#held.push(...(message as AnswerBatch))\n      else ',
      to: '',
      tests: MAILBOX,
    },
    {
      breaks: 'notices before anybody listened are lost',
      from: 'if (listener === undefined) this.#early.push({ notice, args: args as never[] })',
      to: 'if (listener === undefined) void 0',
      tests: MAILBOX,
    },
    {
      breaks: 'a mailbox that is over takes calls',
      from: "if (this.#over !== undefined) throw this.#lost(subject, 'later', false)",
      to: '',
      tests: MAILBOX,
    },
    {
      breaks: 'calls in flight at the loss of an actor never settle',
      from: "pending?.reject(atCallSite(this.#lost(pending.subject, 'in-flight', sent), pending.site))",
      to: '',
      tests: MAILBOX,
    },
    {
      breaks: 'answers that were held at the end are lost',
      from: 'while (this.#held.length > 0) this.#release()',
      to: '',
      tests: MAILBOX,
    },
    {
      breaks: "the caller's time is kept by nobody when its thread does not answer",
      from: 'if (timeoutMs !== undefined && timeoutMs !== Infinity) {',
      to: 'if (false) {',
      tests: MAILBOX,
    },
    {
      breaks: 'a stop of an actor that ends is a loss',
      from: 'this.#end(this.#stopping === undefined ? cause : undefined)',
      to: 'this.#end(cause)',
      tests: MAILBOX,
    },
    {
      breaks: 'an error does not say what the call was about',
      from: 'error.op === undefined ? atCallSite(withContext(error, pending.subject), pending.site) : error',
      to: 'error',
      tests: MAILBOX,
    },
    {
      breaks: 'calls of a stuck thread have no bound',
      from: 'if (this.#timeoutOf !== undefined) this.#bound(id, pending, this.#timeoutOf)',
      to: '',
      tests: MAILBOX,
    },
    {
      breaks: 'the bound of a stuck thread counts from when it was noticed',
      from: 'Math.max(startedMs + timeoutMs - this.clock.now(), 0)',
      to: 'timeoutMs',
      tests: MAILBOX,
    },
    {
      breaks: 'the port stays open behind the end',
      from: '    this.#port.close()\n  }\n\n  #lost',
      to: '  }\n\n  #lost',
      tests: MAILBOX,
    },
  ]),
  ...inFile('src/actors/mailbox/endpoint.ts', [
    {
      breaks: 'one answer that cannot be cloned fails its whole batch',
      from: 'for (const single of splitAnswers(batch)) this.#postSingle(single)',
      to: '',
      tests: MAILBOX,
    },
    {
      breaks: 'an answer that cannot be cloned never comes',
      from: 'if (id !== NOTICE) this.#post([-Math.abs(id), toWireError(error)], [])',
      to: 'void toWireError(error)',
      tests: MAILBOX,
    },
    {
      breaks: 'what waits at the close is lost',
      from: 'if (this.#closed) return\n    this.flush()',
      to: 'if (this.#closed) return',
      tests: MAILBOX,
    },
    {
      breaks: 'what fails in an actor crosses as it is',
      from: 'this.#enqueue(-id, toWireError(error))',
      to: 'this.#enqueue(-id, error)',
      tests: MAILBOX,
    },
    {
      breaks: 'a failure crosses as a success',
      from: 'this.#enqueue(-id, toWireError(error))',
      to: 'this.#enqueue(id, toWireError(error))',
      tests: MAILBOX,
    },
    {
      breaks: 'a notice overtakes answers',
      from: 'this.#enqueue(NOTICE, notice)',
      to: 'this.#post([NOTICE, notice], [])',
      tests: MAILBOX,
    },
  ]),
  ...inFile('src/actors/mailbox/expose.ts', [
    {
      breaks: 'a call without a time of its own is timed',
      from: 'return this.timeoutMs !== undefined',
      to: 'return true',
      tests: MAILBOX,
    },
    {
      breaks: 'a time-out does not say how far the call had come',
      from: 'this.standing?.() ?? { sent: true }',
      to: '{ sent: true, reason: undefined }',
      tests: MAILBOX,
    },
    { breaks: 'a call whose time is over goes on', from: "this.cancel('timeout')", to: '', tests: MAILBOX },
    {
      breaks: 'whoever cancels late is not heard',
      from: 'if (this.#reason !== undefined) listener(this.#reason)\n    else ',
      to: '',
      tests: MAILBOX,
    },
    {
      breaks: 'calls are remembered for ever',
      from: 'if (number !== undefined) this.#calls.delete(number)',
      to: '',
      tests: MAILBOX,
    },
    {
      breaks: 'an actor whose port has closed goes on',
      from: 'void this.#stopOnce()\n',
      to: 'void Promise.resolve()\n',
      tests: MAILBOX,
    },
    {
      breaks: 'a handler that keeps the time is timed out all the same',
      from: 'this.#keepsTime = true\n    this.#timer?.clear()',
      to: '',
      tests: MAILBOX,
    },
    {
      breaks: 'the port closes before stop is answered',
      from: 'this.#clock.immediate(() => this.#clock.immediate(() => this.#endpoint.close()))',
      to: 'this.#endpoint.close()',
      tests: MAILBOX,
    },
  ]),
  ...inFile('src/actors/mailbox/wire.ts', [
    {
      breaks: 'the first call that waits is taken out, whichever it is',
      from: 'if (batch[at] !== id) continue',
      to: '',
      tests: MAILBOX,
    },
    {
      breaks: 'the meta data of a call is lost',
      from: 'batch[at + 2], batch[at + 3])',
      to: 'batch[at + 2], undefined)',
      tests: MAILBOX,
    },
  ]),
  ...inFile('src/actors/mailbox/within.ts', [
    {
      breaks: 'what waited for a thread says that it was sent',
      from: 'AWAITS_THREAD = { sent: false,',
      to: 'AWAITS_THREAD = { sent: true,',
      tests: ['test/actors/supervision/dying-replacement.test.ts'],
    },
    {
      breaks: 'a caller has its whole time again',
      from: 'Math.max(timeoutMs - (clock.now() - startedMs), Number.MIN_VALUE)',
      to: 'timeoutMs',
      tests: MAILBOX,
    },
    { breaks: 'listeners stay on the signal', from: 'unlisten?.()', to: '', tests: MAILBOX },
    { breaks: 'timers stay when the work has ended', from: 'timer?.clear()', to: '', tests: MAILBOX },
    {
      breaks: 'a signal that was aborted before is not seen',
      from: 'if (signal?.aborted === true) throw aborted()',
      to: '',
      tests: MAILBOX,
    },
    {
      breaks: 'bad options leave the failure of the work to nobody',
      from: 'work.catch(() => undefined)',
      to: '',
      tests: MAILBOX,
    },
  ]),
]
