// Containers of a built-in Linux guest, spoken to in raw frames: states, refusals, exits and how they are told, what a container sees.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { ACTIVITY, HOST_TYPE, NOTIFICATION, NULL_ID, type RawBridge } from '../../../peer/host.js'
import type { PeerFrame } from '../../../peer/peer.js'
import { pending } from '../../../support/expect.js'
import {
  createRequest,
  linuxContainer,
  LoneGuest,
  ociProcess,
  request,
  resultOf,
  ROOT,
} from '../../../support/raw-guest.js'

const NIC = '0f3a5c6e-1b2d-4e5f-8a9b-0c1d2e3f4a5b'

describe('containers of a built-in Linux guest', () => {
  let lone: LoneGuest
  let bridge: RawBridge
  beforeEach(async () => {
    lone = await LoneGuest.start('linux', { hardware: { memoryMB: 1024, adapters: [{ id: NIC }] } })
    bridge = await lone.connected()
    await lone.makeDirectory(bridge, ROOT)
  })
  afterEach(() => lone.close())

  const create = (id: string, config: object): Promise<PeerFrame> =>
    bridge.call(HOST_TYPE.create, createRequest(id, config))
  const ask = (type: number, id: string, members: object = {}): Promise<PeerFrame> =>
    bridge.call(type, request(id, members))
  const start = (id: string): Promise<PeerFrame> => bridge.call(HOST_TYPE.execute, lone.executeRequest(id, {}, {}))
  const exec = (id: string): Promise<PeerFrame> =>
    bridge.call(HOST_TYPE.execute, lone.executeRequest(id, { OciProcess: ociProcess(['true']) }, {}))
  const properties = (id: string, query: string): Promise<PeerFrame> => ask(HOST_TYPE.properties, id, { Query: query })
  const constrain = (id: string, settings: object): Promise<PeerFrame> =>
    lone.modify(bridge, { RequestType: 'Update', ResourceType: 'ContainerConstraints', Settings: settings }, id)
  const remove = (id: string): Promise<PeerFrame> => ask(HOST_TYPE.deleteState, id)

  /** A container in a state. Answers init's pid, 0 when it was not started. */
  async function given(state: 'created' | 'running' | 'terminated', id = 'c1'): Promise<number> {
    await lone.create(bridge, id, linuxContainer(['sleep', '60']))
    if (state === 'created') return 0
    const { pid } = await lone.execute(bridge, id, {})
    if (state === 'terminated') {
      await ask(HOST_TYPE.shutdownForced, id)
      await lone.wait(bridge, id, pid)
      await bridge.notification()
    }
    return pid
  }

  it('a container is created', async () => {
    const answer = await create('c1', linuxContainer(['true']))
    assert.equal(answer.text, `{"Result":0,"ActivityId":"${ACTIVITY}","SelectedProtocolVersion":0}`)
  })

  for (const SchemaVersion of [{ Major: 2 }, { Major: 1, Minor: 9 }, undefined, null]) {
    it(`GCSG-013 schema version ${JSON.stringify(SchemaVersion)} is refused`, async () => {
      const answer = await create('c1', linuxContainer(['true'], { document: { SchemaVersion } }))
      assert.equal(resultOf(answer), '0xc037010d')
      assert.equal(resultOf(await create('c1', linuxContainer(['true']))), '')
    })
  }

  it('GCSG-014 an id is taken until its state is deleted, also while the container is being created', async () => {
    const [first, second] = await Promise.all([
      create('c1', linuxContainer(['true'])),
      create('c1', linuxContainer(['true'])),
    ])
    assert.deepEqual([resultOf(first), resultOf(second)], ['', '0xc037010f'])
    assert.equal(resultOf(await create('c1', linuxContainer(['true']))), '0xc037010f')
    await remove('c1')
    await lone.makeDirectory(bridge, ROOT)
    assert.equal(resultOf(await create('c1', linuxContainer(['true']))), '')
  })

  it('GCSG-015 Start succeeds whatever the id', async () => {
    assert.equal(resultOf(await ask(HOST_TYPE.start, 'nobody')), '')
  })

  it('documents that do not decode are refused', async () => {
    assert.equal(resultOf(await ask(HOST_TYPE.create, 'c1', { ContainerConfig: '{' })), '0xc037010d')
    assert.equal(resultOf(await ask(HOST_TYPE.create, 'c1', { ContainerConfig: '' })), '0xc037010d')
    assert.equal(resultOf(await ask(HOST_TYPE.create, 'c1', {})), '0xc037010d')
    assert.equal(resultOf(await create('c1', linuxContainer(['true'], { process: { args: 'true' } }))), '0xc037010d')
    assert.equal(resultOf(await create('c1', linuxContainer([]))), '0x80004005')
  })

  it('pods have a sandbox, and containers need one', async () => {
    const annotated = (kind: string, sandbox?: string): object =>
      linuxContainer(['true'], {
        spec: {
          annotations: {
            'io.kubernetes.cri.container-type': kind,
            ...(sandbox === undefined ? {} : { 'io.kubernetes.cri.sandbox-id': sandbox }),
          },
        },
      })
    assert.equal(resultOf(await create('w1', annotated('container', 'pod'))), '0x80004005')
    assert.equal(resultOf(await create('w1', annotated('container'))), '0x80004005')
    assert.equal(resultOf(await create('w1', annotated('other'))), '0x80004005')
    assert.equal(resultOf(await create('pod', annotated('sandbox'))), '0x80070490')
    await lone.modify(bridge, { RequestType: 'Add', ResourceType: 'Network', Settings: { ID: NIC } })
    assert.equal(resultOf(await create('pod', annotated('sandbox'))), '')
    assert.equal(resultOf(await create('pod', annotated('sandbox'))), '0xc037010f')
    assert.equal(resultOf(await create('w1', annotated('container', 'pod'))), '')
  })

  describe('in each state', () => {
    const table: [string, (id: string) => Promise<PeerFrame>, Record<'created' | 'running' | 'terminated', string>][] =
      [
        ['Start', (id) => ask(HOST_TYPE.start, id), { created: '', running: '', terminated: '' }],
        ['starting init', start, { created: '', running: '0x80004005', terminated: '0x80004005' }],
        ['executing', exec, { created: '', running: '', terminated: '0x80004005' }],
        [
          'a graceful shutdown',
          (id) => ask(HOST_TYPE.shutdownGraceful, id),
          { created: '', running: '', terminated: '0xc0370110' },
        ],
        [
          'a forced shutdown',
          (id) => ask(HOST_TYPE.shutdownForced, id),
          { created: '', running: '', terminated: '0xc0370110' },
        ],
        [
          'the process list',
          (id) => properties(id, '{"PropertyTypes":["ProcessList"]}'),
          { created: '', running: '', terminated: '' },
        ],
        [
          'statistics',
          (id) => properties(id, '{"PropertyTypes":["Statistics"]}'),
          { created: '', running: '', terminated: '' },
        ],
        [
          'constraints',
          (id) => constrain(id, { Windows: {}, Linux: {} }),
          { created: '', running: '', terminated: '0xc0370110' },
        ],
        ['deleting its state', remove, { created: '', running: '0x80004005', terminated: '' }],
      ]
    for (const [what, act, expected] of table) {
      it(`${what} is answered as the real guest does`, async () => {
        for (const state of ['created', 'running', 'terminated'] as const) {
          await given(state, state)
          assert.equal(resultOf(await act(state)), expected[state], state)
        }
        const unknown = what === 'Start' ? '' : '0xc037010e'
        assert.equal(resultOf(await act('nobody')), unknown)
      })
    }

    it('while it is being created everything fails without a code of its own', async () => {
      void create('c1', linuxContainer(['true']))
      const answers = await Promise.all([
        start('c1'),
        exec('c1'),
        lone.wait(bridge, 'c1', 1),
        remove('c1'),
        properties('c1', ''),
      ])
      assert.deepEqual(
        answers.map(resultOf),
        Array.from({ length: 5 }, () => '0x80004005'),
      )
    })
  })

  it('GCSG-030 init’s exit is told once, after it was waited for', async () => {
    await lone.create(bridge, 'c1', linuxContainer(['sh', '-c', 'exit 0']))
    const { pid } = await lone.execute(bridge, 'c1', {})
    assert.equal(resultOf(await lone.wait(bridge, 'c1', pid)), '')
    const told = await bridge.notification()
    assert.equal(told.type, NOTIFICATION)
    assert.equal(told.id, 0n)
    assert.equal(
      told.text,
      `{"ContainerId":"c1","ActivityId":"${ACTIVITY}","Type":"UnexpectedExit","Operation":"None","Result":0}`,
    )
    await lone.wait(bridge, 'c1', pid)
    await ask(HOST_TYPE.start, 'c1')
    assert.equal(bridge.unreadNotifications, 0)
  })

  for (const [type, expected] of [
    [HOST_TYPE.shutdownGraceful, 'GracefulExit'],
    [HOST_TYPE.shutdownForced, 'ForcedExit'],
  ] as const) {
    it(`GCSG-031 an exit after 0x${type.toString(16)} is a ${expected}`, async () => {
      await lone.create(bridge, 'c1', linuxContainer(['sh', '-c', "trap 'exit 143' TERM; sleep 60 & wait"]))
      const { pid } = await lone.execute(bridge, 'c1', {})
      const wait = lone.wait(bridge, 'c1', pid)
      assert.equal(resultOf(await ask(type, 'c1')), '')
      assert.equal((await wait).body['ExitCode'], expected === 'GracefulExit' ? 143 : 137)
      assert.equal((await bridge.notification()).body['Type'], expected)
    })
  }

  it('signals to init count like shutdowns, and the last one wins', async () => {
    await lone.create(bridge, 'c1', linuxContainer(['sh', '-c', "trap '' TERM; sleep 60"]))
    const { pid } = await lone.execute(bridge, 'c1', {})
    const wait = lone.wait(bridge, 'c1', pid)
    const signal = (Signal: number): Promise<PeerFrame> =>
      ask(HOST_TYPE.signal, 'c1', { ProcessId: pid, Options: { Signal } })
    assert.equal(resultOf(await signal(9)), '')
    await signal(15)
    await wait
    assert.match((await bridge.notification()).body['Type'] as string, /^(Forced|Graceful)Exit$/)
  })

  it('GCSG-032 an exit that nobody waits for is not told', async () => {
    await lone.create(bridge, 'c1', linuxContainer(['true']))
    const { stdout } = await lone.execute(bridge, 'c1', {}, ['stdout'])
    await once(stdout!.resume(), 'end')
    stdout!.end()
    for (let count = 0; count < 5; count++) await ask(HOST_TYPE.start, 'c1')
    assert.equal(bridge.unreadNotifications, 0)
    await given('created', 'c2')
    await ask(HOST_TYPE.shutdownForced, 'c2')
    for (let count = 0; count < 5; count++) await ask(HOST_TYPE.start, 'c2')
    assert.equal(bridge.unreadNotifications, 0)
  })

  it('GCSG-033 an exit while there is no connection is told first thing on the next one; the wait is not answered', async () => {
    await lone.create(bridge, 'c1', linuxContainer(['cat']))
    const { pid, stdin } = await lone.execute(bridge, 'c1', {}, ['stdin'])
    const { id } = bridge.post(HOST_TYPE.wait, request('c1', { ProcessId: pid, TimeoutInMs: 0xffffffff }))
    await ask(HOST_TYPE.start, 'c1')
    bridge.socket.destroy()
    // The guest dials again after 100 ms; init exits before that.
    stdin!.end()
    const again = await lone.bridge()
    again.startIdsAt(100n)
    await again.negotiate()
    const [first, second] = again.frames
    assert.equal(first?.type, NOTIFICATION)
    assert.equal(first?.body['ContainerId'], 'c1')
    assert.equal(second?.id, 100n)
    assert.equal(
      again.frames.some((frame) => frame.id === id && frame.type !== NOTIFICATION),
      false,
    )
  })

  it('GCSG-034 a wait that outlives its connection is answered on the next one under its old id', async () => {
    await lone.create(bridge, 'c1', linuxContainer(['cat']))
    const { pid, stdin } = await lone.execute(bridge, 'c1', {}, ['stdin'])
    const { id } = bridge.post(HOST_TYPE.wait, request('c1', { ProcessId: pid, TimeoutInMs: 0xffffffff }))
    await ask(HOST_TYPE.start, 'c1')
    lone.guest.disconnect()
    const again = await lone.bridge()
    again.startIdsAt(100n)
    await again.negotiate()
    const answer = again.expect(id)
    assert.equal(await pending(answer), true)
    stdin!.end()
    assert.equal((await answer).body['ExitCode'], 0)
    assert.equal((await again.notification()).body['ContainerId'], 'c1')
  })

  it('GCSG-035 properties: the UVM has none, an empty query asks for none, unknown types are left out', async () => {
    await given('running')
    assert.equal(resultOf(await properties(NULL_ID, '{}')), '0x80004005')
    for (const query of ['', '{}', 'null', '{"PropertyTypes":[]}', '{"PropertyTypes":["Weather"]}']) {
      assert.equal((await properties('c1', query)).body['Properties'], '{}', query)
    }
    assert.equal(resultOf(await properties('c1', '{')), '0xc037010d')
    assert.equal(resultOf(await properties('c1', '{"PropertyTypes":"All"}')), '0xc037010d')
  })

  it('properties name the processes and count their control group', async () => {
    const init = await given('running')
    const other = await lone.execute(bridge, 'c1', { OciProcess: ociProcess(['sleep', '60']) })
    await constrain('c1', { Windows: {}, Linux: { memory: { limit: 268435456 }, pids: { limit: 10 } } })
    const answer = await properties('c1', '{"PropertyTypes":["ProcessList","Statistics"]}')
    const found = JSON.parse(answer.body['Properties'] as string) as Record<string, Record<string, unknown>>
    assert.deepEqual(found['ProcessList'], [{ ProcessId: init }, { ProcessId: other.pid }])
    assert.deepEqual(found['LCOWMetrics']?.['pids'], { current: 2, limit: 10 })
    assert.equal(
      (found['LCOWMetrics']?.['memory'] as Record<string, Record<string, number>>)['usage']?.['limit'],
      268435456,
    )
  })

  it('GCSG-038 constraints need their container, and decode before it is looked for', async () => {
    assert.equal(resultOf(await constrain('nobody', { Windows: {}, Linux: {} })), '0xc037010e')
    assert.equal(resultOf(await constrain(NULL_ID, { Windows: {}, Linux: {} })), '0xc037010e')
    assert.equal(resultOf(await constrain('nobody', { Linux: { memory: { limit: 'much' } } })), '0xc037010d')
    await given('running')
    const disk = { ResourceType: 'MappedVirtualDisk', Settings: { MountPath: '/mnt' } }
    assert.equal(resultOf(await lone.modify(bridge, disk, 'c1')), '0x80004005')
    assert.equal(resultOf(await lone.modify(bridge, disk, 'nobody')), '0xc037010e')
  })

  it('GCSG-041 a state is deleted once', async () => {
    await given('created')
    assert.equal(resultOf(await remove('c1')), '')
    assert.equal(resultOf(await remove('c1')), '0xc037010e')
    await given('running', 'c2')
    assert.equal(resultOf(await remove('c2')), '0x80004005')
    assert.equal(resultOf(await remove('c2')), '0xc037010e')
  })

  it('GCSG-042 what has stopped cannot be shut down', async () => {
    await given('terminated')
    assert.equal(resultOf(await ask(HOST_TYPE.shutdownForced, 'c1')), '0xc0370110')
    assert.equal(resultOf(await ask(HOST_TYPE.shutdownGraceful, 'c1')), '0xc0370110')
  })

  it('what runs in a container dies with its init', async () => {
    const init = await given('running')
    const { pid, stdout } = await lone.execute(bridge, 'c1', { OciProcess: ociProcess(['sleep', '60']) }, ['stdout'])
    await ask(HOST_TYPE.shutdownForced, 'c1')
    await once(stdout!.resume(), 'end')
    stdout!.end()
    assert.equal((await lone.wait(bridge, 'c1', pid)).body['ExitCode'], 137)
    assert.equal((await lone.wait(bridge, 'c1', init)).body['ExitCode'], 137)
  })

  it('processes have the environment, directory, user, name and limits of their container', async () => {
    const config = linuxContainer(['sleep', '60'], {
      process: { user: { uid: 1000, gid: 1000, username: 'web' } },
      spec: {
        hostname: 'web-1',
        linux: { namespaces: [{ type: 'uts' }], resources: { memory: { limit: 134217728 } } },
      },
    })
    await lone.create(bridge, 'c1', config)
    await lone.execute(bridge, 'c1', {})
    const command = 'whoami; hostname; cat /sys/fs/cgroup/memory/memory.limit_in_bytes /etc/hostname'
    assert.equal((await lone.run(bridge, 'c1', command)).output, 'web\nweb-1\n134217728\nweb-1\n')
    await constrain('c1', { Windows: {}, Linux: { memory: { limit: 268435456 } } })
    assert.match((await lone.run(bridge, 'c1', 'free')).output, /Mem: {2}256 /)
    const { stdout } = await lone.execute(
      bridge,
      'c1',
      {
        OciProcess: ociProcess(['sh', '-c', 'echo $GREETING; pwd'], { env: ['GREETING=hi', 'PATH=/bin'], cwd: '/tmp' }),
      },
      ['stdout'],
    )
    const [chunk] = (await once(stdout!.resume(), 'data')) as [Buffer]
    assert.equal(chunk.toString(), 'hi\n/tmp\n')
    assert.match((await lone.run(bridge, 'c1', 'ps')).output, /sleep 60/)
    assert.doesNotMatch((await lone.run(bridge, NULL_ID, 'ps')).output, /sleep 60/)
  })
})
