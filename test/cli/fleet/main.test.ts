// The command line, as a program or a person runs it.

import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { FleetReport } from '#cli/fleet/report.js'
import { linux, windows } from '../../support/documents.js'
import {
  runNode,
  temporaryDirectory,
  type ChildOptions,
  type Ended,
  type TemporaryDirectory,
} from '../../support/child.js'

const EXAMPLE = fileURLToPath(new URL('../../../../examples/fleet.json', import.meta.url))

interface Entry {
  id: string
  guestOS: string
  [member: string]: unknown
}

const LINUX: Entry = { id: 'linux', guestOS: 'linux', document: linux('quiet') }
const WINDOWS: Entry = { id: 'windows', guestOS: 'windows', document: windows() }

describe('npm run demo', function () {
  let files: TemporaryDirectory
  /** Where the program puts its sockets and saved states. */
  let temporary: TemporaryDirectory

  beforeEach(async () => {
    files = await temporaryDirectory()
    temporary = await temporaryDirectory()
  })
  afterEach(async () => {
    assert.deepEqual(await temporary.entries(), [], 'something is left of it')
    await files.remove()
    await temporary.remove()
  })

  const demo = (args: string[], options: ChildOptions = {}): Promise<Ended> =>
    runNode('packages/cli/dist/fleet/main.js', { ...options, args, env: { TMPDIR: temporary.path } })

  async function fleet(...vms: Entry[]): Promise<string> {
    const file = join(files.path, 'fleet.json')
    await writeFile(file, JSON.stringify({ vms }))
    return file
  }

  function report({ stdout }: Ended): FleetReport {
    return JSON.parse(stdout) as FleetReport
  }

  context('with the shipped fleet', () => {
    it('runs twice in a row: plain lines, a table and a summary, nothing left', async () => {
      for (let round = 0; round < 2; round++) {
        const { code, stdout, stderr } = await demo([])
        assert.equal(code, 0, stderr + stdout)
        assert.equal(stderr, '')
        assert.equal(stdout.includes('\u001b'), false)
        const lines = stdout.trimEnd().split('\n')
        const expected = (JSON.parse(await readFile(EXAMPLE, 'utf8')) as { vms: { copies?: number }[] }).vms
        const count = expected.reduce((sum, { copies = 1 }) => sum + copies, 0)
        assert.match(
          lines.at(-1)!,
          new RegExp(`^${count} VMs, ${count} ok, 0 failed; \\d+ commands; [\\d.]+ s on \\d+ actor threads`),
        )
        assert.equal(lines.filter((line) => /^│ (linux|windows)-\d+ /.test(line)).length, count)
        assert(lines.some((line) => /^\[linux-0\] Linux /.test(line)))
        assert(lines.some((line) => line === '[windows-0] done'))
        assert.deepEqual(await temporary.entries(), [])
      }
    })

    it('--json is one document and nothing else', async () => {
      const ended = await demo(['--json', '--threads', '2'])
      assert.equal(ended.code, 0)
      const { vms, summary } = report(ended)
      assert.equal(summary.failed, 0)
      assert.equal(summary.ok, vms.length)
      assert.equal(summary.threads, 2)
      for (const vm of vms) {
        assert.equal(vm.ok, true)
        assert.equal(vm.saved, true)
        assert.equal(vm.exitType, 'ForcedExit')
        assert(vm.startMs! >= 0 && vm.connectMs! >= 0 && vm.totalMs >= vm.connectMs!)
        assert(vm.hostChanges > 0 && vm.guestChanges > 0 && vm.commands.length > 0)
        for (const command of vm.commands) assert.equal(command.exitCode, command.expected)
      }
    })
  })

  context('with a file of one’s own', () => {
    it('applies host and guest changes, feeds input, streams output, saves and resumes', async () => {
      const file = await fleet(
        {
          ...LINUX,
          host: [{ addSCSIDisk: [{ Type: 'VirtualDisk', Path: 'C:\\d.vhdx' }, 0, 1] }, { updateMemory: [2048] }],
          guest: [{ addLCOWMappedVirtualDisk: [{ MountPath: '/mnt/d', Controller: 0, Lun: 1 }] }],
          run: [
            { args: ['sh', '-c', 'mount'] },
            { args: ['cat'], stdin: 'line one\nline two' },
            { args: ['sh', '-c', 'exit 7'], expectExit: 7 },
          ],
          saveAndResume: true,
        },
        { ...WINDOWS, run: [{ commandLine: 'cmd /c echo hello' }] },
      )
      const ended = await demo([file, '--json'])
      assert.equal(ended.code, 0, ended.stdout)
      const [first, second] = report(ended).vms
      assert.deepEqual([first?.hostChanges, first?.guestChanges, first?.saved], [2, 1, true])
      assert.match(first?.commands[0]?.stdout ?? '', /\/mnt\/d/)
      assert.equal(first?.commands[1]?.stdout, 'line one\nline two')
      assert.equal(first?.commands[2]?.exitCode, 7)
      assert.match(second?.commands[0]?.stdout ?? '', /hello/)
    })

    it('a command that ends with another code fails its VM, the others go on, and the exit code is 1', async () => {
      const file = await fleet(
        { ...LINUX, run: [{ args: ['sh', '-c', 'echo broken; exit 3'] }, { args: ['echo', 'never'] }] },
        { ...WINDOWS, run: [{ commandLine: 'cmd /c ver' }] },
      )
      const { code, stdout } = await demo([file])
      assert.equal(code, 1)
      assert.match(stdout, /^\[linux\] broken$/m)
      assert.match(stdout, /^\[linux\] failed: the command "sh -c echo broken; exit 3" ended with 3, expected 0$/m)
      assert.equal(stdout.includes('never'), false)
      assert.match(stdout, /^\[windows\] done$/m)
      assert.match(stdout, /^2 VMs, 1 ok, 1 failed; 2 commands; /m)
    })

    it('a change that is refused fails its VM with the typed error', async () => {
      const file = await fleet({ ...LINUX, host: [{ addSCSIDisk: [{ Type: 'VirtualDisk', Path: 'C:\\d' }, 0, 64] }] })
      const ended = await demo([file, '--json'])
      assert.equal(ended.code, 1)
      const [vm] = report(ended).vms
      assert.equal(vm?.ok, false)
      assert.equal(vm.error?.code, 'UVM_HCS_FAILED')
      assert.match(vm.error.message, /addSCSIDisk "linux": .*0x80070057/)
    })

    it('what a guest prints cannot command the terminal', async () => {
      const file = await fleet({
        ...LINUX,
        run: [{ args: ['cat'], stdin: '\u001b[2J\u001b]0;title\u0007red\u0000\n' }],
      })
      const { code, stdout } = await demo([file])
      assert.equal(code, 0)
      assert.match(stdout, /^\[linux\] red$/m)
      assert.equal(/[\u001b\u0007\u0000]/.test(stdout), false)
    })

    it('200 VMs complete in one process, on the threads the Host was opened with and no others', async () => {
      const entry = { host: [{ updateMemory: [2048] }], run: [{ args: ['echo', 'vm {i}'] }] }
      const file = await fleet({ ...LINUX, id: 'many-{i}', copies: 200, ...entry })
      const ended = await demo([file, '--json', '--threads', '2'])
      assert.equal(ended.code, 0, ended.stdout.slice(0, 2000) + ended.stderr)
      const { vms, summary } = report(ended)
      assert.deepEqual([summary.vms, summary.ok, summary.threads], [200, 200, 2])
      assert.deepEqual(
        vms.map(({ commands }) => commands[0]?.stdout),
        Array.from({ length: 200 }, (_, index) => `vm ${index}\n`),
      )
      if (process.platform === 'linux') {
        const { before, most } = summary.osThreads!
        // Two actor threads and the one of the simulated service.
        assert.equal(most - before, 3)
      }
    })
  })

  context('interrupted', () => {
    it('tears everything down and ends with 130', async () => {
      const file = await fleet({
        ...LINUX,
        id: 'slow-{i}',
        copies: 3,
        run: [{ args: ['sh', '-c', 'echo up; sleep 1000'] }],
      })
      let interrupted = false
      const { code, signal, stdout } = await demo([file], {
        onOutput: (text, kill) => {
          if (interrupted || (text.match(/\] up$/gm) ?? []).length < 3) return
          interrupted = true
          kill('SIGINT')
        },
      })
      assert.deepEqual([code, signal], [130, null])
      assert.match(stdout, /^3 VMs, 0 ok, 3 failed; /m)
      assert.match(stdout, /ForcedExit|aborted by the caller/)
    })
  })

  context('with something that cannot be used', () => {
    afterEach(async () => assert.equal(await temporary.touched(), false, 'something was started'))

    const refused = ({ code, stdout, stderr }: Ended): string => {
      assert.equal(code, 2)
      assert.equal(stdout, '')
      assert.match(stderr, /^uvm-fleet: [^\n]+\n$/)
      return stderr
    }

    it('a file that is missing', async () => {
      const file = join(files.path, 'none.json')
      assert.equal(refused(await demo([file])), `uvm-fleet: ${file}: there is no such file\n`)
    })

    it('a file that is no JSON', async () => {
      const file = join(files.path, 'bad.json')
      await writeFile(file, '{ "vms": [\n  oops\n] }')
      assert.match(refused(await demo([file, '--json'])), /bad\.json: not valid JSON: /)
    })

    it('a file that is wrong in a field', async () => {
      const file = await fleet(LINUX, { ...WINDOWS, guestOS: 'dos' })
      assert.equal(refused(await demo([file])), `uvm-fleet: ${file}: vms[1].guestOS: expected "linux" or "windows"\n`)
    })

    it('a call that can only fail', async () => {
      const file = await fleet({ ...LINUX, host: [{ addSCSIDisk: [{ Type: 'VirtualDisk' }] }] })
      assert.match(refused(await demo([file])), /vms\[0\]\.host\[0\]\.addSCSIDisk: controller: expected 0, 1, 2 or 3/)
    })

    it('arguments of the command line', async () => {
      for (const args of [['--what'], ['a.json', 'b.json'], ['--threads', '0'], ['--threads', 'x']])
        refused(await demo(args))
    })
  })

  it('--help explains itself', async () => {
    const { code, stdout } = await demo(['--help'])
    assert.equal(code, 0)
    assert.match(stdout, /^Usage: npm run demo -- \[options\] \[fleet\.json\]/)
  })

  it('a reader that goes away is no failure', async () => {
    const { code } = await runNode('build/test/support/closed-reader.js', { env: { TMPDIR: temporary.path } })
    assert.equal(code, 0)
  })
})
