// Slots, and calls of the compute service.

import { inFile } from '../mutant.js'

export default [
  ...inFile('src/actors/boots.ts', [
    {
      breaks: 'a boot slot is held for ever',
      from: 'this.#clock.after(MOST_MS, () => this.end(runtimeId))',
      to: 'this.#clock.after(Infinity, () => this.end(runtimeId))',
    },
    {
      breaks: 'a VM without a Guest keeps its slot',
      from: 'if (runtimeId === undefined || !this.#guests.has(runtimeId)) return release()',
      to: 'if (runtimeId === undefined) return release()',
    },
    {
      breaks: 'a second start takes a second slot',
      from: 'this.#own(runtimeId()) ?? this.#slots.acquire(owner)',
      to: 'this.#slots.acquire(owner)',
    },
    {
      breaks: 'one Guest that goes takes the slot of another',
      from: 'if (left > 0) return void this.#guests.set(runtimeId, left)',
      to: '',
    },
    {
      breaks: 'a slot is kept when its Guest is gone',
      from: 'this.#guests.delete(runtimeId)\n      this.end(runtimeId)',
      to: 'this.#guests.delete(runtimeId)',
    },
  ]),
  ...inFile('src/actors/host-service.ts', [
    {
      breaks: 'a service actor that was lost is not started again',
      from: 'if (cause !== undefined && this.#mailbox === mailbox) this.#mailbox = undefined',
      to: '',
      tests: ['test/actors/host-service.test.ts', 'test/actors/supervision/'],
    },
    {
      breaks: 'a path with NUL is sent',
      from: "path !== '' && !path.includes('\\0') && isWellFormed(path)) return",
      to: "path !== '') return",
      tests: ['test/actors/host-service.test.ts'],
    },
    {
      breaks: 'a closed Host asks the service',
      from: 'this.#parts.assertOpen(op, id)\n    const subject',
      to: 'const subject',
      tests: ['test/actors/host-service.test.ts', 'test/actors/host.test.ts'],
    },
  ]),
  ...inFile('src/actors/native-calls.ts', [
    {
      breaks: 'slots are free before the call has ended',
      from: "const sent: Sent<C> = { call, free, state: 'wanted' }",
      to: `free()
    const sent: Sent<C> = { call, free, state: 'wanted' }`,
    },
    {
      breaks: 'a call that must not be sent any more is sent',
      from: 'if (waiting.barred !== undefined) throw waiting.barred',
      to: '',
    },
    {
      breaks: 'slots of a call that was not sent are kept',
      from: '    } catch (error) {\n      finish()\n      throw error\n    } finally {\n      this.#waiting',
      to: '    } catch (error) {\n      throw error\n    } finally {\n      this.#waiting',
    },
    { breaks: 'operations are not counted out', from: 'this.#env.gauges.operations--', to: '' },
    {
      breaks: 'a call has no default time',
      from: 'return this.withDefault(running, call, () => this.#abandon(sent))',
      to: 'return running',
    },
    {
      breaks: "a caller's time is bounded by the default",
      from: 'if (call.call?.timed === true || call.isUntimed === true) return running',
      to: 'if (call.isUntimed === true) return running',
    },
    { breaks: 'a refusal of the service arrives as it came', from: 'throw hcsError(error, call)', to: 'throw error' },
    {
      breaks: 'a time-out does not say which slots were taken',
      from: 'if (telling !== undefined) telling.standing = () => ({ sent: false, reason: `it waited for a slot: ${taken}` })',
      to: '',
    },
    { breaks: 'whoever gave up waits for its slot all the same', from: 'waiting.request?.cancel()\n    })', to: '})' },
    {
      breaks: 'a call that was sent is told as one that waited for a slot',
      from: 'if (telling !== undefined) telling.standing = undefined',
      to: '',
    },
    {
      breaks: 'a stop does not wait for what the service has',
      from: 'while (this.#inFlight.size > 0) await',
      to: 'while (false) await',
    },
  ]),
  ...inFile('src/actors/service-actor.ts', [
    { breaks: 'a stop does not refuse what waits', from: 'this.#calls.endWaiting(() => true, stoppedError)', to: '' },
    {
      breaks: 'a provider without file calls fails as itself',
      from: 'if (access === undefined)\n',
      to: 'if (false)\n',
    },
    { breaks: 'a stop does not wait for what the service has', from: 'await this.#calls.settled()', to: '' },
  ]),
  ...inFile('src/actors/service-answers.ts', [
    {
      breaks: 'a VM that was never started has no state',
      from: "word('State') || 'Created'",
      to: "word('State')",
      tests: ['test/actors/host-service.test.ts'],
    },
    {
      breaks: 'an answer that is no list is none',
      from: 'if (!Array.isArray(document)) {',
      to: 'if (!Array.isArray(document)) return []\n  if (false) {',
      tests: ['test/actors/host-service.test.ts', 'test/actors/'],
    },
  ]),
  ...inFile('src/actors/slots.ts', [
    {
      breaks: 'slots that a lost thread held are lost',
      from: 'giveBack(new Int32Array(lease.slots), Atomics.exchange(new Int32Array(lease.held), 0, 0))',
      to: '',
    },
    { breaks: 'slots are given back once for every release', from: 'if (!held) return\n', to: '\n' },
    {
      breaks: 'one VM with many calls starves the others',
      from: 'if (own.length > 0) this.#waiting.set(owner, own)',
      to: 'if (own.length > 0) { const rest = [...this.#waiting]; this.#waiting.clear(); this.#waiting.set(owner, own); for (const [key, value] of rest) this.#waiting.set(key, value) }',
    },
    {
      breaks: 'whoever waits does not hear of slots of another thread',
      from: 'Atomics.notify(cells, RELEASES)',
      to: '',
    },
    { breaks: 'a slot goes to who has given up', from: 'waiter.grant(undefined)', to: 'waiter.grant(this.#release())' },
    {
      breaks: 'a slot that is taken is taken once more when its thread is lost',
      from: 'Atomics.sub(this.#held, 0, 1)',
      to: '',
    },
    { breaks: 'one slot more than allowed', from: 'if (free <= 0) return false', to: 'if (free < 0) return false' },
    {
      breaks: 'whoever comes overtakes who waits',
      from: 'if (this.#waiting.size === 0 && this.#take()) {',
      to: 'if (this.#take()) {',
    },
  ]),
]
