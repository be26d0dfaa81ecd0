// The logs of guests.

import { inFile } from '../mutant.js'

const HOST_LOGS = ['test/actors/guest-logs.test.ts']

export default [
  ...inFile('src/actors/gcs/connection/guest-log.ts', [
    {
      breaks: 'log entries have no bound in size',
      from: 'if (this.#text.length > MAX_TEXT) this.#isOver = true',
      to: '',
    },
    {
      breaks: 'what follows the last entry has no bound',
      from: 'else if (this.#text.length < MAX_TEXT) this.#text = (this.#text + text).slice(0, MAX_TEXT)',
      to: 'else this.#text += text',
    },
    {
      breaks: 'a brace in a text ends an entry',
      from: 'else if (code === QUOTE) this.#inString = false',
      to: 'else this.#inString = false',
    },
    {
      breaks: 'an escaped quote ends a text',
      from: 'if (code === BACKSLASH) this.#scanned++',
      to: 'if (false) this.#scanned++',
    },
    { breaks: 'a panic of the guest is told as such', from: "CLAMPED.includes(level) ? 'error' : level", to: 'level' },
    {
      breaks: 'the level is told twice',
      from: "const standard = ['time', 'level', textMember ?? 'msg']",
      to: "const standard = ['time', textMember ?? 'msg']",
    },
    { breaks: 'a letter that is split between two pieces is lost', from: '{ stream: true }', to: '{ stream: false }' },
    {
      breaks: 'the last words of a guest that crashed are lost',
      from: "text === '' ? undefined : {",
      to: "text !== '!' ? undefined : {",
    },
  ]),
  ...inFile('src/actors/outbox.ts', [
    {
      breaks: 'text that waits has no bound',
      from: '(this.#waitingText > MOST_TEXT && this.#waiting.length > 1)',
      to: 'false',
    },
    {
      breaks: 'text on its way has no bound',
      from: '(length < MOST_IN_FLIGHT && this.#inFlightText + size <= MOST_TEXT)',
      to: 'length < MOST_IN_FLIGHT',
    },
    {
      breaks: 'text that was taken still counts',
      from: 'this.#inFlightText -= this.#inFlight.shift() ?? 0',
      to: 'this.#inFlight.shift()',
    },
  ]),
  ...inFile('src/actors/gcs/connection/log-outbox.ts', [
    {
      breaks: 'the newest entries are dropped',
      from: 'if (over > 0) this.#waiting.splice(0, over)',
      to: 'if (over > 0) this.#waiting.splice(this.#waiting.length - over, over)',
    },
    {
      breaks: 'what was dropped is told with every batch',
      from: 'this.#dropped = 0\n    this.#send',
      to: 'this.#send',
    },
    { breaks: 'batches go out although nobody takes them', from: 'this.#isTaken = false', to: '' },
    {
      breaks: 'as many entries wait as a guest writes',
      from: 'this.#waiting.length - over > MOST_ENTRIES || ',
      to: '',
    },
    {
      breaks: 'as much text waits as a guest writes',
      from: '(this.#text > MOST_TEXT && this.#waiting.length - over > 1)',
      to: 'false',
    },
    { breaks: 'text that has left still counts', from: 'for (const { size } of batch) this.#text -= size', to: '' },
  ]),
  ...inFile('src/actors/gcs/log-actor.ts', [
    {
      breaks: 'a log that has ended is not listened for again',
      from: 'this.#socket = undefined\n    this.#settleOrWarn()',
      to: 'this.#socket = undefined',
      tests: HOST_LOGS,
    },
    { breaks: 'during a migration the log is listened for', from: '!this.#isMigrating && ', to: '', tests: HOST_LOGS },
    {
      breaks: 'the end of a VM does not wait for its log',
      from: 'await this.#reading\n    await this.#outbox.emptied()',
      to: '',
      tests: HOST_LOGS,
    },
    { breaks: 'a stop leaves the log connected', from: 'this.#socket?.destroy()', to: '', tests: HOST_LOGS },
    {
      breaks: 'the last words of a log are lost',
      from: 'if (last !== undefined) this.#outbox.push(last)',
      to: '',
      tests: HOST_LOGS,
    },
  ]),
  ...inFile('src/actors/host-logs.ts', [
    {
      breaks: 'a log whose thread was lost is not taken any more',
      from: 'if (!log.isOver) await this.#start(log,',
      to: 'if (log.isOver) await this.#start(log,',
      tests: ['test/actors/guest-logs.test.ts'],
    },
    {
      breaks: 'what is logged while there is no Guest is lost',
      from: 'log.waiting = batch\n',
      to: 'log.waiting = log.hearer && batch\n',
      tests: ['test/actors/guest-logs.test.ts'],
    },
    {
      breaks: 'a batch is never taken',
      from: "mailbox?.call('taken', {}, { op: 'guest.log', id: log.init.vmId }).catch(() => undefined)",
      to: '',
      tests: ['test/actors/guest-logs.test.ts'],
    },
    {
      breaks: 'a Guest that is gone hears the log',
      from: 'if (log !== undefined) log.hearer = undefined',
      to: '',
      tests: ['test/actors/guest-logs.test.ts'],
    },
    {
      breaks: 'the log of a VM that has exited stays',
      from: 'void finishing.catch(() => undefined).then(() => this.end(runtimeId))',
      to: 'void finishing.catch(() => undefined)',
      tests: ['test/actors/guest-logs.test.ts'],
    },
    {
      breaks: 'dropped entries are not counted',
      from: 'if (batch.dropped > 0) this.#hooks.dropped(batch.dropped)',
      to: '',
      tests: ['test/actors/guest-logs.test.ts'],
    },
  ]),
]
