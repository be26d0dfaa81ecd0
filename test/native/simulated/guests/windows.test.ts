// A built-in Windows guest, spoken to in raw frames: the host messages, resources, containers, processes, and the forwarded log.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { ACTIVITY, HOST_TYPE, NOTIFICATION, NULL_ID, type RawBridge } from '../../../peer/host.js'
import type { PeerFrame } from '../../../peer/peer.js'
import { pending } from '../../../support/expect.js'
import { createRequest, LoneGuest, request, resultOf, textOf, windowsContainer } from '../../../support/raw-guest.js'

const VSMB = '\\\\?\\VMSMB\\VSMB-{dcc079ae-60ba-4d07-847c-3493609c0870}\\'
const NIC = '0f3a5c6e-1b2d-4e5f-8a9b-0c1d2e3f4a5b'
const VOLUME = '6a1e2d3c-4b5a-4968-8776-655443322110'
const LOG = 'hvsock_172dad59-976d-45f2-8b6c-6d1b13f2ac4d'
const disk = (lun: number): object & { controller: number; lun: number; path: string; readOnly: boolean } => ({
  controller: 0,
  lun,
  path: 'C:\\d.vhdx',
  readOnly: false,
})

describe('a built-in Windows guest', () => {
  let lone: LoneGuest
  let bridge: RawBridge
  beforeEach(async () => {
    lone = await LoneGuest.start('windows')
    bridge = await lone.connected()
  })
  afterEach(() => lone.close())

  const ask = (type: number, id: string, members: object = {}): Promise<PeerFrame> =>
    bridge.call(type, request(id, members))
  async function modify(type: string, resource: string | undefined, settings?: unknown): Promise<string> {
    return resultOf(await lone.modify(bridge, { RequestType: type, ResourceType: resource, Settings: settings }))
  }
  const run = async (command: string, id = NULL_ID): Promise<string> => (await lone.run(bridge, id, command)).output

  it('takes the host create and start messages once', async () => {
    const config = {
      SystemType: 'Container',
      TimeZoneInformation: { Bias: 480, StandardName: 'Pacific Standard Time' },
    }
    assert.equal(resultOf(await ask(HOST_TYPE.start, NULL_ID)), '0xc037010e')
    assert.equal(resultOf(await bridge.call(HOST_TYPE.create, createRequest(NULL_ID, config))), '')
    assert.equal(resultOf(await bridge.call(HOST_TYPE.create, createRequest(NULL_ID, config))), '0xc037010f')
    assert.equal(resultOf(await ask(HOST_TYPE.start, NULL_ID)), '')
    assert.equal(await run('tzutil /g'), 'Pacific Standard Time\r\n')
    assert.equal(
      resultOf(await bridge.call(HOST_TYPE.create, createRequest(NULL_ID, { SystemType: 'VM' }))),
      '0xc037010d',
    )
  })

  it('reads settings strictly', async () => {
    const address = { LocalAddress: NIC, ParentAddress: NIC }
    assert.equal(await modify('Update', 'HvSocket', address), '')
    assert.equal(await modify('Update', 'HvSocket', { ...address, Extra: 1 }), '0xc037010d')
    assert.equal(await modify('Update', 'HvSocket', { ...address, LocalAddress: 'here' }), '0xc037010d')
    assert.equal(await modify('Add', 'HvSocket', address), '0x80004005')
    assert.equal(await modify('Add', 'Weather', {}), '0x80004005')
    assert.equal(await modify('Add', 'MappedVirtualDisk'), '0xc037010d')
    const odd = createRequest('c1', { ...windowsContainer(), Odd: true })
    assert.equal(resultOf(await bridge.call(HOST_TYPE.create, odd)), '0xc037010d')
  })

  it('disks are mounted at paths, and a scratch disk is formatted', async () => {
    const mount = { ContainerPath: 'C:\\Data', Lun: 1 }
    const waiting = modify('Add', 'MappedVirtualDisk', mount)
    assert.equal(await pending(waiting), true)
    lone.guest.setHardware({ disks: [disk(1)] })
    assert.equal(await waiting, '')
    assert.equal(await modify('Add', 'MappedVirtualDisk', mount), '0x80004005')
    assert.equal(await run('echo kept> c:\\data\\note.txt & type C:\\DATA\\NOTE.TXT'), 'kept\r\n')
    assert.match(await run('dir c:\\data'), /NTFS.*note\.txt/s)
    assert.equal(await modify('Remove', 'MappedVirtualDisk', mount), '')
    assert.equal(await modify('Remove', 'MappedVirtualDisk', mount), '0x80070490')
    assert.equal(await modify('Add', 'MappedVirtualDiskForContainerScratch', mount), '')
    assert.doesNotMatch(await run('dir c:\\data'), /note\.txt/)
  })

  it('folders of the host are mapped through VSMB', async () => {
    const folder = await mkdtemp('/tmp/share-')
    try {
      await writeFile(join(folder, 'note.txt'), 'from the host')
      const mapped = { HostPath: `${VSMB}s2`, ContainerPath: 'C:\\shared', ReadOnly: true }
      assert.equal(await modify('Add', 'MappedDirectory', mapped), '0x80070490')
      lone.guest.setHardware({ vsmb: [{ port: 0, name: 's2', path: folder, readOnly: true }] })
      assert.equal(await modify('Add', 'MappedDirectory', mapped), '')
      assert.equal(await run('type c:\\shared\\note.txt'), 'from the host')
      assert.equal((await lone.run(bridge, NULL_ID, 'echo x> c:\\shared\\y')).code, 1)
    } finally {
      await rm(folder, { recursive: true })
    }
  })

  it('layers are joined over a scratch disk, plain, confidential and from images', async () => {
    lone.guest.setHardware({
      disks: [disk(1), disk(3), disk(4)],
      vsmb: [{ port: 0, name: 's1', path: 'C:\\l', readOnly: true }],
    })
    await modify('Add', 'MappedVirtualDisk', { ContainerPath: 'C:\\c\\0', Lun: 1 })
    const layers = { ContainerRootPath: 'C:\\c\\0', Layers: [{ Path: `${VSMB}s1` }] }
    assert.equal(await modify('Add', 'CombinedLayers', { ...layers, Layers: [{ Path: `${VSMB}s9` }] }), '0x80070490')
    assert.equal(await modify('Add', 'CombinedLayers', layers), '')
    assert.equal(await modify('Add', 'CombinedLayers', layers), '0x80004005')
    assert.equal(await modify('Remove', 'CombinedLayers', { ContainerRootPath: 'C:\\c\\0' }), '')
    const cims = {
      BlockCIMs: [
        { CimName: 'merged.cim', Lun: 4 },
        { CimName: 'layer1.cim', Lun: 3 },
      ],
      VolumeGUID: VOLUME,
      MountFlags: 16,
    }
    const confidential = {
      ContainerID: 'web-01',
      CombinedLayers: { ...layers, Layers: [{ Path: `\\\\?\\Volume{${VOLUME}}\\Files` }], FilterType: 'UnionFS' },
    }
    assert.equal(await modify('Add', 'CWCOWCombinedLayers', confidential), '0x80070490')
    assert.equal(await modify('Add', 'WCOWBlockCims', cims), '')
    assert.equal(await modify('Add', 'WCOWBlockCims', cims), '0x80004005')
    assert.equal(await modify('Add', 'CWCOWCombinedLayers', confidential), '')
    assert.equal(await modify('Remove', 'CWCOWCombinedLayers', confidential), '')
    assert.equal(await modify('Remove', 'WCOWBlockCims', cims), '')
  })

  it('an adapter is announced, taken and let go of', async () => {
    const namespace = { ID: VOLUME, NamespaceId: 3, Type: 'Host', SchemaVersion: { Major: 2, Minor: 0 } }
    assert.equal(await modify('Add', 'NetworkNamespace', namespace), '')
    assert.equal(await modify('Add', 'NetworkNamespace', namespace), '0x80004005')
    const endpoint = {
      ID: NIC,
      HostComputeNamespace: VOLUME,
      IpConfigurations: [{ IpAddress: '10.0.0.18', PrefixLength: 24 }],
    }
    assert.equal(await modify('Add', 'Network', { AdapterId: NIC, RequestType: 'Add' }), '0x80070490')
    assert.equal(await modify('Add', 'Network', { AdapterId: NIC, RequestType: 'PreAdd' }), '0xc037010d')
    assert.equal(await modify('Add', 'Network', { AdapterId: NIC, RequestType: 'PreAdd', Settings: endpoint }), '')
    lone.guest.setHardware({ adapters: [{ id: NIC }] })
    assert.equal(await modify('Add', 'Network', { AdapterId: NIC, RequestType: 'Add' }), '')
    assert.match(await run('ipconfig'), /10\.0\.0\.18/)
    // Older hosts leave the type of the resource out.
    assert.equal(await modify('Remove', undefined, { AdapterId: NIC, RequestType: 'Remove' }), '')
    assert.equal(await modify('Remove', 'NetworkNamespace', namespace), '')
    assert.equal(await modify('Remove', 'NetworkNamespace', namespace), '0x80070490')
  })

  describe('its containers', () => {
    it('are created, started, used and shut down', async () => {
      await lone.create(bridge, 'web-01', windowsContainer({ Memory: { SizeInMB: 512 } }))
      assert.equal(
        resultOf(await bridge.call(HOST_TYPE.create, createRequest('web-01', windowsContainer()))),
        '0xc037010f',
      )
      const early = await bridge.call(HOST_TYPE.execute, lone.executeRequest('web-01', { CommandLine: 'cmd' }, {}))
      assert.equal(resultOf(early), '0xc0370105')
      assert.equal(resultOf(await ask(HOST_TYPE.start, 'web-01')), '')
      assert.equal(resultOf(await ask(HOST_TYPE.start, 'web-01')), '0xc0370105')
      assert.equal(await run('hostname & whoami', 'web-01'), 'WEB-01\r\nuser manager\\containeruser\r\n')
      const { pid } = await lone.execute(bridge, 'web-01', { CommandLine: 'timeout /t 60' })
      const wait = lone.wait(bridge, 'web-01', pid)
      assert.equal(resultOf(await ask(HOST_TYPE.shutdownGraceful, 'web-01')), '')
      assert.equal((await wait).body['ExitCode'], 0xc000013a)
      const told = await bridge.notification()
      assert.equal(told.type, NOTIFICATION)
      assert.deepEqual(
        { ...told.body },
        {
          ContainerId: 'web-01',
          ActivityId: ACTIVITY,
          Type: 'GracefulExit',
          Operation: 'Shutdown',
          Result: 0,
          ResultInfo: '{"ExitCode":0}',
        },
      )
      assert.equal(resultOf(await ask(HOST_TYPE.shutdownForced, 'web-01')), '0xc0370110')
      assert.equal(resultOf(await ask(HOST_TYPE.deleteState, 'web-01')), '')
      assert.equal(resultOf(await ask(HOST_TYPE.deleteState, 'web-01')), '0xc037010e')
      assert.equal(resultOf(await ask(HOST_TYPE.start, 'web-01')), '0xc037010e')
    })

    it('have properties, limits and mapped directories that change', async () => {
      lone.guest.setHardware({ disks: [disk(1)] })
      await modify('Add', 'MappedVirtualDisk', { ContainerPath: 'C:\\data', Lun: 1 })
      await run('echo inside> c:\\data\\f')
      await lone.create(bridge, 'web-01', windowsContainer())
      await ask(HOST_TYPE.start, 'web-01')
      const query = { Query: '{"PropertyTypes":["SystemGUID","ProcessList","Statistics"]}' }
      const answer = JSON.parse(
        (await ask(HOST_TYPE.properties, 'web-01', query)).body['Properties'] as string,
      ) as Record<string, unknown>
      assert.equal(answer['Id'], 'web-01')
      assert.equal(answer['State'], 'Running')
      assert.match(answer['SystemGUID'] as string, /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/)
      assert.deepEqual(answer['ProcessList'], [])
      const change = async (body: object): Promise<string> => resultOf(await lone.modify(bridge, body, 'web-01'))
      assert.equal(
        await change({ ResourcePath: 'Container/Memory/SizeInMB', RequestType: 'Update', Settings: 1024 }),
        '',
      )
      assert.equal(
        await change({ ResourcePath: 'Container/Processor', RequestType: 'Update', Settings: { Count: 3 } }),
        '',
      )
      assert.match(await run('systeminfo', 'web-01'), /Processor\(s\): +3\r\nTotal Physical Memory: +1024 MB/)
      const mapped = { HostPath: 'C:\\data', ContainerPath: 'C:\\inside', ReadOnly: true }
      const path = 'Container/MappedDirectories'
      assert.equal(await change({ ResourcePath: path, RequestType: 'Add', Settings: mapped }), '')
      assert.equal(await run('type c:\\inside\\f', 'web-01'), 'inside\r\n')
      assert.equal(
        await change({ ResourcePath: path, RequestType: 'Add', Settings: { ...mapped, Odd: 1 } }),
        '0xc037010d',
      )
      assert.equal(await change({ ResourcePath: 'Container/Weather', Settings: 1 }), '0x80004005')
      assert.equal(
        await change({ ResourcePath: 'Container/Memory/SizeInMB', RequestType: 'Update', Settings: 'x' }),
        '0xc037010d',
      )
    })
  })

  it('signals are console events; without one a process is terminated', async () => {
    const started = async (): Promise<number> =>
      (await lone.execute(bridge, NULL_ID, { CommandLine: 'timeout /t 60' })).pid
    const first = await started()
    const signal = (pid: number, Options?: object): Promise<PeerFrame> =>
      ask(HOST_TYPE.signal, NULL_ID, { ProcessId: pid, ...(Options && { Options }) })
    assert.equal(resultOf(await signal(first, { Signal: 15 })), '0xc037010d')
    assert.equal(resultOf(await signal(first, { Signal: 'CtrlC' })), '')
    assert.equal((await lone.wait(bridge, NULL_ID, first)).body['ExitCode'], 0xc000013a)
    const second = await started()
    assert.equal(resultOf(await signal(second)), '')
    assert.equal((await lone.wait(bridge, NULL_ID, second)).body['ExitCode'], 1)
    assert.equal(resultOf(await signal(second)), '0x80070490')
  })

  it('streams are dialled by service id, and cmd reads its commands from stdin', async () => {
    const { stdin, stdout, pid } = await lone.execute(bridge, NULL_ID, { CommandLine: 'cmd' }, ['stdin', 'stdout'])
    stdin!.end('ver\r\nset A=1\r\necho %A%\r\nexit 6\r\n')
    assert.match(await textOf(stdout!), /Microsoft Windows \[Version .*\]\r\n1\r\n$/)
    assert.equal((await lone.wait(bridge, NULL_ID, pid)).body['ExitCode'], 6)
  })

  it('the log is forwarded while the host wants it, from the providers it wants', async () => {
    const listener = await lone.host.listen(LOG)
    const service = (RPCType: string, settings?: object): Promise<PeerFrame> =>
      ask(HOST_TYPE.serviceSettings, NULL_ID, {
        PropertyType: 'LogForwardService',
        Settings: {
          RPCType,
          ...(settings === undefined ? {} : { Settings: Buffer.from(JSON.stringify(settings)).toString('base64') }),
        },
      })
    const providers = [
      { providerName: 'microsoft.windows.hyperv.compute', level: 'Error' },
      { providerName: 'other', level: 'Verbose' },
    ]
    assert.equal(
      resultOf(await service('ModifyServiceSettings', { LogConfig: { sources: [{ type: 'ETW', providers }] } })),
      '',
    )
    assert.equal(resultOf(await service('StartLogForwarding')), '')
    const log = await listener.accept()
    await ask(HOST_TYPE.start, 'nobody')
    await ask(HOST_TYPE.dumpStacks, NULL_ID)
    assert.equal(resultOf(await service('StopLogForwarding')), '')
    await ask(HOST_TYPE.start, 'nobody')
    const text = await textOf(log)
    log.end()
    const entries = text
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>)
    assert.deepEqual(
      entries.map(({ Source, level, ProviderName }) => [Source, level, ProviderName]),
      [
        ['ETW', 'info', 'other'],
        ['ETW', 'error', 'microsoft.windows.hyperv.compute'],
      ],
    )
    assert.match(entries[1]!['Message'] as string, /Start failed: HRESULT: 0xc037010e/)
    // Started again, it connects again.
    await service('StartLogForwarding')
    const second = await listener.accept()
    await once(second.resume(), 'data')
    assert.equal(resultOf(await ask(HOST_TYPE.serviceSettings, NULL_ID, { PropertyType: 'Weather' })), '0x80070057')
    assert.equal(resultOf(await service('Dance')), '0xc037010d')
  })
})
