// Handles and operations are given back, however many there were.

import assert from 'node:assert/strict'
import { SimulatedService, Host } from '#dist/index.js'
import { minimal } from '../../support/documents.js'
import { assertNothingOpen } from '../../support/host.js'

describe('native handles', () => {
  it('HCS-051 1,000 creates and closes leave the counts where they were', async function () {
    const service = await SimulatedService.open({ guest: 'none' })
    const host = await Host.open({ threads: 2, provider: 'simulated', simulated: { service } })
    const staying = await host.createVM('staying', minimal())
    const before = await host.stats()
    assert.equal(before.handles, 1)
    const document = minimal()
    const worker = async (number: number): Promise<void> => {
      for (let round = 0; round < 20; round++) {
        const vm = await host.createVM(`vm-${number}-${round}`, document)
        // Half of them by a second handle too, and half started.
        const second = round % 2 === 0 ? await host.openVM(vm.id) : undefined
        if (number % 2 === 0) await vm.start()
        await Promise.all([vm.close(), second?.close()])
      }
    }
    await Promise.all(Array.from({ length: 50 }, (_, number) => worker(number)))
    const { handles, operations, queued, actors } = await host.stats()
    assert.deepEqual(
      { handles, operations, queued, actors },
      { handles: 1, operations: 0, queued: 0, actors: before.actors },
    )
    assert.deepEqual(
      (await host.listVMs()).map(({ Id }) => Id),
      ['staying'],
    )
    await staying.close()
    await assertNothingOpen(host)
    await host.close()
    await service.close()
  })
})
