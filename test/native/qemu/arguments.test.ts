// From a VM to the arguments of QEMU, and what is made of its kernel command line.

import assert from 'node:assert/strict'
import { machineArguments, maximumMemoryMB, pmemPlanOf, type MachinePlan } from '#dist/native/qemu/arguments.js'
import { cgroupValues } from '#dist/native/qemu/cgroup.js'
import { machineCommandLine } from '#dist/native/qemu/command-line.js'
import { planNic, type NicPlan } from '#dist/native/qemu/network.js'
import type { QemuNetwork } from '#dist/index.js'
import { SCSI } from '../../support/documents.js'

const RUNTIME_ID = '3f2504e0-4f89-41d3-9a0c-0305e82c3301'
const KERNEL = { LinuxKernelDirect: { KernelFilePath: '/b/vmlinuz', InitRdPath: '/b/initrd', KernelCmdLine: 'quiet' } }

function plan(more: Partial<MachinePlan> = {}): MachinePlan {
  return {
    id: 'vm',
    runtimeId: RUNTIME_ID,
    vm: { Chipset: KERNEL },
    memoryMB: 256,
    growthMB: undefined,
    processors: 2,
    accelerator: 'tcg',
    firmware: undefined,
    kernelArguments: [],
    controllers: [],
    disks: [],
    nics: [],
    pmem: [],
    comPorts: new Map(),
    qmpPath: '/s/qmp',
    vsockPath: '/s/vsock',
    ramPath: undefined,
    isIncoming: false,
    ...more,
  }
}

/** What follows each use of an option. */
const all = (args: readonly string[], option: string): string[] =>
  args.flatMap((word, at) => (word === option ? [args[at + 1] ?? ''] : []))

const json = (args: readonly string[], option: string): Record<string, unknown>[] =>
  all(args, option).flatMap((text) => (text.startsWith('{') ? [JSON.parse(text) as Record<string, unknown>] : []))

const deviceOf = (args: readonly string[], driver: string): Record<string, unknown>[] =>
  json(args, '-device').filter((one) => one['driver'] === driver)

const nic = (key: string, network: QemuNetwork | undefined, slot = 0): NicPlan => ({
  key,
  mac: '02:00:00:00:00:01',
  slot,
  network,
})

