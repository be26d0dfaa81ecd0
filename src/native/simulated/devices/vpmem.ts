// Persistent memory devices, and several images in one of them. The image at offset 0 is the device's own: with it gone nothing else
// of the device can be reached.

import { HRESULT } from '../../../protocol/hresult.js'
import type { VirtualPMemDevice, VirtualPMemMapping } from '../../../protocol/schema/index.js'
import { refusal } from '../failure.js'
import { byNumber, checkTarget, deviceClass, withEntry, without, device } from './device.js'
import { fileProblem, fileSize, unreadable } from './host-files.js'

/** A filled device: the image at offset 0, and more behind it. */
interface Filled {
  readonly device: VirtualPMemDevice
  /** By byte offset. */
  readonly mappings: ReadonlyMap<number, VirtualPMemMapping>
}

interface Controller {
  readonly maximumCount: number
  readonly maximumSizeBytes: number
  readonly devices: ReadonlyMap<number, Filled>
}

/** What HCS falls back to when the document gives no size, bytes. */
const DEFAULT_BYTES = 512 * 1024 * 1024
const MAX_DEVICES = 128
/** Images start at multiples of this, bytes. */
const PAGE_BYTES = 4096
/** Images in one device, the first included. */
const MAX_MAPPINGS = 1024
const CLASS = 'VirtualPMem'

export const vpmem = device<Controller | undefined>()({
  fromDocument: ({ Devices: devices }) => {
    const controller = devices?.VirtualPMem
    if (controller == null) return undefined
    return {
      maximumCount: controller.MaximumCount ?? 0,
      maximumSizeBytes: Number(controller.MaximumSizeBytes ?? 0) || DEFAULT_BYTES,
      devices: new Map(
        [...byNumber(controller.Devices)].map(([id, device]) => [id, { device, mappings: byNumber(device.Mappings) }]),
      ),
    }
  },
  changes: {
    vpmemDevice: {
      judge: ({ segments: [id] }, controller) => checkId(Number(id), controller),
      apply: ({ segments: [number], type, settings: device }, present) => {
        const controller = deviceClass(present, CLASS)
        const id = Number(number)
        checkTarget(type, controller.devices.has(id), `VPMem device ${id}`)
        if (type === 'Remove') return { ...controller, devices: without(controller.devices, id) }
        checkImage(device.HostPath ?? '', controller, 0)
        return { ...controller, devices: withEntry(controller.devices, id, { device, mappings: new Map() }) }
      },
    },
    vpmemMapping: {
      judge: ({ segments: [id, offset] }, controller) => {
        checkId(Number(id), controller)
        if (Number(offset) % PAGE_BYTES !== 0) {
          throw refusal(HRESULT.E_INVALIDARG, `the offset must be a multiple of ${PAGE_BYTES}`)
        }
        const limit = controller?.maximumSizeBytes
        if (limit !== undefined && Number(offset) >= limit) {
          throw refusal(HRESULT.E_INVALIDARG, `the device ends at ${limit} bytes`)
        }
      },
      apply: ({ segments: [number, at], type, settings: mapping }, present) => {
        const controller = deviceClass(present, CLASS)
        const { devices } = controller
        const id = Number(number)
        const offset = Number(at)
        const target = devices.get(id)
        if (target === undefined) throw refusal(HRESULT.ERROR_NOT_FOUND, `VPMem device ${id} has no image at offset 0`)
        checkTarget(type, offset === 0 || target.mappings.has(offset), `mapping at ${offset}`)
        const mapped = (mappings: Filled['mappings']): Controller => ({
          ...controller,
          devices: withEntry(devices, id, { ...target, mappings }),
        })
        if (type === 'Remove') {
          return offset === 0
            ? { ...controller, devices: without(devices, id) }
            : mapped(without(target.mappings, offset))
        }
        if (target.mappings.size + 1 >= MAX_MAPPINGS) {
          throw refusal(HRESULT.E_INVALIDARG, `at most ${MAX_MAPPINGS} images fit in a device`)
        }
        checkImage(mapping.HostPath ?? '', controller, offset)
        checkOverlap(target, offset, imageBytes(mapping.HostPath))
        return mapped(withEntry(target.mappings, offset, mapping))
      },
    },
  },
  buildProblem: ({ Devices: devices }) => {
    const problem = (what: string): ReturnType<typeof refusal> => refusal(HRESULT.E_INVALIDARG, what)
    const { MaximumCount, MaximumSizeBytes, Devices } = devices?.VirtualPMem ?? {}
    if ((MaximumCount ?? 0) > MAX_DEVICES) return problem(`at most ${MAX_DEVICES} VPMem devices`)
    if (Number(MaximumSizeBytes ?? 0) % PAGE_BYTES !== 0) {
      return problem(`the size of VPMem devices is a multiple of ${PAGE_BYTES}`)
    }
    const beyond = Object.keys(Devices ?? {}).find((id) => Number(id) >= (MaximumCount ?? 0))
    return beyond === undefined ? undefined : problem(`VPMem device ${beyond} is beyond MaximumCount`)
  },
  fileProblem: (controller) =>
    unreadable(
      [...(controller?.devices.values() ?? [])].flatMap(({ device, mappings }) =>
        [device, ...mappings.values()].map(({ HostPath }) => HostPath),
      ),
    ),
})

function checkId(id: number, controller: Controller | undefined): void {
  const count = controller?.maximumCount
  if (count !== undefined && id >= count) throw refusal(HRESULT.E_INVALIDARG, `the VM has ${count} VPMem devices`)
}

function checkImage(path: string, { maximumSizeBytes }: Controller, offset: number): void {
  const problem = fileProblem(path, true)
  if (problem !== undefined) throw refusal(problem, `${path} cannot be opened`)
  if (offset + imageBytes(path) > maximumSizeBytes) {
    throw refusal(HRESULT.E_INVALIDARG, `${path} does not fit in a device of ${maximumSizeBytes} bytes`)
  }
}

function checkOverlap({ device, mappings }: Filled, offset: number, bytes: number): void {
  for (const [at, { HostPath }] of [[0, device] as const, ...mappings]) {
    if (offset < at + imageBytes(HostPath) && at < offset + bytes) {
      throw refusal(HRESULT.E_INVALIDARG, `the image at ${at} reaches into it`)
    }
  }
}

/** Of a file that cannot be looked up, one page. */
function imageBytes(path: string | undefined): number {
  return Math.max(fileSize(path ?? '') ?? 0, PAGE_BYTES)
}
