// The changes of one VM, and the UtilityVM that its caller holds.

import { inFile } from '../mutant.js'

const VM = ['test/actors/vm/']

export default [
  ...inFile('src/actors/vm/changes.ts', [
    {
      breaks: 'a request without type has one',
      from: "requestType === undefined ? '' : `",
      to: 'requestType === undefined ? \',"RequestType":"Update"\' : `',
      tests: VM,
    },
    {
      breaks: 'a bad segment is sent',
      from: 'if (problem !== undefined) throw refuse(subject, name, value, problem)',
      to: '',
      tests: VM,
    },
    {
      breaks: 'a request without a path is sent',
      from: "if (path === undefined) throw refuse(subject, 'ResourcePath', path, PATH.expected)",
      to: '',
      tests: VM,
    },
    {
      breaks: 'the settings of a bad request are told',
      from: 'Settings: secret(ANYTHING)',
      to: 'Settings: { ...ANYTHING, allows: () => true }',
      tests: VM,
      equivalent: 'any settings pass this row, so that it never refuses any',
    },
  ]),
  ...inFile('src/actors/vm/managers/migration.ts', [
    {
      breaks: 'source and destination swap their documents',
      from: "side === 'Source'\n",
      to: "side !== 'Source'\n",
      tests: VM,
    },
    {
      breaks: 'a session that is no number is sent',
      from: "row('a number', Number.isFinite)",
      to: "row('a number', () => true)",
      tests: VM,
    },
  ]),
  ...inFile('src/actors/vm/proxy.ts', [
    {
      breaks: 'an exit is told once for every notice',
      from: 'if (this.#exit !== undefined) return\n    this.#announce',
      to: 'this.#announce',
      tests: VM,
    },
    {
      breaks: 'a VM that had exited before is not told',
      from: 'mailbox.clock.immediate(() => this.#announce(exit))',
      to: 'void exit',
      tests: VM,
    },
    {
      breaks: 'every caller shares one exit object',
      from: 'return { ...this.#exit!.status }',
      to: 'return this.#exit!.status',
      tests: VM,
    },
    {
      breaks: 'a closed handle is asked all the same',
      from: "if (this.#closing !== undefined) throw barredError('closed', this.#subject(method))",
      to: '',
      tests: VM,
    },
    {
      breaks: 'a terminate of a VM that has exited is sent',
      from: "if (this.#closing !== undefined || this.#exit !== undefined) return\n    await this.#wiring.mailbox.call('terminate'",
      to: "if (this.#closing !== undefined) return\n    await this.#wiring.mailbox.call('terminate'",
      tests: VM,
      equivalent: 'the actor answers it without asking the service: it knows the exit as well',
    },
    {
      breaks: 'who reads migration notifications waits for ever',
      from: "this.#endMigrationReaders()\n    this.emit('exit', exit)",
      to: "this.emit('exit', exit)",
      tests: VM,
    },
    {
      breaks: 'an exit is told before the Host has heard of it',
      from: "this.#wiring.hooks.exited(exit, cause)\n    this.#endMigrationReaders()\n    this.emit('exit', exit)",
      to: "this.emit('exit', exit)\n    this.#endMigrationReaders()\n    this.#wiring.hooks.exited(exit, cause)",
      tests: ['test/actors/'],
    },
    {
      breaks: 'bad options of a terminate are not seen on a VM that is over',
      from: "checkCallOptions(options, this.#subject('terminate'))",
      to: '',
      tests: VM,
    },
  ]),
  ...inFile('src/actors/vm/queue.ts', [
    {
      breaks: 'one more change waits than allowed',
      from: 'this.#waiting.length >= this.#limit',
      to: 'this.#waiting.length > this.#limit',
      tests: VM,
    },
    {
      breaks: 'a change that ended already ends the one that runs',
      from: 'if (this.#current?.ticket !== ticket) return []',
      to: '',
      tests: VM,
    },
    {
      breaks: 'a terminate opens a handle that was closed',
      from: "if (this.#barrier !== 'closed') this.#barrier = barrier",
      to: 'this.#barrier = barrier',
      tests: VM,
    },
    {
      breaks: 'a close lets changes in again',
      from: "if (this.#barrier === 'terminating') this.#barrier = undefined",
      to: 'this.#barrier = undefined',
      tests: VM,
    },
    {
      breaks: 'the refusals of a terminate and a close are swapped',
      from: "state === 'closed' ? 'the VM handle is closed' : 'the VM is being terminated'",
      to: "state === 'closed' ? 'the VM is being terminated' : 'the VM handle is closed'",
      tests: ['test/bad-input/closed.test.ts'],
    },
    {
      breaks: 'another change is cancelled than asked',
      from: 'this.#waiting.splice(index, 1)',
      to: 'this.#waiting.splice(index + 1, 1)',
      tests: VM,
    },
    {
      breaks: 'what waits at a terminate is sent',
      from: 'return this.#waiting.splice(0).map(',
      to: 'return this.#waiting.slice(0, 0).map(',
      tests: VM,
    },
  ]),
  ...inFile('src/actors/vm/turns.ts', [
    { breaks: 'changes that wait are not counted out', from: 'gauges.queued--', to: '', tests: VM },
    {
      breaks: 'a change that waits and was given up is sent',
      from: 'if (this.#queue.cancel(ticket)) this.#waiting.get(ticket)?.giveUp()',
      to: '',
      tests: VM,
    },
    {
      breaks: 'a time-out in the queue does not say behind what',
      from: 'if (call.timed) call.standing = () => ({ sent: false, reason: this.#whereabouts(ticket) })',
      to: '',
      tests: VM,
    },
    {
      breaks: 'a change that was sent is told as one that waited',
      from: 'if (call.timed) call.standing = undefined',
      to: '',
      tests: VM,
    },
    {
      breaks: 'a full queue does not say which call it refused',
      from: 'throw Object.assign(error as UVMError, context)',
      to: 'throw error',
      tests: VM,
    },
  ]),
  ...inFile('src/actors/vm/waiters.ts', [
    {
      breaks: 'a wait that was given up is remembered',
      from: 'call.onCancel(() => this.#waiting.delete(one))',
      to: '',
      tests: VM,
      equivalent: 'its call has settled; the entry goes with the exit, or with the handle',
    },
    {
      breaks: 'whoever joins a termination has no time of its own',
      from: 'const timer = this.#clock.after(timeoutMs, () => {',
      to: 'const timer = this.#clock.after(Infinity, () => {',
      tests: VM,
    },
    {
      breaks: 'a terminate that waited for a slot says that it was sent',
      from: 'const sent = this.isAsked',
      to: 'const sent = true',
      tests: VM,
    },
    { breaks: 'whoever was too late is settled once more', from: 'this.#callers.delete(one)\n', to: '\n', tests: VM },
    { breaks: 'a terminate that failed resolves', from: 'else one.reject(error)', to: 'else one.resolve()', tests: VM },
    {
      breaks: 'whoever waits for a lost VM waits for ever',
      from: 'if (loss !== undefined) throw loss\n  if (state.kind',
      to: 'if (state.kind',
      tests: VM,
    },
  ]),
]
