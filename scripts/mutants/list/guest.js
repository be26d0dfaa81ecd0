// The Guest that its caller holds, and its actor.

import { inFile } from '../mutant.js'

const STDIO = ['test/actors/gcs/process/stdio.test.ts']
const CONTAINERS = ['test/actors/gcs/container/containers.test.ts']

export default [
  ...inFile('src/actors/gcs/actor.ts', [
    {
      breaks: 'the modify slot is not returned after a failure',
      from: '    } finally {\n      turn.end()\n    }',
      to: '    } catch (error) {\n      throw error\n    }\n    turn.end()',
      tests: ['test/actors/gcs/resource/'],
    },
    {
      breaks: 'a change that came about after all is not told',
      from: 'if (turn.isAbandoned()) tellLate()',
      to: '',
      tests: ['test/actors/gcs/resource/'],
    },
    {
      breaks: 'a boot slot is kept when the guest is connected',
      from: '.finally(() => this.#env.boots.end(this.#init.runtimeId))',
      to: '',
      tests: ['test/actors/boots.test.ts'],
    },
    {
      breaks: 'a boot slot is kept for a Guest that is gone',
      from: 'this.#leaveBoots()\n',
      to: '\n',
      tests: ['test/actors/boots.test.ts'],
    },
    {
      breaks: 'a capability that the guest lacks is asked for',
      from: 'if (needs === undefined || connected.guest.guestDefined[needs] === true) return connected',
      to: 'return connected',
      tests: CONTAINERS,
    },
    {
      breaks: 'the entropy listener stays open',
      from: 'await this.#entropy.close()',
      to: '',
      tests: ['test/actors/gcs/connection/side-listeners.test.ts'],
    },
    {
      breaks: 'streams stay open at the end of a connection',
      from: 'onClose: (cause) => {\n        this.#processes.closeStreams()',
      to: 'onClose: (cause) => {',
      tests: STDIO,
    },
    {
      breaks: 'an orderly end is told as a failure',
      from: "if (cause === undefined) this.#port.notify('disconnected')\n        else ",
      to: '',
      tests: ['test/actors/gcs/proxy.test.ts'],
    },
  ]),
  ...inFile('src/actors/port-blocks.ts', [
    {
      breaks: 'ports of an actor before are used again',
      from: 'begun * PORTS_PER_BLOCK',
      to: '0',
      tests: ['test/actors/port-blocks.test.ts'],
    },
    {
      breaks: 'what is known of a VM stays when it is gone',
      from: 'forget(runtimeId: string): void {\n    this.#begun.delete(runtimeId)',
      to: 'forget(_runtimeId: string): void {',
      tests: ['test/actors/port-blocks.test.ts'],
    },
  ]),
  ...inFile('src/actors/gcs/connection-life.ts', [
    {
      breaks: 'ids of a lost actor are used again',
      from: 'this.#losses === 0 ? undefined : BigInt(this.#losses) * IDS_PER_ACTOR',
      to: 'undefined',
      tests: ['test/actors/supervision/'],
    },
    {
      breaks: 'a connection that was closed on purpose comes back',
      from: "#unwanted(cause: Error): void {\n    this.#state = 'none'",
      to: '#unwanted(cause: Error): void {',
      tests: ['test/actors/supervision/'],
    },
    {
      breaks: 'the loss of an actor is not told as a disconnect',
      from: "this.#disconnected(new ActorLostError({ op: 'guest.connection', id: vmId, cause }))",
      to: 'void vmId',
      tests: ['test/actors/supervision/'],
    },
  ]),
  ...inFile('src/actors/gcs/guest-arguments.ts', [
    {
      breaks: 'a method for the other guest system is sent',
      from: 'if (systems.includes(guestOS)) return',
      to: 'return',
    },
    {
      breaks: 'the null id names a container',
      from: 'if (id === NULL_CONTAINER_ID) throw',
      to: 'if (false) throw',
      tests: CONTAINERS,
    },
    {
      breaks: 'a wait id of 0 is taken',
      from: "requestId(subject, 'saved.waitId', saved['waitId'], 1n)",
      to: "requestId(subject, 'saved.waitId', saved['waitId'], 0n)",
      tests: ['test/actors/gcs/migration.test.ts'],
    },
    {
      breaks: 'a port beyond the largest is taken',
      from: ' && port <= MAX_PORT) return',
      to: ') return',
      tests: ['test/actors/gcs/migration.test.ts'],
    },
    {
      breaks: 'settings that are encoded are encoded again',
      from: "const isEncoded = typeof inner === 'string' && !/^\\s*[[{]/.test(inner)",
      to: 'const isEncoded = false',
      tests: ['test/actors/gcs/'],
    },
  ]),
  ...inFile('src/actors/gcs/proxy.ts', [
    {
      breaks: 'the texts of a guest that was closed and one whose VM has exited are swapped',
      from: "ending.kind === 'closed' ? 'the guest was closed' : 'the VM has exited'",
      to: "ending.kind === 'closed' ? 'the VM has exited' : 'the guest was closed'",
      tests: ['test/bad-input/closed.test.ts'],
    },
    {
      breaks: 'every connection is a cold start',
      from: 'coldStart ?? !this.#connectedBefore',
      to: 'coldStart ?? true',
    },
    {
      breaks: 'nobody is told that the VM was never started',
      from: "throw withHint(error, 'the VM was never started: call its start()')",
      to: 'throw error',
    },
    {
      breaks: 'a document that a guest does not survive is sent',
      from: "if (this.guestOS === 'linux' && options.unchecked !== true) checkContainerDocument(subject, text)",
      to: '',
    },
    {
      breaks: 'a Guest is closed once for every caller',
      from: 'this.#closing ??= this.#close()\n    return this.#closing',
      to: 'return this.#close()',
    },
    {
      breaks: 'whoever reads the events of a closed Guest waits',
      from: 'await this.#wiring.hooks.closed()\n    this.endEvents()',
      to: 'await this.#wiring.hooks.closed()',
    },
    {
      breaks: 'dropped log entries are not told',
      from: "if (dropped > 0) this.emit('dropped', 'log', dropped)",
      to: '',
    },
    {
      breaks: 'a container whose caller gave up runs on',
      from: "mailbox.call('discardContainer', { key }, this.#subject('discardContainer')).catch(() => undefined)",
      to: '',
      tests: CONTAINERS,
    },
    {
      breaks: 'a container of the same name has no init',
      from: 'this.#inits.created(id)',
      to: '',
      tests: ['test/actors/gcs/hazards.test.ts'],
    },
  ]),
  ...inFile('src/actors/gcs/wiring.ts', [
    {
      breaks: 'calls in flight and later ones swap their errors',
      from: "when === 'in-flight' ? ended",
      to: "when === 'later' ? ended",
      tests: ['test/actors/gcs/proxy.test.ts'],
    },
  ]),
]
