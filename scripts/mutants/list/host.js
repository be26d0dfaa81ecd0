// The Host, its VMs and guests, its events and its files.

import { inFile } from '../mutant.js'

const HOST = ['test/actors/host.test.ts']

export default [
  ...inFile('src/actors/arguments.ts', [
    {
      breaks: 'an error carries a policy that was given in the wrong place',
      from: 'if (type !== undefined && CONFIDENTIAL.has(type)) {',
      to: 'if (false) {',
    },
    {
      breaks: 'a getter that throws throws as itself',
      from: 'throw unreadable(subject, path, error)',
      to: 'throw error',
    },
    {
      breaks: 'an error carries the settings that are no object',
      from: "path: 'settings', secret: settings",
      to: "path: 'settings', value: settings",
    },
  ]),
  ...inFile('src/actors/event-stream.ts', [
    {
      breaks: 'a slow reader keeps every event',
      from: 'if (this.#kept.length > this.#limit) {',
      to: 'if (false) {',
      tests: ['test/actors/events.test.ts'],
    },
    {
      breaks: 'what a slow reader lost is not counted',
      from: 'this.#dropped++',
      to: '',
      tests: ['test/actors/events.test.ts'],
    },
    {
      breaks: 'what is kept is lost at the end',
      from: 'if (this.#kept.length > 0) return',
      to: 'if (this.#kept.length > 0 && !this.#isOver) return',
      tests: ['test/actors/events.test.ts'],
    },
  ]),
  ...inFile('src/actors/events.ts', [
    {
      breaks: 'a listener that throws stops the others',
      from: '    } catch (error) {\n        report(error)\n      }',
      to: '    } catch (error) {\n        throw error\n      }',
    },
    {
      breaks: 'a listener that rejects ends the process',
      from: 'if (result instanceof Promise) result.catch(report)',
      to: 'void result',
    },
    {
      breaks: 'a listener cannot be taken away',
      from: 'this.#emitter.off(event, this.#guard(listener as Listener))',
      to: 'void this.#guard(listener as Listener)',
    },
    {
      breaks: 'a listener stays on the signal',
      from: "this.#emitter.once(event, () => signal.removeEventListener('abort', forget))",
      to: '',
    },
    { breaks: 'whoever iterates what has ended waits', from: 'if (this.#hasEnded) stream.end()', to: '' },
    {
      breaks: 'a misspelt event is listened to',
      from: "if (!isKnown) checkName({ op }, 'event', event, Object.keys(this.#names))",
      to: '',
    },
  ]),
  ...inFile('src/actors/guest-setup.ts', [
    {
      breaks: 'a guessed system gets a Guest',
      from: 'if (isGuessed === true) {',
      to: 'if (false) {',
      tests: ['test/actors/guest-of-host.test.ts', 'test/actors/'],
    },
    {
      breaks: 'a Windows guest is followed by default',
      from: "reconnect = vm.guestOS === 'linux'",
      to: 'reconnect = true',
      tests: ['test/actors/gcs/', 'test/actors/'],
    },
  ]),
  ...inFile('src/actors/host-close.ts', [
    {
      breaks: 'the time to close has no end',
      from: 'clock.after(timeoutMs, force)',
      to: 'clock.after(Infinity, force)',
      tests: HOST,
    },
    { breaks: 'what was left behind has no name', from: 'if (ended === FORCED) this.leave(what)', to: '', tests: HOST },
    {
      breaks: 'a part that fails to close stops the others',
      from: 'work.catch(() => undefined), this.over',
      to: 'work, this.over',
      tests: HOST,
    },
  ]),
  ...inFile('src/actors/host-guests.ts', [
    {
      breaks: 'a VM has two Guests',
      from: 'if (this.#entries.has(vm.runtimeId)) {',
      to: 'if (false) {',
      tests: ['test/actors/guest-of-host.test.ts'],
    },
    {
      breaks: 'a Guest that could not be made blocks the next',
      from: 'await guest.close()\n      if (isNewLog)',
      to: 'if (isNewLog)',
      tests: ['test/actors/guest-of-host.test.ts'],
    },
    {
      breaks: 'a log whose Guest could not be made stays',
      from: 'if (isNewLog) await this.#logs.end(vm.runtimeId)',
      to: '',
      tests: ['test/actors/guest-logs.test.ts'],
    },
    {
      breaks: 'a guest that hangs up does not make anybody look for the exit',
      from: "entry.mailbox.call('checkExit', {}, { op: 'vm.checkExit', id: vm.id }).catch(() => undefined)",
      to: '',
      tests: ['test/actors/guest-of-host.test.ts'],
    },
    {
      breaks: 'a VM that has exited gets a Guest',
      from: 'assertRuns(subject, entry)\n    if (this.#entries.has',
      to: 'if (this.#entries.has',
      tests: ['test/actors/guest-of-host.test.ts'],
    },
    {
      breaks: 'entropy is served once more by an actor that comes back',
      from: '{ ...init, entropy: false }',
      to: 'init',
      tests: ['test/actors/supervision/'],
    },
    {
      breaks: 'a VM of another Host is taken',
      from: "const reason = 'the VM handle is closed, or belongs to another host'\n      throw new InvalidStateError",
      to: "const reason = 'the VM handle is closed, or belongs to another host'\n      return undefined as never\n      throw new InvalidStateError",
      tests: ['test/actors/guest-of-host.test.ts'],
    },
  ]),
  ...inFile('src/actors/host-vms.ts', [
    {
      breaks: 'a create that failed leaves its actor',
      from: 'void this.#discard(mailbox, threads)',
      to: '',
      tests: HOST,
    },
    {
      breaks: 'an exit is told once for every handle',
      from: 'const isFirst = !this.#exited.has(runtimeId)',
      to: 'const isFirst = true',
      tests: ['test/actors/vm/handles.test.ts', 'test/actors/host.test.ts'],
    },
    {
      breaks: 'the thread of a VM with one of its own stays',
      from: 'void this.#threads.release(entry.seat.threads)',
      to: '',
      tests: HOST,
    },
    {
      breaks: 'a VM that comes when the Host is closed is handed out',
      from: 'this.#parts.assertOpen(op, id)\n      const setup',
      to: 'const setup',
      tests: HOST,
    },
  ]),
  ...inFile('src/actors/host.ts', [
    {
      breaks: 'the ports of a VM that went with its last handle are remembered',
      from: 'if (isOver) this.#guests.gone(runtimeId)',
      to: 'void isOver',
      tests: ['test/actors/port-blocks.test.ts'],
    },
    {
      breaks: 'a Host is closed once for every caller',
      from: 'this.#closing ??= this.#close()\n    return this.#closing',
      to: 'return this.#close()',
      tests: HOST,
    },
    {
      breaks: 'nobody is told what was forced',
      from: "if (left.length > 0) this.emit('close-forced', [...left])",
      to: '',
      tests: HOST,
    },
    {
      breaks: 'a Host that cannot be opened leaves its directory',
      from: 'await directory?.release()',
      to: '',
      tests: [...HOST, 'test/actors/host-files.test.ts'],
    },
    {
      breaks: 'a Host that was closed keeps the process alive',
      from: 'await journal?.close()\n    this.#keepAlive.end()',
      to: 'await journal?.close()',
      tests: HOST,
    },
    {
      breaks: 'a Guest is told the end of its VM as a failure',
      from: 'return this.#guests.madeThrough(vm)?.close()',
      to: 'return undefined',
      tests: [...HOST, 'test/actors/guest-of-host.test.ts'],
    },
    {
      breaks: 'the Guest of a VM that has exited is not told',
      from: 'this.#guests.of(vm)?.vmExited(cause)',
      to: '',
      tests: ['test/actors/guest-of-host.test.ts'],
    },
    {
      breaks: 'whoever iterates the events of a closed Host waits',
      from: "this.emit('close-forced', [...left])\n    this.endEvents()",
      to: "this.emit('close-forced', [...left])",
      tests: ['test/actors/events.test.ts', 'test/actors/host.test.ts'],
    },
  ]),
  ...inFile('src/actors/latency.ts', [
    {
      breaks: 'latencies are told in microseconds',
      from: 'p50: histogram.percentile(50) / MICROSECONDS_PER_MS',
      to: 'p50: histogram.percentile(50)',
      tests: HOST,
    },
  ]),
  ...inFile('src/actors/socket-directory.ts', [
    {
      breaks: 'a directory that is a link is taken',
      from: 'if (found.isSymbolicLink()) throw',
      to: 'if (false) throw',
      tests: ['test/actors/host-files.test.ts', 'test/actors/host.test.ts'],
    },
    {
      breaks: 'a directory that others can write is taken',
      from: 'if ((found.mode & 0o022) !== 0)',
      to: 'if (false)',
      tests: ['test/actors/host-files.test.ts', 'test/actors/host.test.ts'],
    },
    {
      breaks: 'a private directory stays',
      from: 'await rm(path, REMOVAL)',
      to: '',
      tests: ['test/actors/host-files.test.ts', 'test/actors/host.test.ts'],
    },
    {
      breaks: 'a process that ends leaves its directories',
      from: "if (privatePaths.size === 0) process.on('exit', removeAll)",
      to: '',
      tests: ['test/actors/host-files.test.ts', 'test/actors/host.test.ts'],
    },
  ]),
  ...inFile('src/actors/typed-failure.ts', [
    {
      breaks: 'an error of the system says not what would help',
      from: 'help === undefined ? said : `${said}; ${help}`',
      to: 'said',
    },
    {
      breaks: 'an error that is ours is wrapped',
      from: 'if (isError(error) && (error instanceof UVMError || error instanceof AggregateError)) return error',
      to: '',
    },
  ]),
  ...inFile('src/actors/vm-setup.ts', [
    {
      breaks: 'an id with NUL is sent',
      from: "else if (id.includes('\\0') || !isWellFormed(id)) refuse",
      to: 'else if (false) refuse',
      tests: HOST,
    },
    {
      breaks: 'a VM without integration service cannot be shut down',
      from: "!integration && member(vm, 'GuestConnection') != null ? 'GuestConnection' : 'IntegrationService'",
      to: "'IntegrationService'",
      tests: ['test/actors/'],
    },
  ]),
]
