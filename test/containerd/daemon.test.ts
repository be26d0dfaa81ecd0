// The task service over its socket, as containerd asks it: what each call answers, what it leaves behind, what is refused.

import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { open, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { TtrpcError } from '#ttrpc/index.js'
import { MetricsSchema } from '#containerd/generated/metrics_pb.js'
import { Status } from '#containerd/generated/task_pb.js'
import { fromBinary } from '@bufbuild/protobuf'
import { config, Rig, VERSION_3 } from './rig.js'

async function fails(promise: Promise<unknown>, code: string, message: RegExp): Promise<void> {
  await assert.rejects(promise, (error: unknown) => {
    assert(error instanceof TtrpcError, String(error))
    assert.equal(error.code, code, error.message)
    assert.match(error.message, message)
    return true
  })
}

describe('tasks of containerd', () => {
  let rig: Rig
  before(async () => void (rig = await Rig.open()))
  afterEach(() => assert.deepEqual(rig.daemon.counts, { pods: 0, tasks: 0, connections: 1 }))
  after(() => rig.close())

  let next = 0
  const id = (): string => `c${next++}`

  /** Made and started; deleted with `remove`. */
  async function running(args: string[], more: Record<string, unknown> = {}): Promise<string> {
    const name = id()
    const { spec, ...request } = more as { spec?: Record<string, unknown> }
    await rig.call('create', { id: name, bundle: await rig.bundle(config(args, spec)), ...request })
    await rig.call('start', { id: name })
    return name
  }
  async function remove(name: string): Promise<void> {
    await rig.call('kill', { id: name, signal: 9 }).catch(() => undefined)
    await rig.call('wait', { id: name })
    await rig.call('delete', { id: name })
  }

  it('a task lives: created, running, stopped, deleted, each told in order', async () => {
    const name = id()
    const stdout = await rig.fifo()
    const output = rig.read(stdout)
    const bundle = await rig.bundle(config(['sh', '-c', 'echo out; exit 3']))
    const { pid } = await rig.call('create', { id: name, bundle, stdout })
    assert(Number(pid) > 0)
    assert.equal((await rig.call('state', { id: name }))['status'], Status.CREATED)
    assert.equal((await rig.call('start', { id: name }))['pid'], pid)
    assert.equal((await rig.call('wait', { id: name }))['exitStatus'], 3)
    const state = await rig.call('state', { id: name })
    assert.deepEqual(
      [state['status'], state['exitStatus'], state['bundle'], state['stdout']],
      [Status.STOPPED, 3, bundle, stdout],
    )
    const deleted = await rig.call('delete', { id: name })
    assert.deepEqual([deleted['exitStatus'], deleted['pid']], [3, pid])
    assert.equal(String(await output), 'out\n')
    const told = await rig.events.of(name, 4)
    assert.deepEqual(
      told.map(({ topic, namespace }) => [topic, namespace]),
      ['create', 'start', 'exit', 'delete'].map((topic) => [`/tasks/${topic}`, 'default']),
    )
    assert.equal(told[2]!.event['exitStatus'], 3)
    await fails(rig.call('state', { id: name }), 'NOT_FOUND', /there is no container/)
  })

  it('answers under the names of both versions', async () => {
    const name = await running(['sleep', '100'])
    assert.equal((await rig.call('connect', { id: name }, undefined, VERSION_3))['shimPid'], process.pid)
    await remove(name)
  })

  it('has processes, for containerd takes one without for leaked', async () => {
    const name = await running(['sleep', '100'])
    const { processes } = (await rig.call('pids', { id: name })) as { processes: { pid: number }[] }
    assert.deepEqual(
      processes.map(({ pid }) => pid),
      [process.pid],
    )
    await remove(name)
  })

  it('an exec runs beside the init, with streams and an exit of its own', async () => {
    const name = await running(['sleep', '100'])
    const [stdout, stderr] = [await rig.fifo(), await rig.fifo()]
    const outputs = [rig.read(stdout), rig.read(stderr)]
    const process = {
      args: ['sh', '-c', 'echo a; echo b >&2; exit 5'],
      cwd: '/',
      env: ['PATH=/bin'],
      user: { uid: 0, gid: 0 },
    }
    const spec = {
      typeUrl: 'types.containerd.io/opencontainers/runtime-spec/1/Process',
      value: Buffer.from(JSON.stringify(process)),
    }
    await rig.call('exec', { id: name, execId: 'x', stdout, stderr, spec })
    await fails(rig.call('exec', { id: name, execId: 'x', spec }), 'ALREADY_EXISTS', /has a process x/)
    await rig.call('start', { id: name, execId: 'x' })
    assert.equal((await rig.call('wait', { id: name, execId: 'x' }))['exitStatus'], 5)
    await rig.call('delete', { id: name, execId: 'x' })
    assert.deepEqual((await Promise.all(outputs)).map(String), ['a\n', 'b\n'])
    await fails(rig.call('state', { id: name, execId: 'x' }), 'NOT_FOUND', /no process x/)
    await remove(name)
  })

  it('what is ended has ended: no kill, and no complaint about the size of its terminal', async () => {
    const name = await running(['sh', '-c', 'exit 0'])
    await rig.call('wait', { id: name })
    await fails(rig.call('kill', { id: name, signal: 9 }), 'NOT_FOUND', /has ended already/)
    await rig.call('resizePty', { id: name, width: 80, height: 24 })
    await rig.call('delete', { id: name })
  })

  it('64 MiB go through stdin and stdout, and CloseIO drops nothing of them', async () => {
    const [stdin, stdout] = [await rig.fifo(), await rig.fifo()]
    const sent = randomBytes(64 * 1024 * 1024)
    const output = rig.read(stdout)
    const name = await running(['cat'], { stdin, stdout })
    const file = await open(stdin, 'w')
    await file.writeFile(sent)
    await file.close()
    await rig.call('closeIO', { id: name, stdin: true })
    assert.equal((await rig.call('wait', { id: name }))['exitStatus'], 0)
    const hash = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex')
    assert.equal(hash(await output), hash(sent))
    await rig.call('delete', { id: name })
  })

  it('a client that goes away does not end stdin; CloseIO before the start does', async () => {
    const [stdin, stdout] = [await rig.fifo(), await rig.fifo()]
    const output = rig.read(stdout)
    const name = await running(['cat'], { stdin, stdout })
    for (const text of ['first ', 'second']) {
      const file = await open(stdin, 'w')
      await file.writeFile(text)
      await file.close()
    }
    await rig.call('closeIO', { id: name, stdin: true })
    await rig.call('wait', { id: name })
    assert.equal(String(await output), 'first second')
    await rig.call('delete', { id: name })

    const other = id()
    await rig.call('create', { id: other, bundle: await rig.bundle(config(['cat'])), stdin: await rig.fifo() })
    await rig.call('closeIO', { id: other, stdin: true })
    await rig.call('start', { id: other })
    assert.equal((await rig.call('wait', { id: other }))['exitStatus'], 0)
    await rig.call('delete', { id: other })
  })

  it('output that nobody reads holds up neither exit nor deletion of others', async () => {
    const unread = await rig.fifo()
    const name = await running(['sh', '-c', 'yes'], { stdout: unread })
    const other = await running(['sh', '-c', 'exit 4'])
    assert.equal((await rig.call('wait', { id: other }))['exitStatus'], 4)
    await rig.call('delete', { id: other })
    await rig.call('kill', { id: name, signal: 9 })
    assert.equal((await rig.call('wait', { id: name }))['exitStatus'], 137)
    await rig.call('delete', { id: name })
  })

  it('output goes into files, both streams into one, for their owner alone', async () => {
    const path = join(rig.place.path, 'logs', 'log')
    const target = `file://${path}`
    const name = await running(['sh', '-c', 'echo out; echo err >&2'], { stdout: target, stderr: target })
    await rig.call('wait', { id: name })
    await rig.call('delete', { id: name })
    assert.deepEqual(
      String(await readFile(path))
        .split('\n')
        .sort(),
      ['', 'err', 'out'],
    )
    assert.equal((await stat(path)).mode & 0o777, 0o600)
  })

  it('output goes to a program, which is told whose it is', async () => {
    const script = join(rig.place.path, 'logger')
    const log = join(rig.place.path, 'logged')
    await writeFile(
      script,
      `#!/bin/sh\nexec 5>&-\n{ echo "$CONTAINER_NAMESPACE $CONTAINER_ID $*"; cat <&3; } > ${log}\n`,
      { mode: 0o755 },
    )
    const name = await running(['echo', 'text'], { stdout: `binary://${script}?key=value` })
    await rig.call('wait', { id: name })
    await rig.call('delete', { id: name })
    while (!String(await readFile(log)).endsWith('text\n')) await new Promise((resolve) => setImmediate(resolve))
    assert.equal(String(await readFile(log)), `default ${name} key value\ntext\n`)
  })

  it('containers of a pod share its VM, which ends with the last of them', async () => {
    const kind = 'io.kubernetes.cri.container-type'
    const pod = await running(['sleep', '100'], { spec: { annotations: { [kind]: 'sandbox' } } })
    const annotations = { [kind]: 'container', 'io.kubernetes.cri.sandbox-id': pod }
    const inside = await running(['sleep', '100'], { spec: { annotations } })
    assert.deepEqual([rig.daemon.counts.pods, rig.daemon.counts.tasks], [1, 2])
    await fails(rig.call('pause', { id: inside }), 'UNIMPLEMENTED', /its pod is one VM, with 2 containers/)
    await remove(inside)
    await remove(pod)
    const orphan = { annotations: { ...annotations, 'io.kubernetes.cri.sandbox-id': 'nobody' } }
    const bundle = await rig.bundle(config(['true'], orphan))
    await fails(rig.call('create', { id: id(), bundle }), 'NOT_FOUND', /the pod nobody/)
  })

  it('stands still and goes on', async () => {
    const name = await running(['sleep', '100'])
    await rig.call('pause', { id: name })
    assert.equal((await rig.call('state', { id: name }))['status'], Status.PAUSED)
    await rig.call('resume', { id: name })
    assert.equal((await rig.call('state', { id: name }))['status'], Status.RUNNING)
    await remove(name)
    assert.deepEqual(
      (await rig.events.of(name, 6)).map(({ topic }) => topic.slice('/tasks/'.length)),
      ['create', 'start', 'paused', 'resumed', 'exit', 'delete'],
    )
  })

  it('tells its control group’s counters as CRI decodes them, and takes new limits', async () => {
    const name = await running(['sleep', '100'])
    const resources = { typeUrl: 'x', value: Buffer.from(JSON.stringify({ memory: { limit: 64 * 1024 * 1024 } })) }
    await rig.call('update', { id: name, resources })
    const { stats } = (await rig.call('stats', { id: name })) as { stats: { typeUrl: string; value: Uint8Array } }
    assert.equal(stats.typeUrl, 'io.containerd.cgroups.v1.Metrics')
    const metrics = fromBinary(MetricsSchema, stats.value)
    assert.equal(metrics.memory!.usage!.limit, 64n * 1024n * 1024n)
    assert.equal(metrics.pids!.current, 1n)
    await remove(name)
  })

  it('an image’s own program ends with 126 and says so; one that is nowhere is refused', async () => {
    const bundle = await rig.bundle(config(['/bin/app']))
    const name = id()
    await assert.rejects(rig.call('create', { id: name, bundle }), /no such file or directory/)
    await writeFile(join(bundle, 'rootfs', 'app'), '')
    const stderr = await rig.fifo()
    const output = rig.read(stderr)
    const there = await rig.bundle(config(['/app']))
    await writeFile(join(there, 'rootfs', 'app'), '')
    await rig.call('create', { id: name, bundle: there, stderr })
    await rig.call('start', { id: name })
    assert.equal((await rig.call('wait', { id: name }))['exitStatus'], 126)
    assert.match(String(await output), /^\/app: a simulated guest runs its own programs only/)
    await rig.call('delete', { id: name })
  })

  it('the guest sees the root file system, folders and single files of the host, and nothing beside those', async () => {
    const secret = join(rig.place.path, 'secret')
    const folder = await rig.bundle('{}')
    await writeFile(secret, 'not for the guest')
    await writeFile(join(folder, 'seen'), 'in a folder\n')
    const stdout = await rig.fifo()
    const output = rig.read(stdout)
    const mounts = [
      { destination: '/proc', type: 'proc', source: 'proc' },
      { destination: '/data', type: 'bind', source: folder, options: ['rbind', 'ro'] },
    ]
    const bundle = await rig.bundle(config(['sh', '-c', 'cat /in-root /data/seen; ls /data'], { mounts }))
    await writeFile(join(bundle, 'rootfs', 'in-root'), 'in the root\n')
    const name = id()
    await rig.call('create', { id: name, bundle, stdout })
    await rig.call('start', { id: name })
    await rig.call('wait', { id: name })
    assert.equal(String(await output), 'in the root\nin a folder\nconfig.json\nrootfs\nseen\n')
    await rig.call('delete', { id: name })
  })

  it('one id in two namespaces is two containers', async () => {
    const name = await running(['sleep', '100'])
    const bundle = await rig.bundle(config(['sleep', '100']))
    await rig.call('create', { id: name, bundle }, 'other')
    assert.equal((await rig.call('state', { id: name }, 'other'))['status'], Status.CREATED)
    await fails(rig.call('create', { id: name, bundle }, 'other'), 'ALREADY_EXISTS', /exists already/)
    await rig.call('delete', { id: name }, 'other')
    assert.equal((await rig.call('state', { id: name }))['status'], Status.RUNNING)
    await remove(name)
  })

  it('events are kept while containerd is away, in order, the exit among them', async () => {
    const name = await running(['sleep', '100'])
    await rig.events.of(name, 2)
    await rig.events.close()
    await remove(name)
    assert.equal((await rig.events.of(name, 2)).length, 2)
    await rig.events.listen()
    assert.deepEqual(
      (await rig.events.of(name, 4)).map(({ topic }) => topic.slice('/tasks/'.length)),
      ['create', 'start', 'exit', 'delete'],
    )
  })

  it('a task that containerd has given up is ended by the launcher’s shutdown, by containerd’s it is not', async () => {
    const name = await running(['sleep', '100'])
    await rig.call('shutdown', { id: name })
    assert.equal((await rig.call('state', { id: name }))['status'], Status.RUNNING)
    await rig.call('shutdown', { id: name, now: true })
    await fails(rig.call('state', { id: name }), 'NOT_FOUND', /there is no container/)
    await rig.call('shutdown', { id: name, now: true })
  })

  describe('refuses, with nothing left of it', () => {
    const bad: [
      what: string,
      request: () => Promise<Record<string, unknown>> | Record<string, unknown>,
      code: string,
      message: RegExp,
    ][] = [
      ['an id that is a path', () => ({ id: '../x', bundle: '/b' }), 'INVALID_ARGUMENT', /the container id "..\/x"/],
      ['an id that is too long', () => ({ id: 'x'.repeat(77), bundle: '/b' }), 'INVALID_ARGUMENT', /at most 76/],
      ['no id', () => ({ id: '', bundle: '/b' }), 'INVALID_ARGUMENT', /the container id ""/],
      ['a bundle that is relative', () => ({ id: 'a', bundle: 'b' }), 'INVALID_ARGUMENT', /the bundle "b"/],
      ['a bundle with ..', () => ({ id: 'a', bundle: '/b/../c' }), 'INVALID_ARGUMENT', /the bundle/],
      ['a bundle that is not there', () => ({ id: 'a', bundle: '/nonexistent' }), 'NOT_FOUND', /config\.json: ENOENT/],
      [
        'a config.json that is no JSON',
        async () => ({ id: 'a', bundle: await rig.bundle('{') }),
        'INVALID_ARGUMENT',
        /is no JSON/,
      ],
      [
        'a config.json that is a list',
        async () => ({ id: 'a', bundle: await rig.bundle('[]') }),
        'INVALID_ARGUMENT',
        /no OCI specification/,
      ],
      [
        'a config.json of 5 MiB',
        async () => ({ id: 'a', bundle: await rig.bundle(`{"a":"${'x'.repeat(5 * 1024 * 1024)}"}`) }),
        'INVALID_ARGUMENT',
        /at most 4194304 are read/,
      ],
      [
        'a size that is none',
        async () => ({
          id: 'a',
          bundle: await rig.bundle(
            config(['true'], {
              annotations: { 'io.microsoft.virtualmachine.computetopology.memory.sizeinmb': 'much' },
            }),
          ),
        }),
        'INVALID_ARGUMENT',
        /sizeinmb is "much"/,
      ],
      ['a checkpoint', () => ({ id: 'a', bundle: '/b', checkpoint: '/c' }), 'UNIMPLEMENTED', /checkpoints/],
      [
        'a stream of another scheme',
        async () => ({ id: 'a', bundle: await rig.bundle(config(['true'])), stdout: 'http://host/' }),
        'INVALID_ARGUMENT',
        /http: is not known/,
      ],
      [
        'a FIFO that is not there',
        async () => ({ id: 'a', bundle: await rig.bundle(config(['true'])), stdout: '/nonexistent' }),
        'NOT_FOUND',
        /stdout \/nonexistent: ENOENT/,
      ],
      [
        'a FIFO that is a file',
        async () => ({
          id: 'a',
          bundle: await rig.bundle(config(['true'])),
          stdin: join(await rig.bundle('{}'), 'config.json'),
        }),
        'INVALID_ARGUMENT',
        /is no FIFO/,
      ],
      [
        'a logging program that is not there',
        async () => ({ id: 'a', bundle: await rig.bundle(config(['true'])), stdout: 'binary:///nonexistent' }),
        'FAILED_PRECONDITION',
        /the logging program \/nonexistent/,
      ],
    ]
    for (const [what, request, code, message] of bad)
      it(what, async () => fails(rig.call('create', await request()), code, message))

    it('a namespace that is a path', () =>
      fails(rig.call('state', { id: 'a' }, '../b'), 'INVALID_ARGUMENT', /the namespace/))

    it('a second start, deletion of what runs, an exec that is no process', async () => {
      const name = await running(['sleep', '100'])
      await fails(rig.call('start', { id: name }), 'FAILED_PRECONDITION', /is running; it starts once/)
      await fails(rig.call('delete', { id: name }), 'FAILED_PRECONDITION', /deleted once it has ended/)
      await fails(rig.call('exec', { id: name, execId: 'x' }), 'INVALID_ARGUMENT', /the process: a JSON object/)
      await fails(rig.call('exec', { id: name, execId: '/' }), 'INVALID_ARGUMENT', /the exec id/)
      await fails(rig.call('checkpoint', { id: name }), 'UNIMPLEMENTED', /Checkpoint/)
      await remove(name)
    })

    it('a second daemon in its directory, a directory that others may enter', async () => {
      const { Daemon } = await import('#containerd/daemon.js')
      const options = { containerd: '/nowhere', namespace: 'default', version: '0' }
      await assert.rejects(Daemon.open({ ...options, directory: join(rig.place.path, 'd') }), /serves .* already/)
      await assert.rejects(Daemon.open({ ...options, directory: '/tmp' }), /closed to others/)
    })
  })

  it('the VM dies: its tasks have been killed, and can be deleted', async () => {
    const second = await Rig.open({ faults: [{ op: 'pause', exit: 'UnexpectedExit' }] })
    const name = id()
    await second.call('create', { id: name, bundle: await second.bundle(config(['sleep', '100'])) })
    await second.call('start', { id: name })
    const waiting = second.call('wait', { id: name })
    await second.call('pause', { id: name }).catch(() => undefined)
    assert.equal((await waiting)['exitStatus'], 137)
    assert.equal((await second.call('delete', { id: name }))['exitStatus'], 137)
    assert.deepEqual(second.daemon.counts, { pods: 0, tasks: 0, connections: 1 })
    await second.close()
  })

  it('a VM that cannot be had is told, with nothing left of it', async () => {
    const second = await Rig.open({ faults: [{ op: 'start', fail: 0x8007000e }] })
    const bundle = await second.bundle(config(['true']))
    await assert.rejects(second.call('create', { id: 'a', bundle }), /0x8007000E|E_OUTOFMEMORY|OUTOFMEMORY/i)
    assert.deepEqual(second.daemon.counts, { pods: 0, tasks: 0, connections: 1 })
    await second.close()
  })
})
