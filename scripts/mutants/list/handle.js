// One VM's handle and its life.

import { inFile } from '../mutant.js'

const VM = ['test/actors/vm/']

export default [
  ...inFile('src/actors/vm/actor.ts', [
    {
      breaks: 'a shutdown of a VM that has exited meanwhile fails',
      from: 'if (handle.exit !== undefined && (isAlreadyStopped(error) || isNotExist(error))) return undefined',
      to: '',
      tests: VM,
    },
    {
      breaks: 'a cancel of a migration that is over fails',
      from: 'if (!this.#hasMigrated || !isEnded) throw error',
      to: 'throw error',
      tests: VM,
    },
    {
      breaks: 'the start time is that of the last try',
      from: 'this.#startedMs ??= this.#env',
      to: 'this.#startedMs = this.#env',
      tests: VM,
    },
    {
      breaks: 'a lost guest connection does not look for the exit',
      from: 'void this.#handle.checkExit().catch(() => undefined)\n        return',
      to: 'return',
      tests: VM,
    },
    {
      breaks: 'a migration event without payload is dropped',
      from: "event.data === '' ? {} : tryParse(event.data)",
      to: 'tryParse(event.data)',
      tests: VM,
    },
    {
      breaks: 'crash reports are not told',
      from: 'this.#crashReports.push(event.data)',
      to: '',
      tests: VM,
    },
    {
      breaks: 'a VM that was taken back has never started',
      from: 'this.#startedMs = recall.startedMs',
      to: '',
      tests: ['test/actors/supervision/'],
    },
    {
      breaks: 'a migration has the default time',
      from: "op, kind: 'migrate', call, isUntimed: true }",
      to: "op, kind: 'migrate', call }",
      tests: VM,
    },
  ]),
  ...inFile('src/actors/vm/attachment.ts', [
    {
      breaks: 'something that is no compute system is taken for one',
      from: 'if (isSystem(value)) return value',
      to: 'return value as HcsSystem',
      tests: VM,
    },
    {
      breaks: 'a runtime id is told as the service spells it',
      from: 'parseGuid(runtimeId) ?? runtimeId.toLowerCase()',
      to: 'runtimeId',
      tests: VM,
    },
    {
      breaks: 'a VM without runtime id is taken',
      from: "if (typeof runtimeId !== 'string' || runtimeId === '') throw",
      to: "if (typeof runtimeId !== 'string') throw",
      tests: VM,
    },
  ]),
  ...inFile('src/actors/vm/exit.ts', [
    {
      breaks: 'the status of an exit is signed',
      from: "typeof status === 'number' ? unsigned(status) : 0",
      to: "typeof status === 'number' ? status : 0",
      tests: VM,
    },
    {
      breaks: 'an unexpected exit has no error',
      from: "if (notice.exitType !== 'UnexpectedExit') return notice",
      to: 'return notice',
      tests: VM,
    },
    {
      breaks: 'a VM that the properties say is stopped runs on',
      from: "member(document, 'Stopped') === true || ",
      to: '',
      tests: VM,
    },
    {
      breaks: 'an exit loses who is to blame',
      from: '...(Array.isArray(attribution) ? { attribution } : {}),',
      to: '',
      tests: VM,
    },
  ]),
  ...inFile('src/actors/vm/handle.ts', [
    {
      breaks: 'a handle that comes too late stays open',
      from: 'if (discard.terminateFirst) await system.terminate',
      to: 'return\n    if (discard.terminateFirst) await system.terminate',
      tests: VM,
    },
    {
      breaks: 'a VM that nobody wants runs on',
      from: "if (discard.terminateFirst) await system.terminate('').catch(() => undefined)",
      to: '',
      tests: VM,
    },
    {
      breaks: 'a handle closes while the service works on it',
      from: 'await this.#calls.settled()\n    const system',
      to: 'const system',
      tests: VM,
    },
    {
      breaks: 'a property read that tells of an exit is not heard',
      from: "if (exit !== undefined) this.#apply({ type: 'exited', exit })",
      to: '',
      tests: VM,
    },
    {
      breaks: 'a change that was overtaken is sent',
      from: 'if (barrier !== undefined) throw barredError(barrier, { op, id: this.#id })',
      to: '',
      tests: VM,
    },
    {
      breaks: 'a change that was overtaken keeps its turn',
      from: '      turn.end()\n      throw error',
      to: '      throw error',
      tests: VM,
    },
    { breaks: 'a terminate of a VM that is going fails', from: 'if (isPending(error)) return', to: '', tests: VM },
    {
      breaks: 'a terminate of a VM that is gone fails',
      from: 'if (isAlreadyStopped(error) || isNotExist(error)) await this.#settleGone()',
      to: 'if (false) await this.#settleGone()',
      tests: VM,
    },
    {
      breaks: 'a boot slot is kept when the start has failed',
      from: "if (kind === 'start') this.#endBoot()",
      to: '',
      tests: ['test/actors/boots.test.ts'],
    },
    {
      breaks: 'a boot slot is kept when the VM has exited',
      from: "case 'tell-exit':\n        this.#endBoot()",
      to: "case 'tell-exit':",
      tests: ['test/actors/boots.test.ts'],
    },
    {
      breaks: 'starts take no boot slot',
      from: "kind === 'start' ? this.#pools.boot : this.#pools.operation",
      to: 'this.#pools.operation',
      tests: ['test/actors/boots.test.ts'],
    },
    {
      breaks: 'who waits for a handle that closes waits for ever',
      from: 'this.#waiters.settle(({ reject }) => reject(error))\n        return\n      }',
      to: 'return\n      }',
      tests: VM,
    },
    { breaks: 'handles are not counted out', from: 'this.#env.gauges.handles--', to: '', tests: VM },
    {
      breaks: 'an empty property document is taken',
      from: "if (typeof text !== 'string' || text === '') {",
      to: 'if (false) {',
      tests: VM,
    },
    {
      breaks: 'events of a closed handle are told',
      from: "if (this.#state.kind !== 'closed') this.#hooks",
      to: 'this.#hooks',
      tests: VM,
    },
    {
      breaks: 'a VM that was taken back is not looked at',
      from: 'void this.checkExit().catch(() => undefined)\n    return undefined',
      to: 'return undefined',
      tests: ['test/actors/supervision/', 'test/actors/vm/'],
    },
  ]),
  ...inFile('src/actors/vm/lifecycle/states.ts', [
    {
      breaks: 'calls go to a handle that waits for its close',
      from: "if (state.kind === 'terminating') return !state.isClosing",
      to: "if (state.kind === 'terminating') return true",
      tests: VM,
    },
    {
      breaks: 'a VM that is closing can be terminated',
      from: "state.kind === 'closing' || state.kind === 'closed' || exitOf",
      to: "state.kind === 'closed' || exitOf",
      tests: VM,
    },
  ]),
  ...inFile('src/actors/vm/lifecycle/table.ts', [
    {
      breaks: 'the last word of a VM counts, not the first',
      from: "state.fate.kind === 'living' ? { state: { ...state, fate }, effects: [effect] }",
      to: 'effect ? { state: { ...state, fate }, effects: [effect] }',
      tests: VM,
    },
    {
      breaks: 'a VM that somebody else made ends with what nobody wants',
      from: "return origin === 'created' && fate.kind === 'living'",
      to: "return fate.kind === 'living'",
      tests: VM,
    },
    {
      breaks: 'after a time-out the VM is not asked again',
      from: 'callers: state.callers - 1, isStale: true }',
      to: 'callers: state.callers - 1 }',
      tests: VM,
    },
    {
      breaks: 'the failure of an earlier ask fails a later one',
      from: 'ask === state.asks ? terminated',
      to: 'ask ? terminated',
      tests: VM,
    },
    {
      breaks: 'a close does not wait for the termination',
      from: "close: (state) => to({ ...state, isClosing: true }, { do: 'raise', barrier: 'closed' }),",
      to: "close: ({ origin }) => letGo(origin, LIVING, false, { do: 'settle-terminates' }),",
      tests: VM,
    },
    {
      breaks: 'an exit that was heard while the handle came is forgotten',
      from: "return fate.kind === 'exited' ? { kind: 'exited', exit: fate.exit } : { kind: 'open'",
      to: "return false ? { kind: 'exited', exit: (fate as never as { exit: ExitNotice }).exit } : { kind: 'open'",
      tests: VM,
    },
    {
      breaks: 'a handle that nobody knows leaks',
      from: "to(state, { do: 'discard-handle', terminateFirst: false })",
      to: 'to(state)',
      tests: VM,
    },
    {
      breaks: 'the queue stays shut when the VM could not be terminated',
      from: "return to({ kind: 'open', origin, power, asks }, ...told, { do: 'lift' })",
      to: "return to({ kind: 'open', origin, power, asks }, ...told)",
      tests: VM,
    },
    {
      breaks: 'a discarded VM of our making runs on',
      from: "discard: ({ origin }) => letGo(origin, LIVING, origin === 'created'),",
      to: 'discard: ({ origin }) => letGo(origin, LIVING, false),',
      tests: VM,
    },
    {
      breaks: 'who terminates a VM whose service is lost waits for ever',
      from: "const told: VmEffect[] = [tellLoss(error), { do: 'settle-terminates', error }]",
      to: 'const told: VmEffect[] = [tellLoss(error)]',
      tests: VM,
    },
    {
      breaks: 'a call that this state does not allow goes through',
      from: "if (entry === 'illegal') {",
      to: "if (entry === 'illegal') return { state, effects: [] }\n  if (false) {",
      tests: VM,
    },
  ]),
  ...inFile('src/actors/vm/power.ts', [
    {
      breaks: 'a pause leaves the VM running for who explains refusals',
      from: "pause: { needs: 'running', becomes: 'paused' }",
      to: "pause: { needs: 'running' }",
      tests: VM,
    },
    {
      breaks: 'a change whose outcome is unknown leaves the state known',
      from: "if (power !== undefined && isUnclear) tell('unknown')",
      to: '',
      tests: VM,
    },
    {
      breaks: 'a refusal is explained by a state that nobody knows',
      from: "power === 'unknown' || power === needs",
      to: 'power === needs',
      tests: VM,
    },
  ]),
]
