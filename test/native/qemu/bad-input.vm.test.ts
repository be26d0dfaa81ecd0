// What cannot become a guest under a real QEMU: one typed error each, and nothing is left of what was started.

import assert from 'node:assert/strict'
import { readdir } from 'node:fs/promises'
import {
  Host,
  InvalidConfigError,
  OperationTimeoutError,
  QemuService,
  UVMError,
  type ComputeSystem,
} from '#dist/index.js'
import { windows } from '../../support/documents.js'
import { refused, rejection, rejectsWith } from '../../support/expect.js'
import { assertNothingOpen } from '../../support/host.js'
import {
  guestDocument,
  guestImage,
  qemuDirectory,
  qemuMissing,
  type Image,
  type QemuDirectory,
} from '../../support/qemu.js'

const missing = qemuMissing()
const suite = missing === undefined ? describe : describe.skip

suite(`what is no guest of QEMU${missing === undefined ? '' : `: ${missing}`}`, () => {
  let image: Image
  let directory: QemuDirectory
  let service: QemuService
  let host: Host

  before(async function () {
    const found = guestImage()
    if (typeof found === 'string') {
      console.log(`      no guests: ${found}`)
      this.skip()
    }
    image = found
    directory = await qemuDirectory({ vsockDaemon: image.daemon })
    service = await directory.connect()
    host = await Host.open({ provider: 'qemu', threads: 1, qemu: { service } })
  })
  after(async () => {
    await host?.close()
    await service?.close()
    await directory?.remove()
  })

  /** Nothing but the supervisor's own. */
  async function assertNothingLeft(): Promise<void> {
    await assertNothingOpen(host)
    assert.deepEqual(await directory.processes(), [])
    assert.deepEqual(await readdir(`${directory.path}/qemu`), [])
    const own = /^(service\.(sock|lock|log)|qemu)$/
    assert.deepEqual(
      (await readdir(directory.path)).filter((name) => !own.test(name)),
      [],
    )
  }

  /** The image's guest with another command line. */
  function guestWith(commandLine: string): ComputeSystem {
    const { kernel, initrd } = image
    const boot = { KernelFilePath: kernel, InitRdPath: initrd, KernelCmdLine: commandLine }
    return guestDocument(image, { Chipset: { LinuxKernelDirect: boot } })
  }

  it('an image without an agent: the connection is waited for, and its error says that none came', async () => {
    const vm = await host.createVM(
      'agentless',
      guestWith('panic=-1 quiet pci=off -- -e 1 /bin/vsockexec -r -e 109 /bin/nowhere'),
    )
    const guest = await host.createGuest(vm)
    await vm.start()
    const error = await rejectsWith(guest.createConnection({ timeoutMs: 5000 }), OperationTimeoutError)
    assert.match(error.message, /within 5000 ms \(waiting for the guest, whose agent has not connected\)/)
    assert.equal((await vm.propertiesV2([])).State, 'Running')
    await vm.terminate()
    assert.equal((await vm.wait()).exitType, 'ForcedExit')
    await guest.close()
    await vm.close()
    await assertNothingLeft()
  })

  it('a kernel that panics before it can tell: the VM ends by its reset, and whoever waits for its guest is told', async () => {
    const vm = await host.createVM('panics', guestWith('panic=-1 quiet pci=off rdinit=/nowhere init=/nowhere'))
    const guest = await host.createGuest(vm)
    const exit = vm.wait()
    await vm.start()
    const error = await rejection<Error>(guest.createConnection({ timeoutMs: 300_000 }))
    assert(error instanceof UVMError && !(error instanceof OperationTimeoutError), error.stack)
    assert.equal((await exit).exitType, 'GracefulExit')
    await guest.close()
    await vm.close()
    await assertNothingLeft()
  })

  it('a Windows VM: refused by its first field, before anything is spawned', async () => {
    const error = await refused(host.createVM('windows', windows()), 0x8007_0032)
    assert.match(error.message, /\$\.VirtualMachine\.\w+/)
    assert.deepEqual(await host.listVMs(), [])
    await assertNothingLeft()
  })

  it('a service directory in which no name of a socket fits: refused with its limit', async () => {
    const path = `/tmp/${'x'.repeat(30)}`
    for (const opening of [
      QemuService.connect({ directory: path }),
      Host.open({ provider: 'qemu', qemu: { serviceDirectory: path } }),
    ]) {
      const error = await rejectsWith(opening, InvalidConfigError)
      assert.match(error.message, /irectory: expected at most 26 bytes/)
      assert.equal(error.value, path)
    }
    assert.equal((await readdir('/tmp')).includes('x'.repeat(30)), false)
  })
})
