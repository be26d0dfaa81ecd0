import assert from 'node:assert/strict'
import {
  clampToHost,
  Host,
  InvalidConfigError,
  lcowBuilder,
  lcowCommandLine,
  planNuma,
  wcowBuilder,
} from '#dist/index.js'

const CONTROLLERS = [
  'df6d0690-79e5-55b6-a5ec-c1e2f77f580a',
  '0110f83b-de10-5172-a266-78bca56bf50a',
  'b5d2d8d4-3a75-51bf-945b-3444dc6b8579',
  '305891a9-b251-5dfe-91a2-c25d9212275b',
]
const FILES = 'C:\\Program Files\\Linux Containers'
const HV_SOCKET = {
  HvSocketConfig: { DefaultBindSecurityDescriptor: 'D:P(A;;FA;;;SY)(A;;FA;;;BA)', ServiceTable: {} },
}

function refuses(path: string, call: () => unknown): void {
  assert.throws(call, (error) => {
    assert(error instanceof InvalidConfigError)
    assert.equal(error.path, path)
    return true
  })
}

describe('documents to start from', () => {
  it('a Linux VM boots its kernel directly from the usual files, with entropy and a log that is dialled again', () => {
    assert.deepEqual(lcowBuilder('me').toDocument(), {
      Owner: 'me',
      SchemaVersion: { Major: 2, Minor: 1 },
      ShouldTerminateOnLastHandleClosed: true,
      VirtualMachine: {
        StopOnReset: true,
        Chipset: {
          LinuxKernelDirect: {
            KernelFilePath: `${FILES}\\vmlinux`,
            InitRdPath: `${FILES}\\initrd.img`,
            KernelCmdLine:
              'initcall_blacklist=virtio_vsock_init 8250_core.nr_uarts=0 panic=-1 quiet pci=off nr_cpus=2 brd.rd_nr=0 pmtmr=0 -- ' +
              '-e 1 /bin/vsockexec -r -e 109 /bin/gcs -v4 -log-format json -loglevel info',
          },
        },
        ComputeTopology: {
          Memory: { SizeInMB: 1024, AllowOvercommit: true, EnableHotHint: true },
          Processor: { Count: 2 },
        },
        Devices: {
          Scsi: Object.fromEntries(CONTROLLERS.map((id) => [id, {}])),
          HvSocket: HV_SOCKET,
          Plan9: {},
        },
      },
    })
  })

  it('a Linux VM with firmware, a root disk, a console and PCI', () => {
    const { VirtualMachine: vm } = lcowBuilder('me', {
      hostBuild: 17763,
      root: 'vhd',
      consolePipe: '\\\\.\\pipe\\c',
      pci: true,
      memoryMB: 513,
      processors: 4,
      overcommit: false,
      scsiControllers: 1,
      plan9: false,
      vpmemDevices: 8,
      kernelArguments: 'loglevel=7',
    }).toDocument()
    assert.deepEqual(vm?.Chipset?.Uefi?.BootThis, {
      DeviceType: 'VmbFs',
      DevicePath: '\\kernel',
      VmbFsRootPath: FILES,
      OptionalData:
        'root=/dev/sda ro rootwait init=/init initcall_blacklist=virtio_vsock_init 8250_core.nr_uarts=1 8250_core.skip_txen_test=1 ' +
        'console=ttyS0,115200 loglevel=7 nr_cpus=4 brd.rd_nr=0 pmtmr=0 -- sh -c "-e 1 /bin/vsockexec -r -e 109 /bin/gcs -v4 ' +
        '-log-format json -loglevel info & exec sh"',
    })
    assert.deepEqual(vm.ComputeTopology?.Memory, { SizeInMB: 514, AllowOvercommit: false })
    assert.deepEqual(vm.Devices?.Scsi, {
      [CONTROLLERS[0]!]: { Attachments: { 0: { Type: 'VirtualDisk', Path: `${FILES}\\rootfs.vhd`, ReadOnly: true } } },
    })
    assert.equal(vm.Devices.Plan9, undefined)
    assert.deepEqual(vm.Devices.VirtualPMem, { MaximumCount: 8, MaximumSizeBytes: 4294967296 })
  })

  it('a Windows VM boots from the base layer, with its scratch disk and the share of its files', () => {
    const { VirtualMachine: vm } = wcowBuilder('me', {
      osFiles: 'C:\\uvm\\Files',
      scratchPath: 'C:\\s.vhdx',
    }).toDocument()
    assert.deepEqual(vm?.Chipset?.Uefi?.BootThis, {
      DeviceType: 'VmbFs',
      DevicePath: '\\EFI\\Microsoft\\Boot\\bootmgfw.efi',
      VmbFsRootPath: 'C:\\uvm\\Files',
    })
    assert.deepEqual(vm.Devices?.Scsi?.[CONTROLLERS[0]!]?.Attachments, {
      0: { Type: 'VirtualDisk', Path: 'C:\\s.vhdx' },
    })
    assert.equal(vm.Devices.VirtualSmb?.Shares?.[0]?.Name, 'os')
    assert.equal(vm.RegistryChanges?.AddValues?.[0]?.Name, 'EnableCompartmentNamespace')
  })

  it('both start, and their guests are served what their command lines ask for', async () => {
    await using host = await Host.open({ threads: 1 })
    for (const builder of [lcowBuilder('me'), wcowBuilder('me', { osFiles: 'C:\\f', scratchPath: 'C:\\s.vhdx' })]) {
      await using vm = await host.createVM(`start-${builder.guestOS}`, builder)
      await using guest = await host.createGuest(vm)
      await vm.start()
      await guest.createConnection()
      assert.equal((await guest.capabilities())?.guestOS, builder.guestOS)
      await vm.terminate()
    }
  })

  it('refuses what contradicts itself, and what it does not know', () => {
    refuses('memory', () => lcowBuilder('me', { memory: 5 } as object))
    refuses('scsiControllers', () => lcowBuilder('me', { scsiControllers: 5 }))
    refuses('scsiControllers', () => lcowBuilder('me', { scsiControllers: 0, root: 'vhd' }))
    refuses('hostBuild', () => lcowBuilder('me', { hostBuild: 17763, kernelDirect: true }))
    refuses('osFiles', () => wcowBuilder('me', { scratchPath: 'a' } as never))
  })

  it('an image of hcsshim before 0.15 boots: its vsockexec is given no -r', () => {
    const { Chipset } = lcowBuilder('me', { redialsLog: false }).toDocument().VirtualMachine!
    assert.match(Chipset!.LinuxKernelDirect!.KernelCmdLine!, / -- -e 1 \/bin\/vsockexec -e 109 \/bin\/gcs /)
    refuses('redialsLog', () => lcowBuilder('me', { redialsLog: 'no' } as never))
  })

  it('a command line with a graphics console keeps a panic to be read', () => {
    const line = lcowCommandLine({ root: 'vpmem', processors: 1, hasGraphicsConsole: true, agent: '/bin/agent' })
    assert.match(line, /^root=\/dev\/pmem0 ro rootwait init=\/init /)
    assert.match(
      line,
      / console=tty pci=off nr_cpus=1 brd\.rd_nr=0 pmtmr=0 -- sh -c "-e 1 \/bin\/vsockexec -r -e 109 \/bin\/agent & exec sh"$/,
    )
    assert.doesNotMatch(line, /panic/)
  })
})

