// The whole flow on the computecore provider: built by the builder, run by the DLL, used through a guest that dials over the socket
// transport (on Windows: over named pipes).

import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { text } from 'node:stream/consumers'
import { UtilityVMBuilder, type Guest, type Host, type UtilityVM } from '#dist/index.js'
import { SCSI } from '../../support/documents.js'
import { describeDouble, openDouble, control } from '../../support/double.js'
import { loneGuest, type LoneGuest } from '../../support/lone-guest.js'

const TEXT = 'grüße, 名前 and 😀𝕏'

describeDouble('computecore: the whole flow', () => {
  let directory: string
  let host: Host
  let lone: LoneGuest | undefined

  beforeEach(async () => {
    control().configure({})
    // Short enough for socket names on every system.
    directory = await mkdtemp(process.platform === 'win32' ? 'C:\\uvm-' : join(tmpdir(), 'uvm-'))
    host = await openDouble({ socketDirectory: directory, transport: 'unix' })
  })
  afterEach(async () => {
    await lone?.guest.stop()
    lone = undefined
    await host.close()
    await rm(directory, { recursive: true })
  })

  async function connected(builder: UtilityVMBuilder): Promise<{ vm: UtilityVM; guest: Guest; lone: LoneGuest }> {
    const vm = await host.createVM(`flow-${builder.guestOS}-😀`, builder)
    const guest = await host.createGuest(vm)
    await vm.start()
    lone = loneGuest(builder.guestOS, vm, directory)
    lone.guest.boot()
    await guest.createConnection()
    return { vm, guest, lone }
  }

  async function run(guest: Guest, args: string[], stdin = ''): Promise<{ code: number; output: string }> {
    const stdout = new PassThrough()
    const output = text(stdout)
    const code = await guest.execInUVM({ args, stdin, stdout })
    stdout.end()
    return { code, output: await output }
  }

  it('Linux: a disk is attached by the host and mounted inside, processes run with their streams', async () => {
    const builder = new UtilityVMBuilder('flow', 'linux')
      .setLinuxKernelDirectBoot({
        KernelFilePath: 'C:\\uvm\\vmlinux',
        InitRdPath: 'C:\\uvm\\initrd',
        KernelCmdLine: 'quiet',
      })
      .setMemoryLimit(512)
      .setProcessorLimits({ Count: 2 })
      .addSCSIController(SCSI[0])
    const { vm, guest, lone } = await connected(builder)
    await vm.addSCSIDisk({ Type: 'VirtualDisk', Path: 'C:\\uvm\\data.vhdx' }, 0, 1)
    lone.disks.push({ controller: 0, lun: 1, path: 'C:\\uvm\\data.vhdx', readOnly: false })
    lone.changed()
    await guest.addLCOWMappedVirtualDisk({ Controller: 0, Lun: 1, MountPath: '/mnt/data' })
    assert.match((await run(guest, ['mount'])).output, /\/mnt\/data/)
    assert.deepEqual(await run(guest, ['cat'], TEXT.repeat(1000)), { code: 0, output: TEXT.repeat(1000) })
    assert.equal((await run(guest, ['sh', '-c', 'exit 5'])).code, 5)
    const gone = new Promise<void>((resolve) => guest.once('disconnected', () => resolve()))
    await vm.terminate()
    await gone
    assert.equal((await vm.wait()).exitType, 'ForcedExit')
  })

  it('Windows: connects with its HvSocket update, runs a process, and shuts down', async () => {
    const builder = new UtilityVMBuilder('flow', 'windows')
      .setUEFIBoot({ DeviceType: 'VmbFs', DevicePath: '\\EFI\\boot.efi', VmbFsRootPath: 'C:\\uvm\\files' })
      .setMemoryLimit(512)
      .setProcessorLimits({ Count: 1 })
    const { vm, guest } = await connected(builder)
    const stdout = new PassThrough()
    const output = text(stdout)
    assert.equal(await guest.execInUVM({ commandLine: `cmd /c echo ${TEXT}`, stdout }), 0)
    stdout.end()
    assert.equal((await output).trim(), TEXT)
    await vm.shutdown()
    assert.equal((await vm.wait()).exitType, 'GracefulExit')
  })
})
