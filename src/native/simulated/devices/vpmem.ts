// Persistent memory devices, and several images in one of them. The image at offset 0 is the device's own: with it gone nothing else
// of the device can be reached.

import { HRESULT } from '../../../protocol/hresult.js'
import type { VirtualPMemDevice, VirtualPMemMapping } from '../../../protocol/schema/index.js'
import { refusal } from '../failure.js'
import { fileProblem, fileSize } from './host-files.js'
import type { PmemController, PmemDevice } from './live-configuration.js'
import { checkTarget, deviceClass, type Resource } from './change.js'
import type { ComputeSystemModel } from '../state/system.js'

/** Images start at multiples of this, bytes. */
export const PMEM_PAGE_BYTES = 4096
/** Images in one device, the first included. */
const MAX_MAPPINGS = 1024
const CLASS = 'VirtualPMem'

export const VPMEM_DEVICE: Resource<VirtualPMemDevice> = {
  judge: ({ segments: [id] }, system) => checkId(Number(id), system),
  apply: ({ segments: [number], type, settings: device }, { live }) => {
    const controller = deviceClass(live.vpmem, CLASS)
    const id = Number(number)
    checkTarget(type, controller.devices.has(id), `VPMem device ${id}`)
    if (type === 'Remove') {
      controller.devices.delete(id)
      return
    }
    checkImage(device.HostPath ?? '', controller, 0)
    controller.devices.set(id, { device, mappings: new Map() })
  },
}

export const VPMEM_MAPPING: Resource<VirtualPMemMapping> = {
  judge: ({ segments: [id, offset] }, system) => {
    checkId(Number(id), system)
    if (Number(offset) % PMEM_PAGE_BYTES !== 0) {
      throw refusal(HRESULT.E_INVALIDARG, `the offset must be a multiple of ${PMEM_PAGE_BYTES}`)
    }
    const limit = system.live.vpmem?.maximumSizeBytes
    if (limit !== undefined && Number(offset) >= limit) {
      throw refusal(HRESULT.E_INVALIDARG, `the device ends at ${limit} bytes`)
    }
  },
  apply: ({ segments: [number, at], type, settings: mapping }, { live }) => {
    const controller = deviceClass(live.vpmem, CLASS)
    const id = Number(number)
    const offset = Number(at)
    const target = controller.devices.get(id)
    if (target === undefined) throw refusal(HRESULT.ERROR_NOT_FOUND, `VPMem device ${id} has no image at offset 0`)
    checkTarget(type, offset === 0 || target.mappings.has(offset), `mapping at ${offset}`)
    if (type === 'Remove') {
      if (offset === 0) controller.devices.delete(id)
      else target.mappings.delete(offset)
      return
    }
    if (target.mappings.size + 1 >= MAX_MAPPINGS) {
      throw refusal(HRESULT.E_INVALIDARG, `at most ${MAX_MAPPINGS} images fit in a device`)
    }
    checkImage(mapping.HostPath ?? '', controller, offset)
    checkOverlap(target, offset, imageBytes(mapping.HostPath))
    target.mappings.set(offset, mapping)
  },
}

function checkId(id: number, { live }: ComputeSystemModel): void {
  const count = live.vpmem?.maximumCount
  if (count !== undefined && id >= count) throw refusal(HRESULT.E_INVALIDARG, `the VM has ${count} VPMem devices`)
}

function checkImage(path: string, { maximumSizeBytes }: PmemController, offset: number): void {
  const problem = fileProblem(path, true)
  if (problem !== undefined) throw refusal(problem, `${path} cannot be opened`)
  if (offset + imageBytes(path) > maximumSizeBytes) {
    throw refusal(HRESULT.E_INVALIDARG, `${path} does not fit in a device of ${maximumSizeBytes} bytes`)
  }
}

function checkOverlap({ device, mappings }: PmemDevice, offset: number, bytes: number): void {
  for (const [at, { HostPath }] of [[0, device] as const, ...mappings]) {
    if (offset < at + imageBytes(HostPath) && at < offset + bytes) {
      throw refusal(HRESULT.E_INVALIDARG, `the image at ${at} reaches into it`)
    }
  }
}

/** Of a file that cannot be looked up, one page. */
function imageBytes(path: string | undefined): number {
  return Math.max(fileSize(path ?? '') ?? 0, PMEM_PAGE_BYTES)
}
