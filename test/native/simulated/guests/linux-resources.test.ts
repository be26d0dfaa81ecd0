// Guest resources of a built-in Linux guest, spoken to in raw frames, and what programs see of them.

import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { NULL_ID, type RawBridge } from '../../../peer/host.js'
import { pending } from '../../../support/expect.js'
import { linuxContainer, LoneGuest, PROC, resultOf } from '../../../support/raw-guest.js'

const DISK = { controller: 0, lun: 1, path: 'C:\\data.vhdx', readOnly: false }
const NIC = '0f3a5c6e-1b2d-4e5f-8a9b-0c1d2e3f4a5b'
const NAMESPACE = 'b7b3c5a0-6f6d-4f0e-8f5b-3c8b7b1d2e4f'

describe('guest resources of a built-in Linux guest', () => {
  let lone: LoneGuest
  let bridge: RawBridge
  beforeEach(async () => {
    lone = await LoneGuest.start('linux', { hardware: { memoryMB: 512 } })
    bridge = await lone.connected()
  })
  afterEach(() => lone.close())

  /** The result of a request; '' for success. */
  async function modify(type: string | undefined, resource: string | undefined, settings?: unknown): Promise<string> {
    return resultOf(await lone.modify(bridge, { RequestType: type, ResourceType: resource, Settings: settings }))
  }
  const run = async (command: string, id = NULL_ID): Promise<string> => (await lone.run(bridge, id, command)).output
  const mountDisk = (settings: object = {}): Promise<string> =>
    modify('Add', 'MappedVirtualDisk', { MountPath: '/mnt/data', Lun: 1, ...settings })

  it('GCSG-036 unknown types and requests, and settings that are missing', async () => {
    assert.equal(await modify('Add', 'Weather', {}), '0x80004005')
    assert.equal(await modify('Add', undefined, {}), '0x80004005')
    assert.equal(await modify('Change', 'SCSIDevice', {}), '0x80004005')
    assert.equal(await modify('Add', 'MappedVirtualDisk'), '0xc037010d')
    assert.equal(await modify('Add', 'MappedVirtualDisk', null), '0xc037010d')
    assert.equal(await modify('Change', 'MappedVirtualDisk'), '0xc037010d')
    assert.equal(await modify('Add', 'MappedVirtualDisk', { Lun: 256 }), '0xc037010d')
    assert.equal(await modify('Add', 'MappedVirtualDisk', { Lun: '1' }), '0xc037010d')
    assert.equal(resultOf(await lone.modify(bridge, null as never)), '0xc037010d')
  })

  it('GCSG-037 a request without a type adds', async () => {
    lone.guest.setHardware({ disks: [DISK] })
    assert.equal(await modify(undefined, 'MappedVirtualDisk', { MountPath: '/mnt/data', Lun: 1 }), '')
    assert.equal(await modify('', 'MappedVirtualDisk', { MountPath: '/mnt/more', Lun: 1 }), '')
    assert.match(await run('mount'), /\/dev\/sda on \/mnt\/data type ext4 \(rw,relatime\)\n.*\/mnt\/more/)
  })

  it('a disk is waited for, mounted, written to and unmounted', async () => {
    const waiting = mountDisk()
    assert.equal(await pending(waiting), true)
    lone.guest.setHardware({ disks: [DISK] })
    assert.equal(await waiting, '')
    assert.equal(await run('echo hello > /mnt/data/a; cat /mnt/data/a; ls /mnt/data'), 'hello\na\nlost+found\n')
    assert.equal(await mountDisk(), '0x80004005')
    assert.equal(await modify('Remove', 'MappedVirtualDisk', { MountPath: '/mnt/data', Lun: 1 }), '')
    assert.equal(await run('ls /mnt'), '')
    assert.equal(await mountDisk({ ReadOnly: true }), '')
    assert.equal((await lone.run(bridge, NULL_ID, 'echo more > /mnt/data/a')).code, 1)
    assert.equal(await run('cat /mnt/data/a'), 'hello\n')
  })

  it('a disk that was let go of is gone until the host has attached another', async () => {
    lone.guest.setHardware({ disks: [DISK] })
    assert.equal(await run('lsblk'), 'sda 0:0:0:1 rw disk\n')
    assert.equal(await modify('Remove', 'SCSIDevice', { Lun: 1 }), '')
    assert.equal(await modify('Remove', 'SCSIDevice', { Lun: 9 }), '')
    assert.equal(await run('lsblk'), '')
    lone.guest.setHardware({ disks: [] })
    lone.guest.setHardware({ disks: [DISK] })
    assert.equal(await run('lsblk'), 'sda 0:0:0:1 rw disk\n')
  })

  it('a disk that is pulled while it is mounted fails whoever looks', async () => {
    lone.guest.setHardware({ disks: [DISK] })
    await mountDisk()
    lone.guest.setHardware({ disks: [] })
    const { pid, stderr } = await lone.execute(bridge, NULL_ID, { CommandArgs: ['ls', '/mnt/data'] }, ['stderr'])
    const [chunk] = await new Promise<[Buffer]>((resolve) => {
      stderr!.once('data', (data: Buffer) => resolve([data]))
      stderr!.resume()
    })
    assert.equal(chunk.toString(), 'ls: /mnt/data: Input/output error\n')
    assert.equal((await lone.wait(bridge, NULL_ID, pid)).body['ExitCode'], 2)
  })

  it('a folder of the host is mounted over Plan9, and its files are there', async () => {
    const folder = await mkdtemp('/tmp/share-')
    try {
      await writeFile(join(folder, 'note'), 'from the host\n')
      const share = { MountPath: '/mounts/m3', Port: 564, ShareName: '3' }
      assert.equal(await modify('Add', 'MappedDirectory', share), '0x80004005')
      lone.guest.setHardware({ plan9: [{ port: 564, name: '3', path: folder, readOnly: false }] })
      assert.equal(await modify('Add', 'MappedDirectory', { ...share, ReadOnly: true }), '')
      assert.equal(await run('ls /mounts/m3; cat /mounts/m3/note'), 'note\nfrom the host\n')
      assert.match(await run('mount'), /3 on \/mounts\/m3 type 9p \(ro,relatime\)/)
      assert.equal(await modify('Remove', 'MappedDirectory', share), '')
      assert.equal(await modify('Remove', 'MappedDirectory', share), '')
    } finally {
      await rm(folder, { recursive: true })
    }
  })

  it('persistent memory is mounted whole or in part', async () => {
    const whole = { DeviceNumber: 2, MountPath: '/run/layers/p2' }
    const part = {
      ...whole,
      MountPath: '/run/layers/p2-1',
      MappingInfo: { DeviceOffsetInBytes: 2097152, DeviceSizeInBytes: 4096 },
    }
    assert.equal(await modify('Add', 'VPMemDevice', whole), '0x80004005')
    lone.guest.setHardware({ pmem: [{ device: 2, offsets: [0] }] })
    assert.equal(await modify('Add', 'VPMemDevice', whole), '')
    assert.equal(await modify('Add', 'VPMemDevice', part), '0x80004005')
    lone.guest.setHardware({ pmem: [{ device: 2, offsets: [0, 2097152] }] })
    assert.equal(await modify('Add', 'VPMemDevice', part), '')
    assert.match(await run('mount'), /\/dev\/pmem2 on \/run\/layers\/p2 type ext4 \(ro/)
    assert.match(await run('mount'), /dm-linear-pmem2-2097152-4096 on \/run\/layers\/p2-1/)
    assert.equal(await modify('Remove', 'VPMemDevice', part), '')
    assert.equal(await modify('Remove', 'VPMemDevice', part), '')
  })

  it('a container sees its layers and its disk, and writes to its scratch', async () => {
    const root = '/run/gcs/c/c1/rootfs'
    const scratch = '/run/gcs/c/c1/scratch/c1'
    lone.guest.setHardware({ disks: [DISK, { ...DISK, lun: 2 }, { ...DISK, lun: 3 }] })
    const layers = {
      ContainerID: 'c1',
      ContainerRootPath: root,
      Layers: [{ Path: '/run/layers/a' }],
      ScratchPath: scratch,
    }
    assert.equal(await modify('Add', 'CombinedLayers', layers), '0x80004005')
    await modify('Add', 'MappedVirtualDisk', { MountPath: '/run/layers/a', Lun: 1 })
    await modify('Add', 'MappedVirtualDisk', { MountPath: '/run/gcs/c/c1/scratch', Lun: 2 })
    await modify('Add', 'MappedVirtualDisk', { MountPath: '/mnt/data', Lun: 3 })
    await run('echo layer > /run/layers/a/file; mkdir /run/layers/a/opt; echo data > /mnt/data/d')
    assert.equal(await modify('Add', 'CombinedLayers', layers), '')
    assert.equal(await modify('Add', 'CombinedLayers', layers), '')
    const mounts = [PROC, { destination: '/data', type: 'bind', source: '/mnt/data', options: ['bind', 'ro'] }]
    await lone.create(bridge, 'c1', linuxContainer(['sleep', '60'], { spec: { mounts } }))
    await lone.execute(bridge, 'c1', {})
    assert.equal(
      await run('cat /file /data/d; echo changed > /file; echo new > /opt/n; cat /file /opt/n', 'c1'),
      'layer\ndata\nchanged\nnew\n',
    )
    assert.equal((await lone.run(bridge, 'c1', 'echo x > /data/d')).code, 1)
    assert.match(
      await run('mount', 'c1'),
      /^overlay on \/ type overlay \(rw,relatime\)\nproc on \/proc type proc \(rw\)\n\/mnt\/data on \/data type ext4 \(ro\)\n$/,
    )
    assert.equal(await run('ls /', 'c1').then((names) => names.split('\n').includes('data')), true)
    // The layer itself is as it was; the change is on the scratch disk.
    assert.equal(await run(`cat /run/layers/a/file ${scratch}/upper/file`), 'layer\nchanged\n')
    assert.equal(await modify('Remove', 'CombinedLayers', { ContainerRootPath: root }), '')
    assert.equal(await modify('Remove', 'CombinedLayers', { ContainerRootPath: root }), '')
  })

  it('an adapter belongs to its namespace, and goes with it into a container', async () => {
    const adapter = {
      NamespaceID: NAMESPACE.toUpperCase(),
      ID: NIC,
      MacAddress: '00-15-5D-01-02-03',
      DNSSuffix: 'svc.local,local',
      DNSServerList: '10.0.0.2',
      EncapOverhead: 50,
      IPConfigs: [{ IPAddress: '10.0.0.17', PrefixLength: 24 }],
      Routes: [{ NextHop: '10.0.0.1', DestinationPrefix: '0.0.0.0/0' }],
    }
    const adding = modify('Add', 'Network', adapter)
    assert.equal(await pending(adding), true)
    assert.equal(await modify('Add', 'Network', adapter), '0x80004005')
    lone.guest.setHardware({ adapters: [{ id: NIC.toUpperCase() }] })
    assert.equal(await adding, '')
    assert.equal(await modify('Add', 'Network', adapter), '0x80004005')
    assert.match(
      await run('ip addr'),
      /eth0: .* mtu 1450\n {4}link\/ether 00:15:5d:01:02:03\n {4}inet 10\.0\.0\.17\/24/,
    )
    const windows = { network: { networkNamespace: NAMESPACE } }
    await lone.create(bridge, 'c1', linuxContainer(['sleep', '60'], { spec: { windows } }))
    await lone.execute(bridge, 'c1', {})
    assert.match(await run('ip addr', 'c1'), /10\.0\.0\.17/)
    assert.equal(await run('cat /etc/resolv.conf', 'c1'), 'search svc.local local\nnameserver 10.0.0.2\n')
    assert.doesNotMatch(await run('ip addr'), /10\.0\.0\.17/)
    assert.equal(await modify('Remove', 'Network', adapter), '')
    assert.doesNotMatch(await run('ip addr', 'c1'), /10\.0\.0\.17/)
  })

  it('GCSG-039 removing an adapter of an unknown namespace succeeds', async () => {
    assert.equal(await modify('Remove', 'Network', { NamespaceID: NAMESPACE, ID: NIC }), '')
  })

  it('GCSG-040 a security policy is installed once', async () => {
    const policy = { EnforcerType: 'rego', EncodedSecurityPolicy: 'cGFja2FnZSBwb2xpY3k=', EncodedUVMReference: '0oRD' }
    assert.equal(await modify('Add', 'SecurityPolicy', { ...policy, EncodedSecurityPolicy: '!' }), '0x80004005')
    assert.equal(await modify('Add', 'SecurityPolicy', policy), '')
    assert.equal(await modify('Add', 'SecurityPolicy', policy), '0x80004005')
    const fragment = { Fragment: '0oRDoQEmoQ==' }
    assert.equal(await modify('Add', 'SecurityPolicyFragment', fragment), '')
    assert.equal(await modify('Add', 'SecurityPolicyFragment', { ...fragment, MediaType: 'text/plain' }), '0x80004005')
    // From now on a container's id has 64 hexadecimal digits.
    await assert.rejects(lone.create(bridge, 'c1', linuxContainer(['true'])), /-2147467259/)
    await lone.create(bridge, 'a1'.repeat(32), linuxContainer(['true']))
  })

  it('the limit of the pods follows the memory of the machine', async () => {
    const limit = 'cat /sys/fs/cgroup/memory/pods/memory.limit_in_bytes'
    assert.equal(await modify('Update', 'PodCgroupMemoryLimit'), '')
    const before = Number(await run(limit))
    lone.guest.setHardware({ memoryMB: 1024 })
    assert.equal(Number(await run(limit)), before)
    assert.equal(await modify('Update', 'PodCgroupMemoryLimit'), '')
    assert.equal(Number(await run(limit)) - before, 512 * 1024 * 1024)
    assert.equal(await modify('Add', 'PodCgroupMemoryLimit'), '0x80004005')
  })

  it('the shell knows variables, exit codes, pipes, files and directories', async () => {
    assert.equal(await run('A=1; B=$A$A; echo $B; false; echo $?; false || echo no && echo yes'), '11\n1\nno\nyes\n')
    assert.equal(await run(`seq 3 | cat | wc -l; echo 'a  b' "c d"; X=y env | cat`), '3\na  b c d\nX=y\n')
    assert.equal(
      await run('mkdir -p /tmp/a/b; cd /tmp/a/b; pwd; echo 1 > f; echo 2 >> f; cat < f; test -f f && rm f; ls'),
      '/tmp/a/b\n1\n2\n',
    )
    assert.equal(
      await run('yes | head -n 2; head -c 3 /dev/zero | wc -c; nosuch 2> /dev/null; echo $?'),
      'y\ny\n3\n127\n',
    )
    assert.equal(await run('cat /nosuch 2> /tmp/e; cat /tmp/e'), 'cat: /nosuch: No such file or directory\n')
  })

  it('what programs write is bounded', async () => {
    const { code, output } = await lone.run(bridge, NULL_ID, 'yes > /tmp/full; echo $?; ls /tmp')
    assert.deepEqual([code, output], [0, '1\nfull\n'])
  })
})
