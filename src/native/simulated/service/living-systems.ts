// The living systems, how they end, and what they share of the host: memory and network endpoints.

import { HRESULT } from '../../../protocol/hresult.js'
import { HCS_EVENT } from '../../hcs.js'
import type { HandleTable } from './handles.js'
import type { DeviceHost } from '../devices/device.js'
import type { ServiceSettings } from './service-settings.js'
import type { LiveSystem } from '../state/live-system.js'
import type { ServiceOptions } from '../options.js'
import { EXIT, type ComputeSystemModel, type SystemExit } from '../state/system.js'

export class LivingSystems {
  readonly #options: Pick<ServiceOptions, 'memoryMB' | 'endpoints'>
  readonly #handles: HandleTable
  readonly #settings: ServiceSettings
  readonly #ended: (runtimeId: string) => void
  readonly #living = new Map<string, LiveSystem>()

  /** @param ended told of every end, before the id of the system can be used again */
  constructor(
    options: Pick<ServiceOptions, 'memoryMB' | 'endpoints'>,
    handles: HandleTable,
    settings: ServiceSettings,
    ended: (runtimeId: string) => void = () => undefined,
  ) {
    this.#options = options
    this.#handles = handles
    this.#settings = settings
    this.#ended = ended
  }

  get(id: string): LiveSystem | undefined {
    return this.#living.get(id)
  }

  /** That of this id, or of one that differs only in case: both would be one VM of Hyper-V, with one address for guests to dial. */
  sharingRuntimeId(id: string): LiveSystem | undefined {
    const folded = id.toUpperCase()
    return this.get(id) ?? this.all().find(({ model }) => model.id.toUpperCase() === folded)
  }

  add(system: LiveSystem): void {
    this.#living.set(system.model.id, system)
  }

  /** One that never came to be. */
  forget(system: LiveSystem): void {
    this.#living.delete(system.model.id)
  }

  all(): LiveSystem[] {
    return [...this.#living.values()]
  }

  clear(): void {
    this.#living.clear()
  }

  /** The VM is gone, once. Its id is free before the exit is told. */
  end(system: LiveSystem, exit: SystemExit): void {
    const { model } = system
    if (model.exit !== undefined) return
    model.exit = exit
    model.state = 'Stopped'
    if (this.#living.get(model.id) === system) this.#living.delete(model.id)
    if (model.document.VirtualMachine?.GuestConnection != null) {
      this.#handles.tell(system, { type: HCS_EVENT.guestConnectionClosed, data: '' })
    }
    this.#handles.tell(system, { type: HCS_EVENT.systemExited, data: model.exitDocument() })
    void system.guest?.stop()
    system.guest = undefined
    system.exited()
    this.#ended(model.runtimeId)
  }

  /** The guest crashes: both reports, then the exit. */
  crash(system: LiveSystem): void {
    const { model } = system
    if (model.exit !== undefined) return
    const report = {
      SystemId: model.id,
      CrashParameters: [0xdead, 0, 0, 0, 0],
      ...(model.guestOS === 'linux' ? { CrashLog: 'Kernel panic - not syncing' } : {}),
      Status: 0,
    }
    this.#handles.tell(system, { type: HCS_EVENT.crashInitiated, data: JSON.stringify(report) })
    this.#handles.tell(system, { type: HCS_EVENT.crashReport, data: JSON.stringify(report) })
    this.end(system, EXIT.unexpected)
  }

  /** What the devices of a system may look at beyond themselves. */
  hostOf(model: ComputeSystemModel): DeviceHost {
    return {
      processorCount: model.processorCount,
      hasCpuGroup: (id) => this.#settings.hasGroup(id),
      endpointProblem: (endpointId, adapter) => this.#endpointProblem(endpointId, model, adapter),
      hasMemory: (sizeInMB) => this.#hasMemory(sizeInMB, model),
    }
  }

  #hasMemory(sizeInMB: number, model: ComputeSystemModel): boolean {
    if (this.#options.memoryMB === undefined) return true
    let used = 0
    for (const { model: other } of this.#living.values()) {
      if (other !== model && other.state !== 'Created') used += other.live.memoryMB
    }
    return used + sizeInMB <= this.#options.memoryMB
  }

  #endpointProblem(endpointId: string, model: ComputeSystemModel, adapterKey: string): number | undefined {
    const known = this.#options.endpoints?.map((endpoint) => endpoint.toLowerCase())
    const endpoint = endpointId.toLowerCase()
    if (known === undefined || endpoint === '') return undefined
    if (!known.includes(endpoint)) return HRESULT.HCN_E_ENDPOINT_NOT_FOUND
    for (const { model: other } of this.#living.values()) {
      // What a system that never started names is not attached yet.
      if (other !== model && other.state === 'Created') continue
      for (const [key, adapter] of other.live.adapters) {
        const same = other === model && key === adapterKey
        if (!same && adapter.EndpointId?.toLowerCase() === endpoint) return HRESULT.HCN_E_ENDPOINT_ALREADY_ATTACHED
      }
    }
    return undefined
  }
}