describe('arguments of QEMU', () => {
  it('boots the kernel of the document, standing still, with memory that the vsock daemon can map', () => {
    const args = machineArguments(plan())
    assert.deepEqual([all(args, '-kernel'), all(args, '-initrd')], [['/b/vmlinuz'], ['/b/initrd']])
    assert.match(all(args, '-append')[0] ?? '', /^quiet memhp_default_state=online swiotlb=noforce unknown_nmi_panic$/)
    assert(args.includes('-S'))
    assert.deepEqual(all(args, '-smp'), ['2'])
    const [memory] = json(args, '-object')
    assert.deepEqual(memory, { 'qom-type': 'memory-backend-memfd', id: 'ram', size: 256 * 1024 * 1024, share: true })
    assert.deepEqual(all(args, '-m'), [`size=256M,slots=1,maxmem=${maximumMemoryMB(256)}M`])
    assert.equal(deviceOf(args, 'vhost-user-vsock-pci').length, 1)
  })

  it('gives a VM without sockets no vsock device, and starts no network that nobody asked for', () => {
    const args = machineArguments(plan({ vsockPath: undefined }))
    assert.equal(deviceOf(args, 'vhost-user-vsock-pci').length, 0)
    assert(args.includes('-nodefaults'))
    assert.deepEqual(all(args, '-netdev'), [])
  })

  it('does not let QEMU start programs', () => {
    assert.match(all(machineArguments(plan()), '-sandbox')[0] ?? '', /^on,.*spawn=deny/)
  })

  it('writes commas of names and paths twice where QEMU would split at them', () => {
    const args = machineArguments(plan({ id: 'a,b', qmpPath: '/s,t/qmp' }))
    assert.match(all(args, '-name')[0] ?? '', /^guest=a,,b,/)
    assert(all(args, '-chardev').some((text) => text.includes('path=/s,,t/qmp')))
  })

  it('ends at a reset only where the document says StopOnReset', () => {
    const actions = [true, false].map(
      (StopOnReset) => all(machineArguments(plan({ vm: { Chipset: KERNEL, StopOnReset } })), '-action')[0] ?? '',
    )
    assert.match(actions[0] ?? '', /reboot=shutdown/)
    assert.match(actions[1] ?? '', /reboot=reset/)
  })

  it('puts disks on their controller and LUN, by the driver of their format', () => {
    const disk = { controller: 1, lun: 7, isDevice: false, isCd: false, readOnly: false }
    const args = machineArguments(
      plan({
        controllers: [0, 1],
        disks: [
          { ...disk, path: '/d.vhdx', driver: 'vhdx' },
          { ...disk, lun: 8, path: '/i.iso', driver: 'raw', isCd: true, readOnly: true },
          { ...disk, lun: 9, path: '/dev/sdb', driver: 'raw', isDevice: true },
        ],
      }),
    )
    assert.deepEqual(
      deviceOf(args, 'virtio-scsi-pci').map(({ id }) => id),
      ['scsi0', 'scsi1'],
    )
    const blocks = json(args, '-blockdev')
    assert.deepEqual(
      blocks.map((block) => [block['driver'], block['read-only'], block['file']]),
      [
        ['vhdx', false, { driver: 'file', filename: '/d.vhdx' }],
        ['raw', true, { driver: 'file', filename: '/i.iso' }],
        ['raw', false, { driver: 'host_device', filename: '/dev/sdb' }],
      ],
    )
    const [vhdx] = deviceOf(args, 'scsi-hd')
    assert.deepEqual([vhdx?.['bus'], vhdx?.['scsi-id'], vhdx?.['lun']], ['scsi1.0', 0, 7])
    assert.equal(deviceOf(args, 'scsi-cd').length, 1)
  })

  it('restricts the user network unless the table says otherwise, and forwards only to the loopback', () => {
    const args = machineArguments(
      plan({
        nics: [
          nic('a', { type: 'user' }),
          nic('b', { type: 'user', restrict: false, forwards: [{ hostPort: 8080, guestPort: 80 }] }, 1),
          nic('c', { type: 'tap', name: 'tap0' }, 2),
          nic('d', { type: 'socket', path: '/run/switch' }, 3),
          nic('e', undefined, 4),
        ],
      }),
    )
    const netdevs = json(args, '-netdev')
    assert.deepEqual(
      netdevs.map(({ type, restrict }) => [type, restrict]),
      [
        ['user', true],
        ['user', false],
        ['tap', undefined],
        ['stream', undefined],
      ],
    )
    assert.deepEqual(netdevs[1]?.['hostfwd'], [{ str: 'tcp:127.0.0.1:8080-:80' }])
    assert.deepEqual([netdevs[2]?.['ifname'], netdevs[2]?.['script']], ['tap0', 'no'])
    assert.deepEqual(netdevs[3]?.['addr'], { type: 'unix', path: '/run/switch' })
    const cards = deviceOf(args, 'virtio-net-pci')
    assert.equal('netdev' in (cards[4] ?? {}), false)
    // Each at a place of its own, which it keeps when others go.
    assert.equal(new Set(cards.map(({ addr }) => addr)).size, 5)
    // The guest is told before the card comes.
    const drivers = json(args, '-device').map(({ driver }) => driver)
    assert(drivers.indexOf('virtserialport') < drivers.indexOf('virtio-net-pci'))
  })

  it('connects COM ports to whoever listens, whenever that is', () => {
    const args = machineArguments(plan({ comPorts: new Map([[1, '/tmp/console']]) }))
    assert(all(args, '-chardev').includes('socket,id=com1,path=/tmp/console,server=off,reconnect=1'))
    assert.equal(deviceOf(args, 'isa-serial')[0]?.['index'], 1)
  })

  it('shows persistent memory in whole pages, without the footer of a VHD', () => {
    const pmem = pmemPlanOf(2, { HostPath: '/layer.vhd', ReadOnly: true }, 8192 + 512)
    assert.equal(pmem.bytes, 8192)
    const args = machineArguments(
      plan({
        pmem: [pmem],
        vm: { Chipset: KERNEL, Devices: { VirtualPMem: { MaximumCount: 4, MaximumSizeBytes: 1024 ** 3 } } },
      }),
    )
    const object = json(args, '-object').find(({ id }) => id === 'pmem-2')
    assert.deepEqual([object?.['mem-path'], object?.['size'], object?.['readonly']], ['/layer.vhd', 8192, true])
    assert.deepEqual(all(args, '-m'), [`size=256M,slots=1,maxmem=${maximumMemoryMB(256) + 4096}M`])
  })

  it('waits for a saved state, with the memory in a file where there is one', () => {
    const args = machineArguments(plan({ isIncoming: true, ramPath: '/s/ram', vsockPath: undefined }))
    assert.deepEqual(all(args, '-incoming'), ['defer'])
    assert.equal(json(args, '-object')[0]?.['mem-path'], '/s/ram')
  })

  it('takes firmware where the document has Uefi', () => {
    const args = machineArguments(plan({ vm: { Chipset: { Uefi: {} } }, firmware: '/usr/share/OVMF.fd' }))
    assert.deepEqual([all(args, '-bios'), all(args, '-kernel')], [['/usr/share/OVMF.fd'], []])
  })
})

