// The three layers: build a configuration, manage the VM from the host, act inside its guest.
import { Host, UtilityVMBuilder } from 'uvm-actors'

const SCSI_0 = 'df6d0690-79e5-55b6-a5ec-c1e2f77f580a'
const config = new UtilityVMBuilder('quickstart', 'linux')
  .setLinuxKernelDirectBoot({
    KernelFilePath: 'C:\\uvm\\vmlinux',
    InitRdPath: 'C:\\uvm\\initrd.img',
    KernelCmdLine: 'quiet',
  })
  .setMemoryLimit(1024)
  .setProcessorLimits({ Count: 2 })
  .addSCSIController(SCSI_0)

await using host = await Host.open()
await using vm = await host.createVM('quickstart', config)
await using guest = await host.createGuest(vm) // listens before the guest dials
await vm.start()
await guest.createConnection()

await vm.addSCSIDisk({ Type: 'VirtualDisk', Path: 'C:\\uvm\\data.vhdx' }, 0, 1) // hot-added by the host …
await guest.addLCOWMappedVirtualDisk({ Controller: 0, Lun: 1, MountPath: '/mnt/data' }) // … and mounted inside
const code = await guest.execInUVM({ args: ['sh', '-c', 'mount | cat; uname -a'], stdout: process.stdout })
console.log(`exit code ${code}`)

await vm.terminate()
console.log((await vm.wait()).exitType)
