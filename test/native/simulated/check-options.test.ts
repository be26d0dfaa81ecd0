import assert from 'node:assert/strict'
import { Host, InvalidConfigError, SimulatedService } from '#dist/index.js'
import { rejectsWith } from '../../support/expect.js'

describe('options of a simulated service', () => {
  const wrong: [options: object, path: string][] = [
    [{ guest: 'linux' }, 'simulated.guest'],
    [{ seed: 1.5 }, 'simulated.seed'],
    [{ seed: '1' }, 'simulated.seed'],
    [{ strictDocuments: 1 }, 'simulated.strictDocuments'],
    [{ processors: 0 }, 'simulated.processors'],
    [{ processors: Infinity }, 'simulated.processors'],
    [{ memoryMB: -2 }, 'simulated.memoryMB'],
    [{ endpoints: 'x' }, 'simulated.endpoints'],
    [{ endpoints: [5] }, 'simulated.endpoints'],
    [{ latency: 5 }, 'simulated.latency'],
    [{ latency: { boot: 5 } }, 'simulated.latency.boot'],
    [{ latency: JSON.parse('{"__proto__":5}') as object }, 'simulated.latency.__proto__'],
    [{ latency: { start: -1 } }, 'simulated.latency.start'],
    [{ latency: { start: NaN } }, 'simulated.latency.start'],
    [{ latency: { start: [5, 1] } }, 'simulated.latency.start'],
    [{ latency: { start: [1, 2, 3] } }, 'simulated.latency.start'],
    [{ faults: {} }, 'simulated.faults'],
    [{ faults: [5] }, 'simulated.faults[0]'],
    [{ faults: [{}] }, 'simulated.faults[0].op'],
    [{ faults: [{ op: 'start' }, { op: 'boot' }] }, 'simulated.faults[1].op'],
    [{ faults: [{ op: 'start', id: '' }] }, 'simulated.faults[0].id'],
    [{ faults: [{ op: 'start', path: 'x' }] }, 'simulated.faults[0].path'],
    [{ faults: [{ op: 'start', nth: 0 }] }, 'simulated.faults[0].nth'],
    [{ faults: [{ op: 'start', probability: 1.1 }] }, 'simulated.faults[0].probability'],
    [{ faults: [{ op: 'start', fail: 0 }] }, 'simulated.faults[0].fail'],
    [{ faults: [{ op: 'start', fail: 1 }] }, 'simulated.faults[0].fail'],
    [{ faults: [{ op: 'start', fail: '0x80070005' }] }, 'simulated.faults[0].fail'],
    [{ faults: [{ op: 'start', never: false }] }, 'simulated.faults[0].never'],
    [{ faults: [{ op: 'start', delayMs: Infinity }] }, 'simulated.faults[0].delayMs'],
    [{ faults: [{ op: 'start', afterExit: 1 }] }, 'simulated.faults[0].afterExit'],
    [{ faults: [{ op: 'start', crash: 'yes' }] }, 'simulated.faults[0].crash'],
    [{ faults: [{ op: 'start', exit: 'Bang' }] }, 'simulated.faults[0].exit'],
    [{ faults: [{ op: 'start', disconnect: 0 }] }, 'simulated.faults[0].disconnect'],
    [{ faults: [{ op: 'start', guest: 'reboot' }] }, 'simulated.faults[0].guest'],
    [{ faults: [{ op: 'start', times: 2 }] }, 'simulated.faults[0].times'],
    [{ speed: 'high' }, 'simulated.speed'],
  ]
  for (const [options, path] of wrong) {
    it(`refuses ${JSON.stringify(options)} with its path`, async () => {
      for (const opening of [Host.open({ simulated: options }), SimulatedService.open(options)]) {
        await rejectsWith(opening, InvalidConfigError, (error) => assert.equal(error.path, path))
      }
    })
  }

  it('takes everything that it documents', async () => {
    const service = await SimulatedService.open({
      guest: 'none',
      seed: -5,
      strictDocuments: true,
      processors: 4,
      memoryMB: 4096,
      endpoints: ['a'],
      latency: { create: 0, start: [0, 1] },
      faults: [{ op: 'modify', id: 'x', path: 'p', nth: 1, probability: 0.5, fail: -2147024891, delayMs: 1 }],
    })
    await service.close()
  })
})