describe('adapters', () => {
  const networks: Record<string, QemuNetwork> = { [SCSI[0]]: { type: 'user' } }
  const place = { runtimeId: RUNTIME_ID, slot: 0, at: '$.x', networks }

  it('refuses an EndpointId that the table does not have with 0x80070490, and finds one whatever its case', () => {
    assert.throws(() => planNic('n', { EndpointId: SCSI[1] }, place), { hresult: 0x80070490 })
    assert.deepEqual(planNic('n', { EndpointId: SCSI[0].toUpperCase() }, place).network, { type: 'user' })
  })

  it('has the MAC address of the document, else one of its own that is the same every time', () => {
    assert.equal(planNic('n', { MacAddress: '00-15-5D-0A-0b-0C' }, place).mac, '00:15:5d:0a:0b:0c')
    const own = planNic('n', {}, place).mac
    assert.match(own, /^02(:[0-9a-f]{2}){5}$/)
    assert.equal(planNic('N', {}, place).mac, own)
    assert.notEqual(planNic('m', {}, place).mac, own)
    assert.notEqual(planNic('n', {}, { ...place, runtimeId: SCSI[0] }).mac, own)
    assert.throws(() => planNic('n', { MacAddress: '00-15' }, place), { hresult: 0x80070057 })
  })
})

describe('kernel command lines', () => {
  const facts = { hasComPorts: false, controllers: [], more: [] }

  it('lose what is true of Hyper-V only, and keep what is for the init', () => {
    const line = machineCommandLine(
      'pci=off quiet initcall_blacklist=virtio_vsock_init -- -e 1 pci=off /bin/gcs',
      facts,
    )
    assert.equal(line, 'quiet memhp_default_state=online swiotlb=noforce unknown_nmi_panic -- -e 1 pci=off /bin/gcs')
  })

  it('keep a serial driver only where there is a COM port', () => {
    const given = '8250_core.nr_uarts=0 quiet'
    assert.match(machineCommandLine(given, facts), /nr_uarts=0/)
    assert.doesNotMatch(machineCommandLine(given, { ...facts, hasComPorts: true }), /nr_uarts/)
  })

  it('do not overrule what the caller says, and take words of the supervisor', () => {
    const line = machineCommandLine('swiotlb=1024 -- x', { ...facts, more: ['mitigations=off'] })
    assert.match(line, /^swiotlb=1024 .*mitigations=off -- x$/)
    assert.doesNotMatch(line, /noforce/)
  })

  it('name the controllers where they are not the first of the four', () => {
    assert.doesNotMatch(machineCommandLine('', { ...facts, controllers: [0, 1] }), /uvm\.scsi/)
    assert.match(
      machineCommandLine('', { ...facts, controllers: [1, 3] }),
      new RegExp(`uvm\\.scsi=${SCSI[1]},${SCSI[3]}`),
    )
  })
})

describe('limits of processors', () => {
  it('are the same share of all the VM has', () => {
    assert.deepEqual(cgroupValues({ Limit: 50_000, Weight: 200 }, 4), { max: '200000 100000', weight: '200' })
    assert.deepEqual(cgroupValues({}, 2), { max: 'max 100000', weight: '100' })
    assert.deepEqual(cgroupValues({ Limit: 100_000 }, 2), { max: 'max 100000', weight: '100' })
  })
})
