// The journal, and the program that comes after.

import { inFile } from '../mutant.js'

const JOURNAL = ['test/actors/journal/journal.test.ts', 'test/actors/recovery.test.ts']
const RECOVERY = ['test/actors/recovery.test.ts']

export default [
  ...inFile('src/actors/host-journal.ts', [
    {
      breaks: 'a VM that goes with its handle stays in the journal',
      from: 'if (this.#journal.of(runtimeId)?.vm.stays === false) this.gone(runtimeId)',
      to: '',
      tests: RECOVERY,
    },
    {
      breaks: 'warnings before anybody listens are lost',
      from: 'if (this.#listener === undefined) this.#kept.push(error)',
      to: 'if (this.#listener === undefined) void 0',
      tests: RECOVERY,
    },
    {
      breaks: 'the next program uses the ids of this one',
      from: 'base + IDS_OF_A_PROGRAM',
      to: 'base',
      tests: RECOVERY,
    },
    {
      breaks: 'what this program guesses takes the place of what was known',
      from: "if (known !== undefined && setup.document === '' && ",
      to: 'if (false && ',
      tests: RECOVERY,
    },
    {
      breaks: 'a journal that cannot be read stays held',
      from: 'await file.close()\n    const why',
      to: 'const why',
      tests: RECOVERY,
    },
  ]),
  ...inFile('src/actors/host-recovery.ts', [
    {
      breaks: 'VMs that this Host has are taken over once more',
      from: 'listed.filter(({ RuntimeId }) => !this.#vms.has(RuntimeId))',
      to: 'listed',
      tests: RECOVERY,
    },
    {
      breaks: 'VMs that have ended meanwhile are not told',
      from: 'failed: this.#endedOf(owner, listed)',
      to: 'failed: []',
      tests: RECOVERY,
    },
    {
      breaks: 'a VM that is to be left is ended',
      from: "if (decision === 'leave') recovery.left.push(vm.Id)",
      to: "if (decision === 'leave') await this.#reap(vm, bounds, recovery)",
      tests: RECOVERY,
    },
    {
      breaks: 'another VM of the same id is taken for the one that was found',
      from: 'if (vm.runtimeId === RuntimeId) return vm',
      to: 'return vm',
      tests: RECOVERY,
    },
    {
      breaks: 'a guest that could not be connected blocks who tries again',
      from: 'await guest.close()\n      throw error',
      to: 'throw error',
      tests: RECOVERY,
    },
    {
      breaks: 'an abort keeps the handles',
      from: 'await Promise.all(recovery.vms.map((vm) => vm.close()))',
      to: '',
      tests: RECOVERY,
    },
    {
      breaks: 'a decision that is none counts as leave',
      from: 'if (DECISIONS.includes(decision)) return decision as RecoverDecision',
      to: "return DECISIONS.includes(decision) ? (decision as RecoverDecision) : 'leave'",
      tests: RECOVERY,
    },
    {
      breaks: 'every step has the whole time',
      from: 'const left = timeoutMs - (clock.now() - startedMs)',
      to: 'const left = timeoutMs',
      tests: RECOVERY,
    },
  ]),
  ...inFile('src/actors/journal-directory.ts', [
    { breaks: 'a journal that is a link is followed', from: 'constants.O_RDONLY | NO_LINK', to: 'constants.O_RDONLY' },
    { breaks: 'others may read the journal', from: 'await file.chmod(0o600)', to: 'await file.chmod(0o644)' },
    { breaks: 'two Hosts write one journal', from: 'if (lock === undefined) {', to: 'if (false) {' },
    { breaks: 'a journal that was closed stays held', from: 'lock.release()', to: '' },
  ]),
  ...inFile('src/actors/journal/journal.ts', [
    {
      breaks: 'a journal is never written anew',
      from: 'if (this.#isWhole && !this.#isLong) await this.#append()',
      to: 'if (this.#isWhole) await this.#append()',
      tests: JOURNAL,
    },
    { breaks: 'after a failure the journal has a gap', from: 'this.#isWhole = false\n', to: '\n', tests: JOURNAL },
    {
      breaks: 'a full disk is told with every record',
      from: 'if (!this.#hasFailed) this.#hooks.failed',
      to: 'this.#hooks.failed',
      tests: JOURNAL,
    },
    {
      breaks: 'a slow disk holds everybody up',
      from: 'await Promise.race([writing, slow])',
      to: 'await writing',
      tests: JOURNAL,
    },
    {
      breaks: 'a close loses what is being written',
      from: 'await this.#writing\n      await this.#file.close()',
      to: 'await this.#file.close()',
      tests: JOURNAL,
    },
    {
      breaks: 'a closed journal is written',
      from: 'if (this.#closing !== undefined) return Promise.resolve()',
      to: '',
      tests: JOURNAL,
    },
    {
      breaks: 'what is pending is written twice',
      from: "this.#pending = ''\n    await this.#file.replace(text)",
      to: 'await this.#file.replace(text)',
      tests: JOURNAL,
    },
  ]),
  ...inFile('src/actors/journal/records.ts', [
    { breaks: 'an endless time is lost', from: "if (value === 'Infinity') return Infinity", to: '', tests: JOURNAL },
    { breaks: 'the owner of a VM is forgotten', from: "...maybe(fields, 'owner', text),", to: '', tests: JOURNAL },
    {
      breaks: 'a pid may be negative',
      from: 'Number.isSafeInteger(value) && (value as number) >= 0',
      to: 'Number.isSafeInteger(value)',
      tests: JOURNAL,
    },
  ]),
  ...inFile('src/actors/journal/state.ts', [
    {
      breaks: 'a journal grows with what nobody takes back',
      from: 'if (entries.size <= most) return',
      to: 'return',
      tests: JOURNAL,
    },
    {
      breaks: 'a process that has ended is remembered',
      from: '?.processes.delete(record.waitId)',
      to: '?.processes.has(record.waitId)',
      tests: JOURNAL,
    },
    {
      breaks: 'the next program uses ports of this one',
      from: 'guest.nextPort = Math.max(guest.nextPort, port + 1)',
      to: 'guest.nextPort = 0',
      tests: JOURNAL,
    },
    {
      breaks: 'a further Guest forgets the processes inside',
      from: 'processes: last?.processes ?? new Map()',
      to: 'processes: new Map()',
      tests: JOURNAL,
    },
    { breaks: 'a VM that is gone is remembered', from: 'this.#vms.delete(record.gone)', to: 'void 0', tests: JOURNAL },
  ]),
  ...inFile('src/actors/journal/text.ts', [
    {
      breaks: 'a damaged line is a record',
      from: 'line.slice(0, 9) === `${checksum(text)} ` ? fromJson(text) : undefined',
      to: 'fromJson(text)',
      tests: JOURNAL,
    },
    {
      breaks: 'a journal of a newer version is taken',
      from: 'if (Number(version) > JOURNAL_VERSION) {',
      to: 'if (false) {',
      tests: JOURNAL,
    },
    {
      breaks: 'what a crash cut off counts as damage',
      from: 'const whole = rest.slice(0, -1)',
      to: 'const whole = rest',
      tests: JOURNAL,
    },
  ]),
]
