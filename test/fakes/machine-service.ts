// The simulated service without threads: its clock is moved by the test, and its guests are recorded.

import { ComputeService } from '#dist/native/simulated/service/compute-service.js'
import type { HcsEvent } from '#dist/native/hcs.js'
import type { StatefulOp } from '#dist/native/simulated/state/states.js'
import type { SimulatedOptions } from '#dist/index.js'
import { minimal } from '../support/documents.js'
import { ManualClock } from './clock.js'

export type GuestCall = 'boot' | 'shutdown' | 'pause' | 'resume' | 'disconnect' | 'arrive' | 'stop'

export interface ServiceRig {
  readonly clock: ManualClock
  readonly service: ComputeService
  /** What the guests were told, by the id of their VM. */
  readonly told: { id: string; call: GuestCall; state?: unknown }[]
  /** Switches a VM's guest off, as if its operating system did. */
  powerOff(id: string): void
  /** Creates a system; `events` fills as the clock moves. */
  create(id: string, document?: object): Promise<{ handle: number; events: HcsEvent[] }>
  /** Runs an operation, moving the clock as far as it needs. */
  run(handle: number, op: StatefulOp, argument?: unknown): Promise<string>
  /** The same for any call on the service. */
  settle<T>(call: Promise<T>): Promise<T>
  /** Lets the events arrive that are on their way. */
  deliver(): Promise<void>
}

export function machineService(options: SimulatedOptions = {}): ServiceRig {
  const clock = new ManualClock()
  const told: ServiceRig['told'] = []
  const switches = new Map<string, () => void>()
  const service = new ComputeService(options, {
    clock,
    ...(options.guest === 'none'
      ? {}
      : {
          startGuest: (system) => {
            const { id } = system.model
            switches.set(id, () => system.poweredOff())
            const tell = (call: GuestCall, state?: unknown): void => {
              told.push({ id, call, ...(state === undefined ? {} : { state }) })
            }
            return {
              boot: () => tell('boot'),
              shutdown: () => tell('shutdown'),
              pause: () => tell('pause'),
              resume: () => tell('resume'),
              disconnect: () => tell('disconnect'),
              capture: () => ({ guestOf: id }),
              arrive: (state) => tell('arrive', state),
              stop: () => {
                tell('stop')
                return Promise.resolve()
              },
            }
          },
        }),
  })
  const rig: ServiceRig = {
    clock,
    service,
    told,
    powerOff: (id) => switches.get(id)?.(),
    create: async (id, document = minimal()) => {
      const events: HcsEvent[] = []
      const text = JSON.stringify(document)
      const handle = await rig.settle(service.create('client', id, text, (event) => events.push(event)))
      return { handle, events }
    },
    run: (handle, op, argument = '') =>
      rig.settle(service.operate(handle, op, typeof argument === 'string' ? argument : JSON.stringify(argument))),
    settle: async (call) => {
      let settled = false
      const ended = call.finally(() => (settled = true))
      ended.catch(() => undefined)
      for (;;) {
        await new Promise((resolve) => setImmediate(resolve))
        if (settled) break
        const ms = clock.untilNextMs
        if (ms === undefined) throw new Error('nothing is under way that could answer this call')
        clock.advance(ms)
      }
      await rig.deliver()
      return ended
    },
    deliver: async () => {
      for (let turn = 0; turn < 3; turn++) {
        clock.advance(0)
        await new Promise((resolve) => setImmediate(resolve))
      }
    },
  }
  return rig
}
