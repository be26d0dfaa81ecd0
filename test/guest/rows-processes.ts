// The bridge, and processes of the utility VM itself.

import { HOST_TYPE, NULL_ID } from '../peer/host.js'
import { outcome, type Row, type Subject } from './subject.js'

const MIB = 1024 * 1024

const args = (...CommandArgs: string[]) => ({ CommandArgs })
const run = (parameters: object, input?: string) => (guest: Subject) => guest.run(NULL_ID, parameters, input)
const line = (text: string) => (guest: Subject) => guest.shell(NULL_ID, text)

export const PROCESS_ROWS: readonly Row[] = [
  { id: 'bridge: a request of an unknown type', run: (guest) => guest.call(0x10100f01, NULL_ID) },
  {
    id: 'bridge: a document that is no JSON',
    run: async (guest) => outcome(await guest.bridge.call(HOST_TYPE.properties, '{')),
  },
  {
    id: 'bridge: members in another letter case',
    run: async (guest) =>
      outcome(
        await guest.bridge.call(HOST_TYPE.properties, { containerid: 'nobody', CONTAINERID: NULL_ID, query: '' }),
      ),
  },
  {
    id: 'bridge: a stack dump',
    run: async (guest) => {
      const answer = await guest.bridge.call(HOST_TYPE.dumpStacks, { ContainerId: NULL_ID })
      return String(answer.body['GuestStacks']).includes('goroutine') ? 'stacks' : answer.text
    },
  },
  {
    id: 'bridge: a lost connection comes again, and a wait with it',
    run: async (guest) => {
      const pid = await guest.start(NULL_ID, args('/bin/sh', '-c', 'sleep 1; exit 9'))
      await guest.reconnect()
      return guest.exitOf(NULL_ID, Number(pid))
    },
  },
  { id: 'process: output and exit code', run: line('echo hi; exit 7') },
  { id: 'process: an exit code above 255', run: line('exit 300') },
  { id: 'process: through its input', run: run(args('/bin/cat'), 'through') },
  { id: 'process: a working directory', run: run({ ...args('/bin/sh', '-c', 'pwd'), WorkingDirectory: '/tmp' }) },
  {
    id: 'process: a working directory that is missing',
    run: run({ ...args('/bin/echo'), WorkingDirectory: '/no/such' }),
  },
  { id: 'process: by name', run: run(args('echo', 'x')) },
  { id: 'process: no such name', run: run(args('no-such-command')) },
  { id: 'process: no such path', run: run(args('/no/such/cmd')) },
  { id: 'process: a file that is not executable', run: run(args('/etc/resolv.conf')) },
  { id: 'process: a directory', run: run(args('/etc')) },
  { id: 'process: an empty name', run: run(args('')) },
  { id: 'process: an argument of 1 MiB', run: run(args('/bin/echo', 'x'.repeat(MIB))) },
  { id: 'process: a command line', run: run({ CommandLine: `echo a 'b c' "d"` }) },
  { id: 'process: a command line with an open quote', run: run({ CommandLine: "echo 'a" }) },
  { id: 'shell: no such command', run: line('no-such-command 2> /dev/null; echo $?') },
  { id: 'shell: a file that is not executable', run: line('/etc/resolv.conf 2> /dev/null; echo $?') },
  { id: 'process: ended by its own signal', run: line('kill -9 $$') },
  {
    id: 'process: signals do not reach those of the UVM',
    run: async (guest) => {
      const pid = await guest.start(NULL_ID, args('/bin/sleep', '1'))
      return guest.call(HOST_TYPE.signal, NULL_ID, { ProcessId: pid, Options: { Signal: 15 } })
    },
  },
  { id: 'process: a wait for one that is not there', run: (guest) => guest.exitOf(NULL_ID, 4_000_000) },
  {
    id: 'process: a wait that runs out of time',
    run: async (guest) => guest.exitOf(NULL_ID, Number(await guest.start(NULL_ID, args('/bin/sleep', '1'))), 10),
  },
  {
    id: 'terminal: the size that nobody gave',
    run: run({ ...args('/bin/stty', 'size'), EmulateConsole: true }),
  },
  {
    id: 'terminal: Ctrl-C',
    // Sent earlier, it finds nobody at the terminal.
    run: (guest) =>
      guest.run(NULL_ID, { ...args('/bin/sh', '-c', 'echo ready; sleep 1000'), EmulateConsole: true }, '\u0003', true),
  },
]
