// Who holds the guest connection of a VM that several programs see: found through what is written down, and asked.

import assert from 'node:assert/strict'
import { Host, InvalidConfigError, ProviderUnavailableError, type SimulatedService } from '#dist/index.js'
import { ControlClient, serveControl } from '#dist/control/index.js'
import { linux } from '../support/documents.js'
import { rejectsWith } from '../support/expect.js'
import { serviceDirectory, type ServiceDirectory } from '../support/service-process.js'

describe('the holder of a guest connection', () => {
  let place: ServiceDirectory
  let service: SimulatedService
  let host: Host
  let runtimeId: string

  beforeEach(async () => {
    place = await serviceDirectory()
    service = await place.connect()
    host = await Host.open({ threads: 1, simulated: { service } })
    const vm = await host.createVM('web', linux('quiet -- /bin/gcs'))
    runtimeId = vm.runtimeId
    const guest = await host.createGuest(vm)
    await vm.start()
    await guest.createConnection()
  })
  afterEach(async function () {
    await host.close()
    await service.close()
    if (this.currentTest?.state === 'failed') await place.abandon()
    else await place.remove()
  })

  const find = (): Promise<ControlClient | undefined> => ControlClient.holderOf(runtimeId, { directory: place.path })

  it('is found when it began to serve after it had the VM, and asked', async () => {
    const server = await serveControl(host, { directory: place.path, name: 'other' })
    try {
      const client = await find()
      assert.equal(client?.address, server.address)
      const command = await client!.exec('web', { args: ['true'] })
      assert.equal((await command.exit).exitCode, 0)
    } finally {
      await server.close()
    }
  })

  it('is found for a VM that was made while it served', async () => {
    const server = await serveControl(host, { directory: place.path, name: 'other' })
    try {
      const vm = await host.createVM('later', linux('quiet -- /bin/gcs'))
      await host.createGuest(vm)
      const holder = await ControlClient.holderOf(vm.runtimeId, { directory: place.path })
      assert.equal(holder?.address, server.address)
    } finally {
      await server.close()
    }
  })

  it('that serves nothing, or no more, is named', async () => {
    const unserved = await rejectsWith(find(), ProviderUnavailableError)
    assert.match(unserved.message, new RegExp(`held by the process ${process.pid}, which serves no control`))
    const server = await serveControl(host, { directory: place.path, name: 'other' })
    await server.close()
    const ended = await rejectsWith(find(), ProviderUnavailableError)
    assert.match(ended.message, /serves no control/)
  })

  it('answers where it still serves when another of its servers is closed', async () => {
    const first = await serveControl(host, { directory: place.path, name: 'first' })
    const second = await serveControl(host, { directory: place.path, name: 'second' })
    try {
      await first.close()
      assert.equal((await find())?.address, second.address)
    } finally {
      await first.close()
      await second.close()
    }
  })

  it('begins to serve and stops when the service does not answer', async () => {
    process.kill(service.pid, 'SIGSTOP')
    try {
      const server = await serveControl(host, { directory: place.path, name: 'other' })
      await server.close()
    } finally {
      process.kill(service.pid, 'SIGCONT')
    }
  })

  it('is nobody once the Guest is closed', async () => {
    await host.guestOf(host.vms[0]!)!.close()
    assert.equal(await find(), undefined)
  })

  it('is not looked for under what is no id', async () => {
    const refused = await rejectsWith(ControlClient.holderOf('../web', { directory: place.path }), InvalidConfigError)
    assert.equal(refused.path, 'runtimeId')
  })
})
