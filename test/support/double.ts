// The computecore provider on the C double, as a VmProvider, with the check that nothing is left in the double after each test.

import assert from 'node:assert/strict'
import { Host, type HostOptions, type SimulatedOptions } from '#dist/index.js'
import createProvider from '#dist/native/remote/provider.js'
import { ComputeCoreService } from '#dist/native/computecore/service.js'
import { doubleFor, NoCompiler } from '../native/double/build.js'
import { DoubleControl, type DoubleFault, type DoubleOptions } from '../native/double/control.js'
import type { VmProvider } from './host.js'

/** What the double understands of the simulated service's options. */
function optionsOf({ guest, processors, memoryMB, endpoints, latency, faults }: SimulatedOptions): DoubleOptions {
  const options = { guest, processors, memoryMB, endpoints, latency, faults: faults as DoubleFault[] | undefined }
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined))
}

let loaded: { path: string; control: DoubleControl } | undefined

/** Builds and loads the double. @throws {NoCompiler} */
function load(): { path: string; control: DoubleControl } {
  const path = doubleFor()
  return (loaded ??= { path, control: new DoubleControl(path) })
}

/** What steers the double that this process has loaded. */
export function control(): DoubleControl {
  return load().control
}

/** A Host on the double as it is configured. */
export function openDouble(more: HostOptions = {}): Promise<Host> {
  return Host.open({ provider: 'computecore', computecore: { libraryPath: load().path }, threads: 2, ...more })
}

export const DOUBLE: VmProvider = {
  name: 'double of computecore.dll',
  assumptionsHold: true,
  isSimulated: true,
  hasBuiltinGuest: false,
  open: (simulated = {}, more = {}) => {
    control().configure(optionsOf(simulated))
    return openDouble(more)
  },
  openSeam: async (simulated = {}) => {
    control().configure(optionsOf(simulated))
    const service = await ComputeCoreService.open(load().path)
    const provider = createProvider({ port: service.port() })
    return {
      provider,
      close: async () => {
        await provider.close()
        await service.close(new Promise(() => undefined))
      },
    }
  },
}

/**
 * A describe on the double: built before, skipped where there is no compiler. After every test, when the hooks of the tests themselves
 * have closed what they opened, nothing is open in it, nothing was freed twice, and no handle was used that was not open.
 */
export function describeDouble(title: string, define: () => void): void {
  describe(title, () => {
    before(function () {
      try {
        load()
      } catch (error) {
        if (!(error instanceof NoCompiler)) throw error
        console.log(`      skipped, the C double cannot be built: ${error.message}`)
        this.skip()
      }
    })
    beforeEach(() => control().reset())
    afterEach(() => {
      const { handles, operations, documents, badFrees, badHandles } = control().counters()
      assert.deepEqual(
        { handles, operations, documents, badFrees, badHandles },
        { handles: 0, operations: 0, documents: 0, badFrees: 0, badHandles: 0 },
      )
    })
    // Hooks of an inner describe end before those around them.
    context('on the C double', define)
  })
}
