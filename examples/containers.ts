// A Linux container in a utility VM: its disks, its root file system, its init, a command beside it, its end.
import { Host, lcowBuilder, lcowContainer } from 'uvm-actors'

// Its command line starts the agent by `vsockexec -r -e 109`: of hcsshim 0.15 or later. `redialsLog: false` for earlier images.
const config = lcowBuilder('containers', { bootFiles: 'C:\\uvm', memoryMB: 1024, processors: 2 })

await using host = await Host.open()
await using vm = await host.createVM('containers', config)
await using guest = await host.createGuest(vm, { recorder: { directory: 'recordings' } }) // written if the connection breaks
await vm.start()
await guest.createConnection()
guest.on('container-exited', (id) => console.log(`${id} has exited`))

// The image's layer is read-only, the scratch takes what the container writes; the guest overlays them.
const bundle = '/run/gcs/c/web'
const [layer, scratch] = ['C:\\layers\\base.vhd', 'C:\\scratch\\web.vhdx'] // ext4
await host.grantVMAccess('containers', layer)
await host.grantVMAccess('containers', scratch)
await vm.addSCSIDisk({ Type: 'VirtualDisk', Path: layer, ReadOnly: true }, 0, 0)
await vm.addSCSIDisk({ Type: 'VirtualDisk', Path: scratch }, 0, 1)
await guest.addLCOWMappedVirtualDisk({ MountPath: '/run/layers/base', Lun: 0, ReadOnly: true })
await guest.addLCOWMappedVirtualDisk({ MountPath: `${bundle}/scratch`, Lun: 1 })
const layers = { ContainerID: 'web', ContainerRootPath: `${bundle}/rootfs`, ScratchPath: `${bundle}/scratch` }
await guest.addLCOWCombinedLayers({ ...layers, Layers: [{ Path: '/run/layers/base' }] })

const account = { cwd: '/', user: { uid: 0, gid: 0 }, env: ['PATH=/usr/sbin:/usr/bin:/sbin:/bin'] }
// An OCI specification, as tools for containers make it: `schema.OciSpec`.
const document = lcowContainer(bundle, {
  ociVersion: '1.1.0',
  // The first process of a container hears no signal that it does not handle: without the trap, shutdown() would change nothing.
  process: { ...account, args: ['sh', '-c', "trap 'exit 0' TERM; sleep 3600 & wait"] },
  root: { path: `${bundle}/rootfs` },
  hostname: 'web', // needs a UTS name space
  mounts: [{ destination: '/proc', type: 'proc', source: 'proc' }],
  linux: { namespaces: ['mount', 'pid', 'ipc', 'uts', 'network'].map((type) => ({ type })) },
})
await using container = await guest.createContainer('web', document)
await container.start()
const init = await container.createProcess({}) // without OciProcess: the container's own init

const command = await container.createProcess({
  CreateStdOutPipe: true,
  OciProcess: { ...account, args: ['sh', '-c', 'hostname; mount'] },
})
for await (const chunk of command.stdout!) process.stdout.write(chunk as Buffer)
console.log(`the command exited with ${(await command.wait()).exitCode}`)

await container.update({ memory: { limit: 256 * 1024 * 1024 } })
await container.shutdown() // accepted; the exit comes by itself
await container.wait()
console.log(`init exited with ${(await init.wait()).exitCode}`)
await guest.removeLCOWCombinedLayers(layers)
await guest.removeLCOWMappedVirtualDisk({ MountPath: `${bundle}/scratch`, Lun: 1 }) // a bundle with mounts in it cannot be deleted
await guest.deleteContainerState('web')
await vm.terminate()
