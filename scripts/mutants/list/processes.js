// Processes inside a guest.

import { inFile } from '../mutant.js'

const STDIO = ['test/actors/gcs/process/stdio.test.ts']
const PROCESSES = ['test/actors/gcs/process/processes.test.ts']

export default [
  ...inFile('src/actors/gcs/process/process-proxy.ts', [
    {
      breaks: 'a closed process has no exit any more',
      from: 'if (isKnown || this.#closed)',
      to: 'if (isKnown)',
      tests: PROCESSES,
    },
    {
      breaks: 'every caller shares one exit object',
      from: "return { ...(await within(this.#exit, this.#subject('wait'), options, this.#wiring.mailbox.clock)) }",
      to: "return await within(this.#exit, this.#subject('wait'), options, this.#wiring.mailbox.clock)",
      tests: PROCESSES,
    },
    { breaks: 'a console may have a negative width', from: ' || value < 0', to: '', tests: PROCESSES },
    {
      breaks: 'the default signal is the one that cannot be caught',
      from: "=== 'linux' ? 15 : 'CtrlShutdown'",
      to: "=== 'linux' ? 9 : 'CtrlShutdown'",
      tests: PROCESSES,
    },
    {
      breaks: 'closeStdin of a lost guest resolves',
      from: 'if (negotiated !== undefined) return\n',
      to: 'return\n',
      tests: STDIO,
    },
    {
      breaks: 'a saved process may be changed through what was saved',
      from: 'ports: { ...ports } }',
      to: 'ports }',
      tests: PROCESSES,
    },
  ]),
  ...inFile('src/actors/gcs/process/process-start.ts', [
    {
      breaks: 'a process whose start was given up is not told of',
      from: 'host.mailbox.call(undo, { key }, { op: `guest.${undo}`, id: host.vmId }).catch(() => undefined)',
      to: '',
      tests: PROCESSES,
    },
    {
      breaks: 'the ports of a process that failed to start stay open',
      from: 'for (const port of transfer) port.close()',
      to: '',
      tests: PROCESSES,
    },
    {
      breaks: 'the next program is not told of a process',
      from: 'await host.journal?.processStarted(process.save())',
      to: '',
      tests: ['test/actors/recovery.test.ts'],
    },
  ]),
  ...inFile('src/actors/gcs/process/processes.ts', [
    {
      breaks: 'a wait that the guest has forgotten has a known exit',
      from: 'known: answer.result === 0 }',
      to: 'known: true }',
      tests: PROCESSES,
    },
    {
      breaks: 'a process that started too late runs on',
      from: 'this.#watch(connection, containerId, pid, [])\n    this.#killNobodys(connection, containerId, pid)',
      to: 'this.#watch(connection, containerId, pid, [])',
      tests: PROCESSES,
    },
    {
      breaks: 'the streams of a process that failed to start stay open',
      from: '    } catch (error) {\n      discard()\n      throw error',
      to: '    } catch (error) {\n      throw error',
      tests: PROCESSES,
    },
    {
      breaks: 'a stream that could not be listened for leaves the others open',
      from: 'for (const channel of channels) channel.close()\n      throw error',
      to: 'throw error',
      tests: PROCESSES,
    },
    {
      breaks: 'a port is given twice',
      from: 'this.seedNextPort(port + 1)',
      to: '',
      tests: PROCESSES,
    },
    {
      breaks: 'ports of a process that was taken over are given again',
      from: 'this.seedNextPort(port + 1)\n',
      to: '\n',
      tests: ['test/actors/gcs/migration.test.ts'],
    },
    {
      breaks: 'a Windows guest is told port numbers',
      from: 'port === undefined || isLinux ? port : vsockServiceId(port)',
      to: 'port',
      tests: PROCESSES,
    },
    {
      breaks: 'a signal to a process that is gone fails',
      from: "const answer = await connection.request('SignalProcess', body, { op, call, accept })",
      to: "const answer = await connection.request('SignalProcess', body, { op, call })",
      tests: PROCESSES,
    },
    {
      breaks: 'width and height of a console are swapped',
      from: 'Height: `${height}`, Width: `${width}`',
      to: 'Height: `${width}`, Width: `${height}`',
      tests: PROCESSES,
    },
    {
      breaks: 'an exit that nobody heard is never known',
      from: 'if (wait.connection === connection) this.#probe(wait',
      to: 'if (wait.connection !== connection) this.#probe(wait',
      tests: ['test/actors/gcs/connection/reconnect.test.ts'],
    },
    {
      breaks: 'a process whose caller gave up runs on',
      from: 'if (entry.connection?.closed === false) this.#killNobodys',
      to: 'if (false) this.#killNobodys',
      tests: PROCESSES,
    },
    {
      breaks: 'an ExecuteProcess is sent whose caller has given up',
      from: 'if (call.isCancelled()) throw abandoned()\n',
      to: '\n',
      tests: PROCESSES,
    },
    {
      breaks: 'two processes share one wait',
      from: 'if (adopted === undefined) {',
      to: 'if (adopted === undefined && false) {',
      tests: ['test/actors/gcs/migration.test.ts'],
    },
  ]),
  ...inFile('src/actors/gcs/process/signals.ts', [
    {
      breaks: 'signal names are off by one',
      from: 'index === -1 ? undefined : index + 1',
      to: 'index === -1 ? undefined : index',
      tests: PROCESSES,
    },
    {
      breaks: 'a guest without signals is sent any',
      from: "throw refuse('this guest can only be asked to end a process')",
      to: 'return undefined',
      tests: PROCESSES,
    },
    { breaks: 'signal 0 is sent', from: 'number >= 1 && number', to: 'number >= 0 && number', tests: PROCESSES },
    {
      breaks: 'a number in a string is a name',
      from: 'return /^\\d{1,3}$/.test(signal) ? Number(signal) : undefined',
      to: 'return undefined',
      tests: PROCESSES,
    },
  ]),
]
