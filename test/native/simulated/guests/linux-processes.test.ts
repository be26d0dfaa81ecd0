// Processes of a built-in Linux guest, in the UVM and in containers, spoken to in raw frames.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { Socket } from 'node:net'
import { HOST_TYPE, NULL_ID, type RawBridge } from '../../../peer/host.js'
import { pending } from '../../../support/expect.js'
import { linuxContainer, LoneGuest, ociProcess, request, resultOf, textOf } from '../../../support/raw-guest.js'

const SIGKILL = 9
const SIGTERM = 15

describe('processes of a built-in Linux guest', () => {
  let lone: LoneGuest
  let bridge: RawBridge
  beforeEach(async () => {
    lone = await LoneGuest.start()
    bridge = await lone.connected()
  })
  afterEach(() => lone.close())

  /** A container whose init process runs. */
  async function running(args: string[], streams: ('stdin' | 'stdout' | 'stderr')[] = [], process: object = {}) {
    await lone.create(bridge, 'c1', linuxContainer(args, { process }))
    return lone.execute(bridge, 'c1', {}, streams)
  }

  const exec = (args: string[], streams: ('stdin' | 'stdout' | 'stderr')[] = [], more: object = {}) =>
    lone.execute(bridge, 'c1', { OciProcess: ociProcess(args, more) }, streams)

  const signal = (containerId: string, pid: number, options?: object) =>
    bridge.call(HOST_TYPE.signal, request(containerId, { ProcessId: pid, ...(options && { Options: options }) }))

  const resize = (containerId: string, pid: number, height = 40) =>
    bridge.call(HOST_TYPE.resize, request(containerId, { ProcessId: pid, Height: height, Width: 120 }))

  it('GCSG-016 executes nothing in a container that is not there', async () => {
    const answer = await bridge.call(HOST_TYPE.execute, lone.executeRequest('c9', {}, {}))
    assert.equal(resultOf(answer), '0xc037010e')
    assert.equal(answer.body['ErrorMessage'], 'HRESULT: 0xc037010e')
    assert.equal(resultOf(await lone.wait(bridge, 'c9', 1)), '0xc037010e')
  })

  it('GCSG-017 starts nothing when a stream cannot be connected, and closes the others', async () => {
    const open = await lone.host.listen('vsock_1073741900')
    const closed = lone.executeRequest(
      NULL_ID,
      { CommandArgs: ['echo', 'a'] },
      { stdin: 1073741900, stdout: 1073741901 },
    )
    assert.equal(resultOf(await bridge.call(HOST_TYPE.execute, closed)), '0x80004005')
    const socket = await open.accept()
    await once(socket.resume(), 'end')
    const dump = await bridge.call(HOST_TYPE.dumpStacks, '')
    assert.doesNotMatch(dump.body['GuestStacks'] as string, /process/)
    // A stream that has no port is dialled at port 0.
    const noPort = lone.executeRequest(NULL_ID, { CommandArgs: ['echo'], CreateStdOutPipe: true }, {})
    assert.equal(resultOf(await bridge.call(HOST_TYPE.execute, noPort)), '0x80004005')
  })

  it('GCSG-018 dials stdin, stdout, stderr in this order before it answers', async () => {
    const order: string[] = []
    const ports: Record<string, number> = {}
    for (const name of ['stderr', 'stdout', 'stdin']) {
      ports[name] = lone.port()
      const listener = await lone.host.listen(`vsock_${ports[name]}`)
      void listener.accept().then(() => order.push(name))
    }
    const answer = await bridge.call(HOST_TYPE.execute, lone.executeRequest(NULL_ID, { CommandArgs: ['true'] }, ports))
    assert.equal(resultOf(answer), '')
    assert.deepEqual(order, ['stdin', 'stdout', 'stderr'])
  })

  it('GCSG-019 a container process that exits reports its code, one that is killed 128 and the signal', async () => {
    await running(['sleep', '60'])
    const ended = await exec(['sh', '-c', 'exit 3'])
    assert.equal((await lone.wait(bridge, 'c1', ended.pid)).body['ExitCode'], 3)
    const killed = await exec(['sleep', '60'])
    assert.equal(resultOf(await signal('c1', killed.pid, { Signal: SIGKILL })), '')
    assert.equal((await lone.wait(bridge, 'c1', killed.pid)).body['ExitCode'], 137)
  })

  it('GCSG-020 a UVM process that is killed by a signal reports 4294967295', async () => {
    const { pid, stdout } = await lone.execute(bridge, NULL_ID, { CommandArgs: ['yes'] }, ['stdout'])
    // Nobody reads any more: the process gets SIGPIPE.
    stdout!.destroy()
    assert.equal((await lone.wait(bridge, NULL_ID, pid)).body['ExitCode'], 4294967295)
  })

  it('GCSG-021 a wait whose time runs out says so, in the words of the real guest', async () => {
    const { pid } = await lone.execute(bridge, NULL_ID, { CommandArgs: ['sleep', '60'] })
    const answer = await lone.wait(bridge, NULL_ID, pid, 50)
    assert.equal(
      answer.text.replace(/"ActivityId":"[^"]*"/, '"ActivityId":""'),
      '{"Result":-1070137079,"ActivityId":"","ErrorMessage":"HRESULT: 0xc0370109","ErrorRecords":' +
        '[{"Result":-1070137079,"Message":"HRESULT: 0xc0370109","ModuleName":"gcs","FileName":"","Line":4294967295}]}',
    )
  })

  it('GCSG-022 what was waited for is forgotten, in the UVM and in a container', async () => {
    const uvm = await lone.execute(bridge, NULL_ID, { CommandArgs: ['true'] })
    assert.equal(resultOf(await lone.wait(bridge, NULL_ID, uvm.pid)), '')
    assert.equal(resultOf(await lone.wait(bridge, NULL_ID, uvm.pid)), '0x80070490')
    await running(['sleep', '60'])
    const inside = await exec(['true'])
    assert.equal(resultOf(await lone.wait(bridge, 'c1', inside.pid)), '')
    assert.equal(resultOf(await lone.wait(bridge, 'c1', inside.pid)), '0x80070490')
  })

  it('an exit that nobody waited for is kept', async () => {
    const { pid, stdout } = await lone.execute(bridge, NULL_ID, { CommandArgs: ['sh', '-c', 'exit 9'] }, ['stdout'])
    await textOf(stdout!)
    assert.equal(resultOf(await lone.wait(bridge, NULL_ID, 1)), '0x80070490')
    assert.equal((await lone.wait(bridge, NULL_ID, pid)).body['ExitCode'], 9)
  })

  it('GCSG-023 init’s exit can be asked for again and again', async () => {
    const { pid } = await running(['sh', '-c', 'exit 4'])
    for (let time = 0; time < 3; time++) assert.equal((await lone.wait(bridge, 'c1', pid)).body['ExitCode'], 4)
    await bridge.call(HOST_TYPE.deleteState, request('c1'))
    assert.equal(resultOf(await lone.wait(bridge, 'c1', pid)), '0xc037010e')
  })

  it('GCSG-024 waits that are outstanding together are all answered', async () => {
    await running(['sleep', '60'])
    const { pid, stdin } = await exec(['cat'], ['stdin'])
    const waits = [lone.wait(bridge, 'c1', pid), lone.wait(bridge, 'c1', pid), lone.wait(bridge, 'c1', pid, 60_000)]
    assert.equal(await pending(Promise.race(waits)), true)
    stdin!.end()
    assert.deepEqual(
      (await Promise.all(waits)).map(({ body }) => body['ExitCode']),
      [0, 0, 0],
    )
  })

  it('GCSG-025 a container process’s exit is told only after the host has closed its end of the output', async () => {
    await running(['sleep', '60'])
    const { pid, stdout } = await exec(['echo', 'hello'], ['stdout'])
    const wait = lone.wait(bridge, 'c1', pid)
    assert.equal(await textOf(stdout!), 'hello\n')
    assert.equal(await pending(wait), true)
    stdout!.end()
    assert.equal((await wait).body['ExitCode'], 0)
  })

  it('a UVM process’s exit waits for nobody', async () => {
    const { pid, stdout } = await lone.execute(bridge, NULL_ID, { CommandArgs: ['echo', 'hello'] }, ['stdout'])
    assert.equal((await lone.wait(bridge, NULL_ID, pid)).body['ExitCode'], 0)
    assert.equal(await textOf(stdout!), 'hello\n')
  })

  it('GCSG-026 a process of the UVM itself cannot be signalled or resized', async () => {
    const { pid } = await lone.execute(bridge, NULL_ID, { CommandArgs: ['sleep', '60'] })
    assert.equal(resultOf(await signal(NULL_ID, pid, { Signal: SIGTERM })), '0xc037010e')
    assert.equal(resultOf(await resize(NULL_ID, pid)), '0xc037010e')
  })

  it('GCSG-027 a signal without options kills', async () => {
    await running(['sleep', '60'])
    for (const options of [undefined, {}, { Signal: 0 }]) {
      const { pid } = await exec(['sh', '-c', "trap '' TERM; sleep 60"])
      assert.equal(resultOf(await signal('c1', pid, options)), '')
      assert.equal((await lone.wait(bridge, 'c1', pid)).body['ExitCode'], 137)
    }
  })

  it('signals go to processes that are there, and some to no effect', async () => {
    await running(['sleep', '60'])
    const { pid, stdin, stdout } = await exec(['sh', '-c', "trap '' TERM; echo ready; cat"], ['stdin', 'stdout'])
    await once(stdout!.resume(), 'data')
    assert.equal(resultOf(await signal('c1', 1, { Signal: SIGTERM })), '0x80070490')
    assert.equal(resultOf(await signal('c1', pid, { Signal: 999 })), '0x80004005')
    assert.equal(resultOf(await signal('c1', pid, { Signal: 'TERM' })), '0xc037010d')
    for (const harmless of [SIGTERM, 28]) assert.equal(resultOf(await signal('c1', pid, { Signal: harmless })), '')
    const wait = lone.wait(bridge, 'c1', pid)
    assert.equal(await pending(wait), true)
    stdin!.end()
    await once(stdout!, 'end')
    assert.equal(resultOf(await signal('c1', pid, { Signal: SIGTERM })), '0x80070490')
    stdout!.end()
    assert.equal((await wait).body['ExitCode'], 0)
  })

  it('GCSG-028 a process without a terminal cannot be resized', async () => {
    await running(['sleep', '60'])
    const { pid } = await exec(['sleep', '60'])
    assert.equal(resultOf(await resize('c1', pid)), '0x80004005')
    assert.equal(resultOf(await resize('c1', 1)), '0x80070490')
  })

  it('GCSG-029 a console has at most 65535 rows', async () => {
    const { pid } = await running(['sleep', '60'])
    assert.equal(resultOf(await resize('c1', pid, 70_000)), '0xc037010d')
  })

  it('a terminal echoes, ends lines with CR LF, has a size, and interrupts', async () => {
    await running(['sleep', '60'])
    const size = { height: 30, width: 90 }
    const { pid, stdin, stdout } = await exec(['sh'], ['stdin', 'stdout'], { terminal: true, consoleSize: size })
    const seen = reader(stdout!)
    stdin!.write('stty size\r')
    await seen.until('30 90\r\n')
    assert.equal(resultOf(await resize('c1', pid)), '')
    stdin!.write('stty size\n')
    await seen.until('40 120\r\n')
    assert.match(seen.text, /stty size\r\n40 120/)
    const ended = once(stdout!, 'end')
    stdin!.write('sleep 60\n')
    stdin!.write(Buffer.from([3]))
    assert.equal((await lone.wait(bridge, 'c1', pid)).body['ExitCode'], 130)
    await ended
    assert.match(seen.text, /sleep 60\r\n\^C$/)
  })

  it('GCSG-043 when init’s output has nobody at its end, what was written last is written again', async () => {
    const { pid, ports, listeners, stdout, stdin } = await running(['cat'], ['stdin', 'stdout'])
    const first = Buffer.alloc(200_000, 'a')
    stdin!.write(first)
    const seen = reader(stdout!)
    await seen.length(first.length)
    listeners['stdout']!.close()
    stdout!.destroy()
    stdin!.write('b')
    // The guest dials in vain until somebody listens again.
    const again = await lone.host.listen(`vsock_${ports['stdout']}`)
    const second = await again.accept()
    const replayed = reader(second)
    await replayed.length(131_072)
    stdin!.end('c')
    await once(second, 'end')
    assert.equal(replayed.text, `${'a'.repeat(131_071)}bc`)
    second.end()
    assert.equal((await lone.wait(bridge, 'c1', pid)).body['ExitCode'], 0)
  })

  it('output that nobody comes back for ends with the container', async () => {
    const { pid, listeners, stdout } = await running(['yes'], ['stdout'])
    listeners['stdout']!.close()
    stdout!.destroy()
    assert.equal(resultOf(await bridge.call(HOST_TYPE.shutdownForced, request('c1'))), '')
    assert.equal((await lone.wait(bridge, 'c1', pid)).body['ExitCode'], 137)
  })

  it('a process that writes much waits for its reader', async () => {
    await running(['sleep', '60'])
    const { pid, stdout } = await exec(['yes'], ['stdout'])
    const wait = lone.wait(bridge, 'c1', pid)
    const before = process.memoryUsage().arrayBuffers
    for (let turn = 0; turn < 2000; turn++) await new Promise((resolve) => setImmediate(resolve))
    assert.ok(process.memoryUsage().arrayBuffers - before < 8 * 1024 * 1024)
    // It gets SIGPIPE once the reader is gone.
    stdout!.destroy()
    assert.equal((await wait).body['ExitCode'], 141)
  })

  it('stdin passes through whole and stdout comes back whole', async () => {
    await running(['sleep', '60'])
    const { pid, stdin, stdout } = await exec(['sh', '-c', 'cat | cat | wc -c'], ['stdin', 'stdout'])
    const block = Buffer.alloc(1024 * 1024, 'x')
    for (let count = 0; count < 8; count++) if (!stdin!.write(block)) await once(stdin!, 'drain')
    stdin!.end()
    assert.equal(await textOf(stdout!), `${8 * 1024 * 1024}\n`)
    stdout!.end()
    assert.equal((await lone.wait(bridge, 'c1', pid)).body['ExitCode'], 0)
  })

  it('runs a command line, and refuses a process that is nothing', async () => {
    const { stdout } = await lone.execute(
      bridge,
      NULL_ID,
      { CommandLine: `sh -c 'echo $A; pwd'`, Environment: { A: 'b' }, WorkingDirectory: '/tmp' },
      ['stdout'],
    )
    assert.equal(await textOf(stdout!), 'b\n/tmp\n')
    const wrong = lone.executeRequest(NULL_ID, { CommandArgs: 'ls' }, {})
    assert.equal(resultOf(await bridge.call(HOST_TYPE.execute, wrong)), '0xc037010d')
    await assert.rejects(bridge.call(HOST_TYPE.execute, lone.executeRequest(NULL_ID, {}, {})), /hung up/)
  })
})

/** Collects what a socket brings. */
function reader(socket: Socket): {
  text: string
  until(part: string): Promise<void>
  length(bytes: number): Promise<void>
} {
  let wake = (): void => undefined
  const found = {
    text: '',
    until: async (part: string) => {
      while (!found.text.includes(part)) await new Promise<void>((resolve) => (wake = resolve))
    },
    length: async (bytes: number) => {
      while (found.text.length < bytes) await new Promise<void>((resolve) => (wake = resolve))
    },
  }
  socket.on('data', (chunk: Buffer) => {
    found.text += chunk.toString('latin1')
    wake()
  })
  socket.resume()
  return found
}
