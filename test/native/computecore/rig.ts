// A provider on the double without a Host, for what only shows at the seam.

import createProvider from '#dist/native/remote/provider.js'
import { ComputeCoreService } from '#dist/native/computecore/service.js'
import type { HcsEvent, HcsProvider, HcsSystem } from '#dist/native/hcs.js'
import { minimal } from '../../support/documents.js'
import { doubleFor } from '../double/build.js'
import type { DoubleOptions } from '../double/control.js'
import { control } from '../../support/double.js'

export interface NativeRig {
  readonly service: ComputeCoreService
  readonly provider: HcsProvider
  /** A created system, and what happens to it. */
  create(id?: string, document?: object): Promise<{ system: HcsSystem; events: HcsEvent[] }>
  running(id?: string): Promise<{ system: HcsSystem; events: HcsEvent[] }>
}

/** One for each test of the surrounding describe; everything it opened is closed at the end. */
export function useRig(options: DoubleOptions = {}): NativeRig {
  let service: ComputeCoreService | undefined
  let provider: HcsProvider | undefined
  let ids = 0
  const systems = new Set<HcsSystem>()
  beforeEach(async () => {
    control().configure(options)
    service = await ComputeCoreService.open(doubleFor())
    provider = createProvider({ port: service.port() })
    control().configure(options)
  })
  afterEach(async () => {
    control().release()
    await Promise.all([...systems].map((system) => system.close()))
    systems.clear()
    await provider?.close()
    await service?.close(new Promise(() => undefined))
  })
  const rig: NativeRig = {
    get service() {
      return service!
    },
    get provider() {
      return provider!
    },
    create: async (id = `native-${++ids}`, document = minimal()) => {
      const events: HcsEvent[] = []
      const system = await rig.provider.createSystem(id, JSON.stringify(document), (event) => events.push(event))
      systems.add(system)
      return { system, events }
    },
    running: async (id) => {
      const made = await rig.create(id)
      await made.system.start('')
      return made
    },
  }
  return rig
}

/** Waits for something that happens on another thread. */
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setImmediate(resolve))
}
