// Mistakes with what is no VM: the builder, the options of what is opened, a simulated service and a simulation that are closed.

import assert from 'node:assert/strict'
import {
  Host,
  InvalidConfigError,
  InvalidStateError,
  Simulation,
  SimulatedService,
  UtilityVMBuilder,
} from '#dist/index.js'
import { HOST_OPTIONS } from '#dist/actors/check-host-options.js'
import { SIMULATED_OPTIONS } from '#dist/native/simulated/check-options.js'
import type { OptionTable } from '#dist/options/table.js'
import { BUILDER, SIMULATION } from './calls.js'
import { failsWith, outcomeOf, targetsOf } from './rig.js'

const WRONG = Symbol('wrong')

describe('a mistake with a builder', () => {
  it('in any argument of any setter is an InvalidConfigError that names it, and the document is as it was', async () => {
    const builder = new UtilityVMBuilder('me', 'linux').addVPMemController(1, 4096).addSCSIController('x').addVSMB({})
    const before = JSON.stringify(builder.toDocument())
    for (const { name, call, run } of targetsOf('builder', builder, BUILDER)) {
      const good = call.args.map((kind) => kind.good)
      for (const [at, { bad }] of call.args.entries()) {
        for (const value of bad) {
          const error = await failsWith(`${name} ${at}`, InvalidConfigError, () => run(...good.with(at, value)))
          assert.equal(error.op, name)
        }
      }
      assert.equal(JSON.stringify(builder.toDocument()), before, name)
    }
  })

  it('in its constructor is one too', async () => {
    for (const args of [
      [undefined, 'linux'],
      [1, 'linux'],
      ['me', 'macos'],
      ['me'],
      ['me', 'linux', null],
      ['me', 'linux', { hostBuild: '1' }],
    ]) {
      await failsWith(
        'new UtilityVMBuilder',
        InvalidConfigError,
        () => Reflect.construct(UtilityVMBuilder, args) as object,
      )
    }
  })
})

describe('a mistake in what is opened', () => {
  const opened: [what: string, table: OptionTable<never> | undefined, open: (options: never) => Promise<unknown>][] = [
    ['Host.open', HOST_OPTIONS, (options) => Host.open(options)],
    ['SimulatedService.open', SIMULATED_OPTIONS, (options) => SimulatedService.open(options)],
    ['SimulatedService.connect', undefined, (options) => SimulatedService.connect(options)],
    ['Simulation.open', undefined, (options) => Simulation.open(options)],
  ]
  for (const [what, table, open] of opened) {
    it(`${what} starts nothing`, async () => {
      for (const options of [null, 1, 'x', [], () => undefined, new AbortController().signal, { nothing: 1 }]) {
        await failsWith(what, InvalidConfigError, () => open(options as never))
      }
      for (const name of table?.names ?? []) {
        const error = await failsWith(`${what} ${name}`, InvalidConfigError, () => open({ [name]: WRONG } as never))
        assert.match(error.path ?? '', new RegExp(`${name}$`))
      }
    })
  }
})

describe('a simulated service that is closed', () => {
  it('is closed twice and takes no Host', async () => {
    const service = await SimulatedService.open()
    await Promise.all([service.close(), service.close()])
    await service.close()
    const error = await failsWith('Host.open', InvalidStateError, () => Host.open({ simulated: { service } }))
    assert.equal(error.state, 'closed')
  })
})

describe('a simulation that is closed', () => {
  it('is closed twice and runs nothing', async () => {
    const simulation = await Simulation.open()
    await failsWith('run', InvalidConfigError, () => simulation.run(() => undefined, { limitMs: 0 }))
    const inner = await simulation.run(() => outcomeOf(() => simulation.run(() => undefined)))
    assert('error' in inner && inner.error instanceof InvalidStateError && inner.error.state === 'running')
    await Promise.all([simulation.close(), simulation.close()])
    for (const { name, call, run } of targetsOf('simulation', simulation, SIMULATION)) {
      // Virtual time stands still.
      if (/sleep|loseThread/.test(name)) continue
      const work = (): unknown => run(...call.args.map((kind) => kind.good))
      if (call.closed === 'closed') assert.equal((await failsWith(name, InvalidStateError, work)).state, 'closed')
      else await work()
    }
  })
})
