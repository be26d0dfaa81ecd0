import assert from 'node:assert/strict'
import {
  ActorLostError,
  InvalidConfigError,
  InvalidStateError,
  lcowBuilder,
  OperationTimeoutError,
  Simulation,
  SimulationStuckError,
  type Guest,
  type Host,
  type SimulationOptions,
  type UtilityVM,
} from '#dist/index.js'

const NOTHING = { ports: 0, sockets: 0, listeners: 0, timers: 0, slots: 0 }

async function boot(host: Host, id: string, goes = true): Promise<{ vm: UtilityVM; guest: Guest }> {
  const vm = await host.createVM(id, lcowBuilder('simulation').setTerminateOnLastHandleClosed(goes))
  const guest = await host.createGuest(vm)
  await vm.start()
  await guest.createConnection()
  return { vm, guest }
}

/** The whole life of some VMs at once; what happened, and when. */
async function wholeLife(options: SimulationOptions): Promise<string[]> {
  const trace: string[] = []
  const simulation = await Simulation.open({ ...options, onTrace: (line) => trace.push(line) })
  const said = await simulation.run((host) =>
    Promise.all(
      ['a', 'b', 'c'].map(async (id) => {
        const { vm, guest } = await boot(host, id)
        const text: string[] = []
        const process = await guest.createProcess({
          CommandArgs: ['sh', '-c', 'sleep 2; echo done'],
          WorkingDirectory: '/',
          CreateStdOutPipe: true,
        })
        for await (const chunk of process.stdout!) text.push(String(chunk))
        const { exitCode } = await process.wait()
        await vm.terminate()
        await vm.close()
        return `${id} ${text.join('').trim()} ${exitCode}`
      }),
    ),
  )
  assert.deepEqual(said, ['a done 0', 'b done 0', 'c done 0'])
  await simulation.close()
  assert.deepEqual(simulation.resources(), NOTHING)
  assert.deepEqual(simulation.crashes, [])
  return [...trace, simulation.fingerprint]
}

