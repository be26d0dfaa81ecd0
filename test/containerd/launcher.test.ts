// What containerd runs for each pod: it prints an address and nothing else, starts one daemon however many ask, and cleans up.

import assert from 'node:assert/strict'
import { mkdirSync, statSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fromBinary } from '@bufbuild/protobuf'
import { DeleteResponseSchema, Status, Task } from '#containerd/generated/task_pb.js'
import { RuntimeInfoSchema } from '#containerd/generated/types_pb.js'
import { TtrpcClient } from '#ttrpc/index.js'
import { temporaryDirectory, type TemporaryDirectory } from '../support/child.js'
import { addressFile, buildLauncher, daemonsBelow, endDaemons, hasCompiler, launch, type Launched } from './launcher.js'
import { config, EventTaker, Rig } from './rig.js'

describe('the launcher', function () {
  let place: TemporaryDirectory
  let folder: string
  let bundle: string
  let env: Record<string, string>
  before(async function () {
    if (!hasCompiler()) this.skip()
    place = await temporaryDirectory()
    folder = buildLauncher(place.path)
    bundle = join(place.path, 'bundle')
    mkdirSync(bundle)
    env = {
      UVM_CONTAINERD_DIRECTORY: join(place.path, 'd'),
      UVM_CONTAINERD_PROVIDER: 'simulated',
      TTRPC_ADDRESS: join(place.path, 'events'),
    }
  })
  afterEach(() => (env === undefined ? undefined : endDaemons(env['UVM_CONTAINERD_DIRECTORY']!)))
  after(() => place?.remove())

  const start = (namespace = 'default'): Promise<Launched> =>
    launch(
      folder,
      ['-namespace', namespace, '-address', '/c.sock', '-publish-binary', 'x', '-id', 'a', 'start'],
      env,
      bundle,
    )

  it('starts the daemon and prints its address, which nobody else may enter', async () => {
    const { code, stdout, stderr } = await start()
    assert.deepEqual([code, stderr], [0, ''])
    const [, path] = /^unix:\/\/(\S+)$/.exec(String(stdout))!
    assert.equal(addressFile(bundle), String(stdout))
    assert.equal(statSync(path!).mode & 0o777, 0o600)
    assert.equal(statSync(join(path!, '..')).mode & 0o777, 0o700)
    const client = await TtrpcClient.connect(path!)
    await assert.rejects(client.call(Task.method.state, { id: 'nobody' }), /there is no container "nobody"/)
    await client.close()
  })

  it('twenty at once start one daemon; another namespace has one of its own', async () => {
    const all = await Promise.all(Array.from({ length: 20 }, () => start()))
    assert.deepEqual(new Set(all.map(({ code }) => code)), new Set([0]), all.map(({ stderr }) => stderr).join(''))
    assert.equal(new Set(all.map(({ stdout }) => String(stdout))).size, 1)
    assert.equal(daemonsBelow(env['UVM_CONTAINERD_DIRECTORY']!).length, 1)
    await start('other')
    assert.equal(daemonsBelow(env['UVM_CONTAINERD_DIRECTORY']!).length, 2)
  })

  it('a daemon that was killed is replaced, although its socket is still there', async () => {
    await start()
    await endDaemons(env['UVM_CONTAINERD_DIRECTORY']!, 'SIGKILL')
    assert.equal((await start()).code, 0)
    assert.equal(daemonsBelow(env['UVM_CONTAINERD_DIRECTORY']!).length, 1)
  })

  it('a daemon that does not start is one line, which says where to look', async () => {
    const { code, stderr } = await launch(
      folder,
      ['-namespace', 'x', 'start'],
      { ...env, UVM_CONTAINERD: '/nonexistent' },
      bundle,
    )
    assert.equal(code, 1)
    const [, log] = /^containerd-shim-uvm-v1: the daemon \/nonexistent did not start; what it said is in (\S+)\n$/.exec(
      stderr,
    )!
    assert.match(await readFile(log!, 'utf8'), /\/nonexistent: No such file/)
  })

  it('says what it is, and what it does not know', async () => {
    const { stdout } = await launch(folder, ['-info'], env, bundle)
    const { version } = JSON.parse(await readFile('packages/containerd/package.json', 'utf8')) as { version: string }
    const info = fromBinary(RuntimeInfoSchema, stdout)
    assert.deepEqual([info.name, info.version!.version], ['io.containerd.uvm.v1', version])
    for (const [args, message] of [
      [[], /start or delete is expected/],
      [['stop'], /stop is not known/],
      [['-id'], /the flag -id has no value/],
    ] as const) {
      const { code, stderr } = await launch(folder, [...args], env, bundle)
      assert.equal(code, 1)
      assert.match(stderr, message)
    }
  })

  it('delete without a daemon answers as for a process that was killed', async () => {
    const { code, stdout } = await launch(
      folder,
      ['-namespace', 'x', '-id', 'a', '-bundle', bundle, 'delete'],
      env,
      '/',
    )
    const response = fromBinary(DeleteResponseSchema, stdout)
    assert.deepEqual([code, response.exitStatus], [0, 137])
    assert(response.exitedAt!.seconds > 1_700_000_000n)
  })

  it('delete has a daemon that lives give the task up', async () => {
    const events = new EventTaker(env['TTRPC_ADDRESS']!)
    await events.listen()
    const { stdout } = await start()
    const rig = await Rig.open()
    const client = await TtrpcClient.connect(String(stdout).slice('unix://'.length))
    const request = { id: 'a', bundle: await rig.bundle(config(['sleep', '100'])) }
    await client.call(Task.method.create, request)
    await client.call(Task.method.start, { id: 'a' })
    assert.equal((await client.call(Task.method.state, { id: 'a' })).status, Status.RUNNING)
    const args = ['-namespace', 'default', '-address', '/c.sock', '-id', 'a', '-bundle', request.bundle, 'delete']
    assert.equal((await launch(folder, args, env, '/')).code, 0)
    await assert.rejects(client.call(Task.method.state, { id: 'a' }), /there is no container/)
    await client.close()
    await rig.close()
    await events.close()
  })
})
