// The first example with a real VM, on Linux under QEMU: a disk that is hot-added and mounted, and a container whose root is on it.
//
//   linux-vm KERNEL INITRD DISK.vhdx [VSOCK_DAEMON]
//
// The kernel and the image come from `uvmctl image build` (docs/qemu.md); the disk holds an ext4 file system.
import { Host, UtilityVMBuilder } from 'uvm-actors'

const [KernelFilePath, InitRdPath, disk, vsockDaemon] = process.argv.slice(2)
if (KernelFilePath === undefined || InitRdPath === undefined || disk === undefined) {
  console.error('usage: linux-vm KERNEL INITRD DISK.vhdx [VSOCK_DAEMON]')
  process.exit(2)
}

const SCSI_0 = 'df6d0690-79e5-55b6-a5ec-c1e2f77f580a'
const config = new UtilityVMBuilder('linux-vm', 'linux')
  .setLinuxKernelDirectBoot({
    KernelFilePath,
    InitRdPath,
    KernelCmdLine: 'panic=-1 quiet -- -e 1 /bin/vsockexec -r -e 109 /bin/gcs -v4 -log-format json -loglevel info',
  })
  .setMemoryLimit(256)
  .setProcessorLimits({ Count: 1 })
  .addSCSIController(SCSI_0)

await using host = await Host.open({
  provider: 'qemu',
  qemu: vsockDaemon === undefined ? {} : { vsockDaemon },
})
await using vm = await host.createVM('linux-vm', config)
await using guest = await host.createGuest(vm) // listens before the guest dials
await vm.start()
await guest.createConnection()

await vm.addSCSIDisk({ Type: 'VirtualDisk', Path: disk }, 0, 1) // hot-added by the host …
await guest.addLCOWMappedVirtualDisk({ Controller: 0, Lun: 1, MountPath: '/mnt/data' }) // … and mounted inside
await guest.execInUVM({ args: ['sh', '-c', 'uname -srm; mount | grep /mnt/data'], stdout: process.stdout })

// A root for a container, on the disk: the guest's own busybox is all that it needs.
const root = '/mnt/data/root'
const tools = 'for tool in sh echo cat hostname mount uname; do ln -sf busybox $tool; done'
await guest.execInUVM({
  args: ['sh', '-c', `mkdir -p ${root}/bin ${root}/proc && cp /bin/busybox ${root}/bin && cd ${root}/bin && ${tools}`],
})
const account = { cwd: '/', user: { uid: 0, gid: 0 }, env: ['PATH=/bin'] }
await using container = await guest.createContainer('hello', {
  SchemaVersion: { Major: 2, Minor: 1 },
  OciBundlePath: '/run/gcs/c/hello',
  OciSpecification: {
    ociVersion: '1.1.0',
    process: { ...account, args: ['sh', '-c', 'echo hello from $(hostname); cat /proc/1/cmdline | head -c 2; exit 7'] },
    root: { path: root },
    hostname: 'a-container',
    mounts: [{ destination: '/proc', type: 'proc', source: 'proc' }],
    linux: { namespaces: ['mount', 'pid', 'ipc', 'uts', 'network'].map((type) => ({ type })) },
  },
})
await container.start()
const init = await container.createProcess({ CreateStdOutPipe: true }) // without OciProcess: the container's own init
for await (const chunk of init.stdout!) process.stdout.write(chunk as Buffer)
console.log(`\nthe container exited with ${(await init.wait()).exitCode}`)
await guest.deleteContainerState('hello')

await vm.terminate()
console.log((await vm.wait()).exitType)
