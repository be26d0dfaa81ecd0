// What the VM layer promises and has no public method for, asked of the provider itself.

import assert from 'node:assert/strict'
import type { HcsEvent, HcsSystem } from '#dist/index.js'
import { linux, minimal, pmem, windows } from '../support/documents.js'
import type { Evidence } from '../support/expect.js'
import { rejection } from '../support/expect.js'
import type { Seam, VmProvider } from '../support/host.js'

/** What a provider rejects with. */
interface Refusal {
  hresult?: unknown
  document?: unknown
}

export interface SeamTest {
  readonly seam: Seam
  /** A system that runs, and what it is told. The end of the test closes it. */
  running(document?: object, id?: string): Promise<{ system: HcsSystem; events: HcsEvent[]; id: string }>
  /** Refused with this HRESULT; an assumed one may be any on a real host. */
  refused(promise: Promise<unknown>, code: number, evidence: Evidence): Promise<Refusal>
}

let ids = 0

/** A provider for the tests of the surrounding describe. */
export function useSeam(provider: VmProvider, simulated: Parameters<VmProvider['open']>[0] = {}): SeamTest {
  let seam: Seam | undefined
  const systems = new Set<HcsSystem>()
  beforeEach(async () => {
    seam = await provider.openSeam?.(simulated)
  })
  afterEach(async () => {
    await Promise.all([...systems].map((system) => system.close()))
    systems.clear()
    await seam?.close()
  })
  const test: SeamTest = {
    get seam() {
      assert(seam !== undefined)
      return seam
    },
    running: async (document = minimal(), id = `seam-${++ids}`) => {
      const events: HcsEvent[] = []
      const system = await test.seam.provider.createSystem(id, JSON.stringify(document), (event) => events.push(event))
      systems.add(system)
      await system.start('')
      return { system, events, id }
    },
    refused: async (promise, code, evidence) => {
      const error: Refusal = await rejection(promise)
      assert.equal(typeof error.hresult, 'number', String(error))
      if (evidence !== 'A' || provider.assumptionsHold) {
        assert.equal(`0x${((error.hresult as number) >>> 0).toString(16)}`, `0x${code.toString(16)}`)
      }
      return error
    },
  }
  return test
}

const request = (path: string, type: string | undefined, settings?: unknown): string =>
  JSON.stringify({ ResourcePath: `VirtualMachine/${path}`, RequestType: type, Settings: settings })

export function seamContract(provider: VmProvider): void {
  if (provider.openSeam === undefined) return

  describe('at the seam', () => {
    const test = useSeam(provider)

    it('HCS-064 with the base mapping of a device gone, its other mappings are not found', async () => {
      const { system } = await test.running(pmem())
      const device = 'Devices/VirtualPMem/Devices/1'
      const mapping = (offset: number): string => `${device}/Mappings/${offset}`
      const image = { HostPath: 'C:\\layers\\b.vhd', ImageFormat: 'Vhd1' }
      await test.refused(system.modify(request(mapping(8192), 'Add', image)), 0x80070490, 'A')
      await system.modify(request(device, 'Add', { ...image, ReadOnly: true }))
      await system.modify(request(mapping(8192), 'Add', image))
      await system.modify(request(mapping(16384), 'Add', image))
      await test.refused(system.modify(request(mapping(8192), 'Add', image)), 0x800700b7, 'A')
      await test.refused(system.modify(request(mapping(4000), 'Add', image)), 0x80070057, 'A')
      await system.modify(request(mapping(8192), 'Remove'))
      await system.modify(request(mapping(0), 'Remove'))
      await test.refused(system.modify(request(mapping(16384), 'Remove')), 0x80070490, 'A')
      await system.modify(request(device, 'Add', image))
    })

    it('HCS-065 AllowedFiles of a restricted share can be updated, an unrestricted share not', async () => {
      const { system } = await test.running(windows())
      const shares = 'Devices/VirtualSmb/Shares'
      const restricted = { Name: 'r', Path: 'C:\\r', AllowedFiles: ['a'], Options: { RestrictFileAccess: true } }
      await system.modify(request(shares, 'Add', restricted))
      await system.modify(request(shares, 'Update', { Name: 'r', AllowedFiles: ['a', 'b'] }))
      await system.modify(request(shares, 'Add', { Name: 'u', Path: 'C:\\u' }))
      await test.refused(system.modify(request(shares, 'Update', { Name: 'u', AllowedFiles: ['a'] })), 0x80070032, 'A')
      await test.refused(system.modify(request(shares, 'Update', { Name: 'x', AllowedFiles: [] })), 0x80070490, 'A')
    })

    it('HCS-077 an unknown path is refused and changes nothing', async () => {
      const { system } = await test.running(linux())
      const before = await system.properties('{"PropertyTypes":["Memory"]}')
      for (const path of [
        'Devices/Nothing/1',
        'ComputeTopology/Memory/sizeinmb',
        'Devices/Licensing',
        'Devices/Scsi',
      ]) {
        await test.refused(system.modify(request(path, 'Update', 512)), 0x80070057, 'A')
      }
      await test.refused(
        system.modify('{"ResourcePath":"Container/Memory/SizeInMB","RequestType":"Update","Settings":512}'),
        0x80070057,
        'A',
      )
      assert.equal(await system.properties('{"PropertyTypes":["Memory"]}'), before)
    })

    it('HCS-078 there are the COM ports 0 and 1, and no 2', async () => {
      const { system } = await test.running()
      const pipe = { NamedPipe: '\\\\.\\pipe\\com' }
      for (const port of [0, 1]) await system.modify(request(`Devices/ComPorts/${port}`, 'Add', pipe))
      await test.refused(system.modify(request('Devices/ComPorts/1', 'Add', pipe)), 0x800700b7, 'A')
      await test.refused(system.modify(request('Devices/ComPorts/2', 'Add', pipe)), 0x80070057, 'A')
      await system.modify(request('Devices/ComPorts/1', 'Remove'))
      await test.refused(system.modify(request('Devices/ComPorts/1', 'Update', pipe)), 0x80070490, 'A')
    })

    it('a refused document says where it is wrong, and at which step', async () => {
      const document = JSON.stringify(
        minimal({ ComputeTopology: { Memory: { SizeInMB: 256 }, Processor: { Count: 'two' as never } } }),
      )
      const creating = test.seam.provider.createSystem('seam-wrong', document, () => undefined)
      const { document: result } = await test.refused(creating, 0x8037010d, 'R')
      assert.equal(typeof result, 'string')
      const { Error: code, ErrorEvents: events } = JSON.parse(result as string) as {
        Error: number
        ErrorEvents: { Message: string }[]
      }
      assert((code & 0xffff) === 0x010d, `the document names ${code}`)
      assert.match(JSON.stringify(events), /\$\.VirtualMachine\.ComputeTopology\.Processor\.Count/)
    })
  })
}
