// A Host for a group of tests, with the check that every test leaves nothing open.

import assert from 'node:assert/strict'
import { tmpdir } from 'node:os'
import {
  Host,
  SimulatedService,
  type ComputeSystem,
  type HcsProvider,
  type HcsProviderFactory,
  type HostOptions,
  type SimulatedOptions,
  type UtilityVM,
  type UtilityVMBuilder,
} from '#dist/index.js'
import { minimal } from './documents.js'

/** Something that can be tested as a compute service. */
export interface VmProvider {
  readonly name: string
  /** False on a real host: cells of the specification that are only assumed may then differ. */
  readonly assumptionsHold: boolean
  /** It understands `SimulatedOptions`, faults and latency among them: the cases that need them apply. */
  readonly isSimulated: boolean
  /** Its VMs have a guest that dials in. */
  readonly hasBuiltinGuest: boolean
  open(simulated?: SimulatedOptions, more?: HostOptions): Promise<Host>
  /** The provider itself, for what has no public method; absent when it cannot be had here. */
  openSeam?(simulated?: SimulatedOptions): Promise<Seam>
}

/** A provider outside a Host. */
export interface Seam {
  readonly provider: HcsProvider
  close(): Promise<void>
}

export const SIMULATED: VmProvider = {
  name: 'simulated',
  assumptionsHold: true,
  isSimulated: true,
  hasBuiltinGuest: true,
  open: (simulated = {}, more = {}) => Host.open({ provider: 'simulated', threads: 2, ...more, simulated }),
  openSeam: async (simulated = {}) => {
    const service = await SimulatedService.open(simulated)
    return seamOf(service, () => service.close())
  },
}

/** A provider of a simulated service, as an actor thread has one. */
export async function seamOf(service: SimulatedService, onClose: () => Promise<void>): Promise<Seam> {
  const client = await service.join(tmpdir())
  const { module, options } = client.link()
  const { default: create } = (await import(module)) as { default: HcsProviderFactory }
  const provider = await create(options, { socketDirectory: tmpdir() })
  return {
    provider,
    close: async () => {
      await provider.close()
      await client.leave()
      await onClose()
    },
  }
}

export interface TestHost {
  readonly host: Host
  /** A fresh id. */
  id(): string
  /** Creates a VM that the end of the test closes. */
  create(document?: ComputeSystem | UtilityVMBuilder, id?: string): Promise<UtilityVM>
  /** The same, started. */
  running(document?: ComputeSystem | UtilityVMBuilder, id?: string): Promise<UtilityVM>
  /** Closes a VM at the end of the test. */
  keep(vm: UtilityVM): UtilityVM
}

let ids = 0

/** A Host for every test of the surrounding describe. */
export function useHost(
  provider: VmProvider = SIMULATED,
  simulated: SimulatedOptions = {},
  more: HostOptions = {},
): TestHost {
  let host: Host | undefined
  const vms = new Set<UtilityVM>()
  before(async () => {
    host = await provider.open(simulated, more)
  })
  afterEach(async () => {
    await Promise.all([...vms].map((vm) => vm.close()))
    vms.clear()
    await assertNothingOpen(host!)
  })
  after(async () => {
    await host?.close()
  })
  const test: TestHost = {
    get host() {
      assert(host !== undefined)
      return host
    },
    id: () => `vm-${++ids}`,
    create: async (document = minimal(), id = test.id()) => test.keep(await test.host.createVM(id, document)),
    running: async (document, id) => {
      const vm = await test.create(document, id)
      await vm.start()
      return vm
    },
    keep: (vm) => {
      vms.add(vm)
      return vm
    },
  }
  return test
}

/** Everything that was open is closed again: counts are exact, so this is no question of time. */
export async function assertNothingOpen(host: Host): Promise<void> {
  const { actors, handles, operations, sockets, queued, abandoned } = await host.stats()
  assert.deepEqual(
    { actors, handles, operations, sockets, queued, abandoned },
    { actors: { vm: 0, guest: 0 }, handles: 0, operations: 0, sockets: 0, queued: 0, abandoned: 0 },
  )
}
