// Containers and changes inside a guest.

import { inFile } from '../mutant.js'

const CONTAINERS = ['test/actors/gcs/container/containers.test.ts']

export default [
  ...inFile('src/actors/gcs/container/container-proxy.ts', [
    {
      breaks: 'a closed handle is asked all the same',
      from: 'if (this.#isClosed) {',
      to: 'if (false) {',
      tests: CONTAINERS,
    },
    {
      breaks: 'resources are sent without their system',
      from: 'const given = isWhole || !isRecord(resources) ? resources : { Linux: resources }',
      to: 'const given = resources',
      tests: CONTAINERS,
    },
    {
      breaks: 'ending by force and shutting down are swapped',
      from: "this.#ask('terminate', 'ShutdownForced', options)",
      to: "this.#ask('terminate', 'ShutdownGraceful', options)",
      tests: CONTAINERS,
    },
    { breaks: 'an exit is not told', from: "this.emit('exited')", to: '', tests: CONTAINERS },
    {
      breaks: 'an update of a Windows container is an Add',
      from: "RequestType = 'Update'",
      to: "RequestType = 'Add'",
      tests: CONTAINERS,
    },
  ]),
  ...inFile('src/actors/gcs/container/containers.ts', [
    {
      breaks: 'a create that failed leaves its id taken',
      from: 'this.#remove(entry)\n    if (unregister)',
      to: 'if (unregister)',
      tests: CONTAINERS,
    },
    {
      breaks: 'a container that came too late runs on',
      from: 'if (answer.result === 0) makeGood()',
      to: 'if (answer.result === 0) void makeGood',
      tests: CONTAINERS,
    },
    {
      breaks: 'an exit before anybody had a handle is lost',
      from: 'if (entry === undefined) this.#unheard.add(id)',
      to: 'if (entry === undefined) void 0',
      tests: CONTAINERS,
    },
    {
      breaks: 'a shutdown of a container that is gone fails',
      from: '...(isShutdown ? { accept: GONE } : {}),',
      to: '',
      tests: CONTAINERS,
    },
    {
      breaks: 'a shutdown has the time of other requests',
      from: '...(isShutdown && !call.timed ? { timeoutMs: SHUTDOWN_TIMEOUT_MS } : {}),',
      to: '',
      tests: CONTAINERS,
    },
    {
      breaks: 'whoever waits for a closed handle waits for ever',
      from: "entry.lost(new InvalidStateError({ ...this.#context('container.wait', entry.id), state: 'closed', reason }))",
      to: '',
      tests: CONTAINERS,
    },
    {
      breaks: 'a handle of an earlier connection is used on the next',
      from: 'if (entry.connection === connection) return entry',
      to: 'return entry',
      tests: CONTAINERS,
    },
    {
      breaks: 'the end of a connection is not told to who waits',
      from: "entry.lost(new BridgeClosedError({ ...this.#context('container.wait', entry.id), ...why }))",
      to: '',
      tests: CONTAINERS,
    },
    {
      breaks: 'the state of a container that came too late stays',
      from: "if (canDelete) await connection.request('DeleteContainerState'",
      to: "if (false) await connection.request('DeleteContainerState'",
      tests: CONTAINERS,
    },
    {
      breaks: 'two handles on one container',
      from: 'if (this.#byId.has(id)) {',
      to: 'if (false) {',
      tests: CONTAINERS,
    },
  ]),
  ...inFile('src/actors/gcs/container/started-inits.ts', [
    {
      breaks: 'an init is started twice',
      from: 'if (this.#ids.has(id)) {',
      to: 'if (false) {',
      tests: ['test/actors/gcs/hazards.test.ts'],
    },
    {
      breaks: 'an init that was refused is never started again',
      from: 'if (!mayHaveStarted(error as UVMError) && this.#ids.delete(id) && wasFresh)',
      to: 'if (mayHaveStarted(error as UVMError) && wasFresh)',
      tests: ['test/actors/gcs/hazards.test.ts'],
    },
    {
      breaks: 'an init whose start is unknown is started again',
      from: 'if (error instanceof OperationTimeoutError) return error.sent',
      to: 'if (error instanceof OperationTimeoutError) return false',
      tests: ['test/actors/gcs/hazards.test.ts'],
    },
  ]),
  ...inFile('src/actors/gcs/resource/modify-gate.ts', [
    {
      breaks: 'one more change is under way than allowed',
      from: 'while (this.#placed.size < this.#limit) {',
      to: 'while (this.#placed.size <= this.#limit) {',
    },
    {
      breaks: 'changes start last first',
      from: 'const next = this.#waiting.shift()',
      to: 'const next = this.#waiting.pop()',
    },
    {
      breaks: 'a change that was given up keeps its place',
      from: 'change.isAbandoned = true',
      to: '',
    },
    {
      breaks: 'as many changes as are given up go on beside',
      from: 'if (this.#loose.size >= MAX_LOOSE_CHANGES) return',
      to: '',
    },
    { breaks: 'one at a time is two when one is given up', from: 'if (this.#limit <= 1 || ', to: 'if (' },
    { breaks: 'a loose change counts for ever', from: 'this.#loose.delete(ticket)', to: '' },
  ]),
  ...inFile('src/actors/gcs/resource/modify-turns.ts', [
    {
      breaks: 'a change that was given up while it waited is sent',
      from: 'if (given.wasWaiting) this.#settle(ticket, false)',
      to: 'if (given.wasWaiting) this.#settle(ticket, true)',
      tests: ['test/actors/gcs/resource/'],
    },
    {
      breaks: 'changes that wait are not counted out',
      from: 'this.#gauges.queued--',
      to: '',
      tests: ['test/actors/gcs/resource/'],
    },
    {
      breaks: 'a time-out of a change that waited says that it was sent',
      from: 'call.standing = () => ({ sent: false',
      to: 'call.standing = () => ({ sent: true',
      tests: ['test/actors/gcs/resource/'],
    },
    {
      breaks: 'a late success tells secrets of its settings',
      from: 'const names = NAMES.filter((name)',
      to: 'const names = Object.keys(settings).filter((name)',
      tests: ['test/actors/gcs/resource/'],
    },
  ]),
]