describe('Simulation', () => {
  it('runs VMs, guests and processes to their end on virtual time, and leaves nothing open', async () => {
    const trace = await wholeLife({ seed: 1 })
    assert(trace.length > 300)
  })

  it('the same seed gives the same run, to the byte; another seed another one', async () => {
    const first = await wholeLife({ seed: 5 })
    assert.deepEqual(await wholeLife({ seed: 5 }), first)
    assert.notEqual((await wholeLife({ seed: 6 })).at(-1), first.at(-1))
  })

  it('with late and repeated things too, and with slots that are waited for', async () => {
    const options: SimulationOptions = {
      seed: 9,
      host: { threads: 3, limits: { operations: 1, boots: 1 } },
      weather: { lateAnswers: 0.3, repeatedEvents: 0.5, delayMs: 50 },
    }
    assert.deepEqual(await wholeLife(options), await wholeLife(options))
  })

  it('with a thread for each VM', async () => {
    await wholeLife({ host: { isolation: 'dedicated' } })
  })

  it('hours pass at once, and stand still between two runs', async () => {
    await using simulation = await Simulation.open()
    await simulation.run(() => simulation.sleep(5 * 3_600_000), { limitMs: Infinity })
    const now = simulation.clock.now()
    assert(now >= 5 * 3_600_000)
    await new Promise((resolve) => setImmediate(resolve))
    assert.equal(simulation.clock.now(), now)
  })

  it('an answer that never comes ends with the default time of its call', async () => {
    await using simulation = await Simulation.open({ simulated: { faults: [{ op: 'start', never: true }] } })
    await simulation.run(async (host) => {
      const vm = await host.createVM('mute', lcowBuilder('simulation'))
      const before = simulation.clock.now()
      await assert.rejects(vm.start(), OperationTimeoutError)
      assert(simulation.clock.now() - before >= 240_000)
    })
  })

  it('work that waits for what never comes is an error that says what waits', async () => {
    const simulation = await Simulation.open({ simulated: { guest: 'none' } })
    await assert.rejects(
      simulation.run(async (host) => {
        const vm = await host.createVM('waiting', lcowBuilder('simulation'))
        await vm.start()
        await vm.wait()
      }),
      (error) => {
        assert(error instanceof SimulationStuckError)
        assert.equal(error.code, 'UVM_SIMULATION_STUCK')
        assert.deepEqual(error.waiting, ['vm "waiting": wait'])
        assert.match(
          error.message,
          /^simulation\.run: nothing is left that could happen.*; waiting: vm "waiting": wait$/,
        )
        return true
      },
    )
    await simulation.close()
    assert.deepEqual(simulation.resources(), NOTHING)
  })

  it('so is work that takes longer than its limit', async () => {
    await using simulation = await Simulation.open()
    const never = simulation.run(() => simulation.sleep(2000), { limitMs: 1000 })
    await assert.rejects(never, /has not ended after 1000 virtual milliseconds/)
  })

  it('what the work throws is what run throws', async () => {
    await using simulation = await Simulation.open()
    await assert.rejects(
      simulation.run(() => {
        throw new RangeError('mine')
      }),
      new RangeError('mine'),
    )
  })

  it('a listener of the program that throws ends the run, and no actor', async () => {
    await using simulation = await Simulation.open()
    const run = simulation.run(async () => {
      simulation.clock.after(10, () => {
        throw new RangeError('mine')
      })
      await simulation.sleep(100)
    })
    await assert.rejects(run, new RangeError('mine'))
    assert.deepEqual(simulation.crashes, [])
  })

  it('one run at a time, and none after the end', async () => {
    const simulation = await Simulation.open()
    const first = simulation.run(() => simulation.sleep(10))
    await assert.rejects(
      simulation.run(() => undefined),
      (error) => error instanceof InvalidStateError && error.state === 'running',
    )
    await first
    await simulation.close()
    await assert.rejects(
      simulation.run(() => undefined),
      (error) => error instanceof InvalidStateError && error.state === 'closed',
    )
  })

  it('a thread that is lost is told, loses what was in flight, and is replaced', async () => {
    await using simulation = await Simulation.open({ host: { threads: 1 }, simulated: { latency: { pause: 1000 } } })
    await simulation.run(async (host) => {
      const { vm } = await boot(host, 'kept')
      const lost: number[] = []
      host.on('thread-lost', (threadId) => lost.push(threadId))
      const [threadId] = simulation.threadIds
      const paused = assert.rejects(vm.pause(), ActorLostError)
      await simulation.sleep(10)
      assert.equal(await simulation.loseThread(threadId!), true)
      await paused
      await simulation.sleep(10)
      assert.deepEqual(lost, [threadId])
      assert.equal(await simulation.loseThread(threadId!), false)
      // One, and the side thread that takes the logs.
      assert.equal(simulation.threadIds.length, 2)
      await host.createVM('next', lcowBuilder('simulation'))
    })
  })

  it('a guest whose connections break is told', async () => {
    await using simulation = await Simulation.open()
    await simulation.run(async (host) => {
      const { vm, guest } = await boot(host, 'cut')
      const told = new Promise<Error | undefined>((resolve) => guest.once('disconnected', resolve))
      assert(simulation.cutGuest(vm.runtimeId) > 0)
      assert((await told) instanceof Error)
    })
  })

  it('a program that is killed and begins again finds the VMs that stay, their guests and who runs in them', async () => {
    for (let seed = 1; seed <= 10; seed++) {
      await using simulation = await Simulation.open({ seed, host: { journal: 'journal', limits: { operations: 1 } } })
      await simulation.run(async (first) => {
        const kept = await boot(first, 'kept', false)
        await boot(first, 'passing', true)
        const process = await kept.guest.createProcess({
          CommandArgs: ['sh', '-c', 'sleep 5; exit 7'],
          WorkingDirectory: '/',
        })
        let isSettled = false
        const settled = (): void => void (isSettled = true)
        process.wait().then(settled, settled)
        // In the middle of a change, which has the only slot.
        void kept.vm.updateMemory(512)
        const second = await simulation.restart()
        assert.equal(simulation.host, second)
        const { vms, guests, processes, failed } = await second.recover({ owner: 'simulation', adopt: 'all' })
        assert.deepEqual(
          [vms.map(({ id }) => id), guests.length, failed.map(({ id }) => id)],
          [['kept'], 1, ['passing']],
        )
        assert.match(failed[0]!.error.message, /has ended while no program held it/)
        assert.deepEqual(await processes[0]!.wait(), { exitCode: 7, known: true })
        assert.equal(isSettled, false, 'the old program is gone')
        assert.equal(await guests[0]!.execInUVM({ args: ['true'] }), 0)
        await vms[0]!.terminate()
        await vms[0]!.close()
        assert.deepEqual(await second.listVMs(), [])
      })
      await simulation.close()
      assert.deepEqual(simulation.resources(), NOTHING)
      assert.deepEqual(simulation.crashes, [])
    }
  })

  it('a program restarts within a run only', async () => {
    await using simulation = await Simulation.open()
    await assert.rejects(simulation.restart(), (error) => error instanceof InvalidStateError && error.state === 'idle')
  })

  it('faults of the service may come and go', async () => {
    await using simulation = await Simulation.open()
    await simulation.run(async (host) => {
      simulation.faults.push({ op: 'start', id: 'a', fail: 0x8037_0101 })
      const vm = await host.createVM('a', lcowBuilder('simulation'))
      await assert.rejects(vm.start(), { hresult: 0x8037_0101 })
      simulation.faults.length = 0
      await vm.start()
    })
  })

  it('a VM that was closed can be made again, with a Guest, at once', async () => {
    for (let seed = 1; seed <= 30; seed++) {
      await using simulation = await Simulation.open({ seed })
      await simulation.run(async (host) => {
        const first = await boot(host, 'again')
        await first.vm.close()
        const { vm } = await boot(host, 'again')
        await vm.close()
      })
    }
  })

  it('a call that the end of its Guest overtakes says so, and no actor is lost', async () => {
    for (let seed = 1; seed <= 30; seed++) {
      await using simulation = await Simulation.open({ seed })
      await simulation.run(async (host) => {
        const { guest } = await boot(host, 'ending')
        const call = guest.dumpStacks().then(
          () => undefined,
          (error: unknown) => error,
        )
        await guest.close()
        assert(!((await call) instanceof ActorLostError), `seed ${seed}: ${String(await call)}`)
      })
    }
  })

  describe('options', () => {
    const refused: [SimulationOptions, string][] = [
      [{ seed: 1.5 }, 'seed'],
      [{ sede: 1 } as SimulationOptions, 'sede'],
      [{ weather: { lostAnswers: 2 } }, 'weather.lostAnswers'],
      [{ weather: { delayMs: -1 } }, 'weather.delayMs'],
      [{ host: { socketDirectory: '/tmp' } as SimulationOptions['host'] & object }, 'host.socketDirectory'],
      [{ host: { threads: 0 } }, 'threads'],
      [{ simulated: { processors: -1 } }, 'simulated.processors'],
    ]
    for (const [options, path] of refused) {
      it(`${path}: a bad one is refused by name`, async () => {
        await assert.rejects(Simulation.open(options), (error) => {
          assert(error instanceof InvalidConfigError)
          assert.equal(error.path, path)
          return true
        })
      })
    }
  })
})
