// The threads, and what becomes of actors that are lost with one.

import { inFile } from '../mutant.js'

const SUPERVISION = ['test/actors/supervision/']

export default [
  ...inFile('src/actors/host-seat.ts', [
    {
      breaks: 'actors move before their old thread has ended',
      from: 'await this.#thread.exited\n',
      to: '\n',
      tests: ['test/actors/supervision/'],
    },
    {
      breaks: 'a mailbox that broke on a living thread waits for ever',
      from: 'this.#clock.after(LOSS_KNOWN_MS, () => resolve(false))',
      to: 'this.#clock.after(Infinity, () => resolve(false))',
      tests: ['test/actors/supervision/'],
    },
  ]),
  ...inFile('src/actors/supervision/defaults.ts', [
    {
      breaks: 'whoever waits for an exit has a default time',
      from: 'if (UNTIMED.test(op)) return undefined',
      to: '',
      tests: SUPERVISION,
    },
    {
      breaks: "a guest's calls have the time of the service's",
      from: '? GUEST_TIMEOUT_MS : DEFAULT_TIMEOUT_MS',
      to: '? DEFAULT_TIMEOUT_MS : DEFAULT_TIMEOUT_MS',
      tests: SUPERVISION,
    },
  ]),
  ...inFile('src/actors/supervision/intensity.ts', [
    {
      breaks: 'one restart more than allowed',
      from: 'if (this.#atMs.length >= restarts) return false',
      to: 'if (this.#atMs.length > restarts) return false',
      tests: SUPERVISION,
    },
    {
      breaks: 'restarts count for ever',
      from: 'this.#atMs = this.#atMs.filter((at) => at > nowMs - periodMs)',
      to: '',
      tests: SUPERVISION,
    },
  ]),
  ...inFile('src/actors/supervision/supervised-mailbox.ts', [
    {
      breaks: 'an actor is started again however often it is lost',
      from: "if (!this.#count.take(this.clock.now())) return this.#giveUp('it was lost too often', cause)",
      to: '',
      tests: SUPERVISION,
    },
    {
      breaks: 'calls that wait for an actor never go on',
      from: 'for (const waiting of [...this.#waiting]) waiting.go()',
      to: '',
      tests: SUPERVISION,
    },
    {
      breaks: 'calls that wait for an actor that is given up never settle',
      from: 'for (const waiting of [...this.#waiting]) waiting.fail(this.#state.error)',
      to: '',
      tests: SUPERVISION,
    },
    {
      breaks: 'listeners are not told by the next actor',
      from: 'for (const [notice, listener] of this.#notices) listen(mailbox, notice, listener)',
      to: '',
      tests: SUPERVISION,
    },
    {
      breaks: 'whoever waits has no default time',
      from: 'options?.timeoutMs ?? defaultTimeout(subject.op)',
      to: 'options?.timeoutMs',
      tests: SUPERVISION,
    },
    {
      breaks: 'a call that waited has its whole time again',
      from: 'options && leftOf(options, startedMs, this.clock)',
      to: 'options',
      tests: SUPERVISION,
    },
    {
      breaks: 'a thread that dies while an actor comes back gives it up',
      from: 'const wasLost = mailbox !== undefined && error instanceof ActorLostError',
      to: 'const wasLost = false',
      tests: SUPERVISION,
    },
    {
      breaks: 'an actor that was stopped meanwhile runs on',
      from: '// Stopped meanwhile: what was brought back is let go of in order.\n        if (this.#isUnwanted()) return await mailbox.stop()',
      to: '',
      tests: SUPERVISION,
    },
    {
      breaks: 'the signal of whoever waits is not heard',
      from: 'if (signal !== undefined) unlisten = onAbort(signal, () => fail(aborted()))',
      to: '',
      tests: SUPERVISION,
    },
    {
      breaks: 'a call that waited says that it was sent',
      from: 'fail(new OperationTimeoutError({ ...subject, timeoutMs, sent: false, reason }))',
      to: 'fail(new OperationTimeoutError({ ...subject, timeoutMs, reason }))',
      tests: SUPERVISION,
    },
    {
      breaks: 'a stop while it is being started waits for ever',
      from: "if (this.#state.kind === 'restarting') this.#end(undefined)",
      to: '',
      tests: SUPERVISION,
    },
    {
      breaks: 'nobody hears that an actor is given up',
      from: 'this.#revival.givenUp(error)',
      to: '',
      tests: SUPERVISION,
    },
  ]),
  ...inFile('src/actors/threads/actor-thread.ts', [
    {
      breaks: 'a thread that ends leaves its provider open',
      from: 'await env.provider?.close()',
      to: '',
      tests: ['test/actors/host.test.ts'],
    },
    {
      breaks: 'a thread that ends leaves its transport open',
      from: 'await env.transport.close()',
      to: '',
      tests: ['test/actors/host.test.ts'],
    },
    {
      breaks: 'a provider that is no function fails as itself',
      from: "if (typeof factory !== 'function') throw new TypeError('its default export is no function')",
      to: '',
      tests: ['test/actors/host.test.ts'],
    },
    {
      breaks: 'a provider that is no object is taken',
      from: "if (typeof made !== 'object' || made === null) throw",
      to: 'if (false) throw',
      tests: ['test/actors/host.test.ts'],
    },
  ]),
  ...inFile('src/actors/threads/heartbeat.ts', [
    {
      breaks: 'the lateness of the main thread counts against the other',
      from: 'const isStuck = nowMs - pulse.sinceMs - forgivenMs >= stuckAfterMs',
      to: 'const isStuck = nowMs - pulse.sinceMs >= stuckAfterMs',
      tests: SUPERVISION,
    },
    {
      breaks: 'a thread with nothing to do is asked',
      from: 'return isBusy\n',
      to: 'return isBusy || true\n',
      tests: SUPERVISION,
    },
    {
      breaks: 'lateness is forgiven once only',
      from: 'pulse.forgivenMs + Math.max(nowMs - dueMs, 0)',
      to: 'Math.max(nowMs - dueMs, 0)',
      tests: SUPERVISION,
    },
  ]),
  ...inFile('src/actors/threads/threads.ts', [
    {
      breaks: 'slots of a lost thread are not reclaimed',
      from: 'reclaimSlots(setup.operations)\n',
      to: '\n',
      tests: SUPERVISION,
    },
    {
      breaks: 'boot slots of a lost thread are not reclaimed',
      from: 'reclaimSlots(setup.boots)',
      to: '',
      tests: SUPERVISION,
    },
    { breaks: 'a lost thread is not replaced', from: 'this.#replace(entry.exited)', to: '', tests: SUPERVISION },
    { breaks: 'a stuck thread gets VMs', from: '!thread.isStuck && (best', to: '(best', tests: SUPERVISION },
    {
      breaks: 'the most loaded thread gets the next VM',
      from: 'thread.actors.size < best.actors.size',
      to: 'thread.actors.size > best.actors.size',
      tests: SUPERVISION,
    },
    {
      breaks: 'an actor that has ended counts as load',
      from: 'void mailbox.ended.then(() => entry.actors.delete(actor))',
      to: '',
      tests: SUPERVISION,
    },
    {
      breaks: 'a replacement that fails is not tried again',
      from: 'if (!this.#failures.take(this.#options.clock.now())) return error',
      to: 'return error',
      tests: SUPERVISION,
    },
    {
      breaks: 'a stuck thread is told and kept',
      from: 'return this.#gone(entry, new Error(`its thread did not',
      to: 'return void (new Error(`its thread did not',
      tests: SUPERVISION,
    },
    {
      breaks: 'calls on a stuck thread that stays have no bound',
      from: 'for (const actor of entry.actors) actor.bound(defaultTimeout)',
      to: '',
      tests: SUPERVISION,
    },
    {
      breaks: 'a stuck thread that answers again gets no VMs',
      from: 'onBack: () => (entry().isStuck = false)',
      to: 'onBack: () => undefined',
      tests: SUPERVISION,
    },
    {
      breaks: 'a thread is replaced before its end was seen',
      from: 'await Promise.race([after, this.#closed])',
      to: 'void after',
      tests: SUPERVISION,
    },
    {
      breaks: 'a thread that does not answer holds up the statistics',
      from: 'const options = { timeoutMs: GAUGES_MS }',
      to: 'const options = {}',
      tests: SUPERVISION,
    },
    {
      breaks: 'what a silent thread holds counts as nothing',
      from: '        return entry.known\n',
      to: '        return total.silent === undefined ? entry.known : { handles: 0, operations: 0, sockets: 0, queued: 0, abandoned: 0 }\n',
      tests: SUPERVISION,
    },
    {
      breaks: 'calls on a lost thread never settle',
      from: 'for (const actor of [...entry.actors]) actor.lose(cause)',
      to: '',
      tests: SUPERVISION,
    },
  ]),
  ...inFile('src/actors/threads/watchdog.ts', [
    { breaks: 'a thread is watched once', from: "if (pulse.kind !== 'stuck') this.wake()", to: '', tests: SUPERVISION },
    {
      breaks: 'a watchdog that has ended goes on',
      from: 'this.#isOver = true\n    this.#timer?.clear()',
      to: '',
      tests: SUPERVISION,
    },
  ]),
]