describe('planning for a host', () => {
  it('cuts to what the host has, and rounds memory', () => {
    const host = { processors: 4, memoryMB: 2049 }
    assert.deepEqual(clampToHost({ processors: 8, memoryMB: 511 }, host), { processors: 4, memoryMB: 512 })
    assert.deepEqual(clampToHost({ processors: 2, memoryMB: 4096 }, host), { processors: 2, memoryMB: 2048 })
    refuses('host.memoryMB', () => clampToHost({ processors: 1, memoryMB: 2 }, { processors: 1 } as never))
  })

  it('a NUMA topology by the platform, and node by node', () => {
    const vm = { processors: 4, memoryMB: 2048 }
    assert.deepEqual(planNuma({ maxProcessorsPerNode: 2, maxMemoryPerNodeMB: 1024, preferredPhysicalNodes: [1] }, vm), {
      numa: { MaxSizePerNode: 1024, PreferredPhysicalNodes: [1] },
      processors: { count_per_node: { max: 2 } },
    })
    const nodes = [0, 1].map((physicalNode) => ({ physicalNode, processors: 2, memoryMB: 1024 }))
    assert.deepEqual(planNuma({ nodes }, vm).numa.Settings?.[1], {
      VirtualNodeNumber: 1,
      PhysicalNodeNumber: 1,
      VirtualSocketNumber: 1,
      CountOfProcessors: 2,
      CountOfMemoryBlocks: 1024,
      MemoryBackingType: 'Physical',
    })
  })

  it('refuses a topology that contradicts itself or the VM', () => {
    const vm = { processors: 2, memoryMB: 1024 }
    const node = { physicalNode: 0, processors: 1, memoryMB: 512 }
    refuses('plan', () => planNuma({ maxProcessorsPerNode: 1 }, vm))
    refuses('nodes', () => planNuma({ nodes: [node] }, vm))
    refuses('nodes', () => planNuma({ nodes: [node, node], maxProcessorsPerNode: 1 }, vm))
    refuses('nodes[1].physicalNode', () => planNuma({ nodes: [node, { ...node, physicalNode: 255 }] }, vm))
    refuses('nodes[0].physicalNode', () => planNuma({ nodes: [{ ...node, physicalNode: 64 }, node] }, vm))
  })
})
