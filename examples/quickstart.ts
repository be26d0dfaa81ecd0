// The three layers: build a configuration, manage the VM from the host, act inside its guest.
import { Host, lcowBuilder } from 'uvm-actors'

// hcsshim's Linux guest: kernel, initrd and the agent's command line, SCSI controllers, HvSocket table.
const config = lcowBuilder('quickstart', { bootFiles: 'C:\\uvm', memoryMB: 1024, processors: 2 })

await using host = await Host.open()
await using vm = await host.createVM('quickstart', config)
await using guest = await host.createGuest(vm) // listens before the guest dials
await vm.start()
await guest.createConnection()

const disk = 'C:\\uvm\\data.vhdx' // has an ext4 file system
await host.grantVMAccess('quickstart', disk)
await vm.addSCSIDisk({ Type: 'VirtualDisk', Path: disk }, 0, 1) // hot-added by the host …
await guest.addLCOWMappedVirtualDisk({ Controller: 0, Lun: 1, MountPath: '/run/data' }) // … and mounted inside
const code = await guest.execInUVM({ args: ['sh', '-c', 'mount | cat; uname -a'], stdout: process.stdout })
console.log(`exit code ${code}`)

await vm.terminate()
console.log((await vm.wait()).exitType)
