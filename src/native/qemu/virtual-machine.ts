// One VM of the supervisor: the model that answers for it, and the machine behind it once it was started.

import { stat } from 'node:fs/promises'
import { member } from '../../protocol/json.js'
import { movable } from '../simulated/devices/live-configuration.js'
import type { LiveSystem } from '../simulated/state/live-system.js'
import { machineArguments, MAX_NICS, MAX_PMEM, pmemPlanOf, type MachinePlan, type PmemPlan } from './arguments.js'
import { codeOfFile, planDisk, type DiskPlan } from './images.js'
import type { Machine } from './machine.js'
import { planNic, type NicPlan } from './network.js'
import type { QemuNetwork } from './options.js'
import { controllerNumber } from './refusals.js'
import { refusal } from '../simulated/failure.js'
import { HRESULT } from '../../protocol/hresult.js'
import type { HardwareRecord, VmRecord } from './state-directory.js'

export class QemuVm {
  /** Undefined until it is started, and as a template. */
  machine: Machine | undefined
  hardware: HardwareRecord | undefined
  /** The machine of a start that is under way. */
  starting: Machine | undefined
  /** Its end, once that has begun. */
  ending: Promise<void> | undefined
  /** Operations but termination and property reads run one after the other. */
  #turn: Promise<unknown> = Promise.resolve()

  constructor(
    readonly system: LiveSystem,
    /** The create document. */
    readonly text: string,
  ) {}

  /** Asked again after every wait. */
  isEnding(): boolean {
    return this.ending !== undefined
  }

  inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#turn.then(work)
    this.#turn = done.catch(() => undefined)
    return done
  }

  /** Whether its document gives the guest sockets. */
  get hasSockets(): boolean {
    return this.system.model.live.services !== undefined
  }

  record(): VmRecord {
    const { model } = this.system
    const { state } = model
    return {
      id: model.id,
      runtimeId: model.runtimeId,
      document: this.text,
      state: state === 'Stopped' ? 'Created' : state,
      live: movable(model.live),
      startedMs: model.startedMs,
      templateId: model.templateId,
      processes: this.machine?.record,
      hardware: this.hardware,
    }
  }

  /** The first free place on the bus. @throws {HcsFailure} there is none */
  freeNicSlot(): number {
    const taken = new Set(Object.values(this.hardware?.nicSlots ?? {}))
    for (let slot = 0; slot < MAX_NICS; slot++) if (!taken.has(slot)) return slot
    throw refusal(HRESULT.ERROR_NOT_SUPPORTED, `a VM has at most ${MAX_NICS} adapters`)
  }

  async planDisks(): Promise<DiskPlan[]> {
    const plans: Promise<DiskPlan>[] = []
    for (const [key, disks] of this.system.model.live.scsi) {
      const controller = controllerNumber(key) ?? 0
      for (const [lun, disk] of disks) {
        const at = `$.VirtualMachine.Devices.Scsi.${key}.Attachments.${lun}`
        plans.push(planDisk(disk, { controller, lun, at }))
      }
    }
    return Promise.all(plans)
  }

  /** Its adapters at the start; `slots` of those that have a place. */
  planNics(networks: Readonly<Record<string, QemuNetwork>>, slots: Readonly<Record<string, number>>): NicPlan[] {
    const { live, runtimeId } = this.system.model
    const taken = new Set(Object.values(slots))
    const free = Array.from({ length: MAX_NICS }, (_, slot) => slot).filter((slot) => !taken.has(slot))
    return [...live.adapters].map(([key, adapter]) =>
      planNic(key, adapter, {
        runtimeId,
        slot: slots[key] ?? free.shift() ?? 0,
        at: `$.VirtualMachine.Devices.NetworkAdapters.${key}`,
        networks,
      }),
    )
  }

  async planPmem(): Promise<PmemPlan[]> {
    const devices = [...(this.system.model.live.vpmem?.devices ?? [])]
    return Promise.all(devices.map(([id, { device }]) => planPmemDevice(id, device)))
  }
}

/** @throws {HcsFailure} */
export async function planPmemDevice(
  id: number,
  device: { HostPath?: string | undefined; ReadOnly?: boolean | undefined },
): Promise<PmemPlan> {
  if (id >= MAX_PMEM) {
    throw refusal(HRESULT.ERROR_NOT_SUPPORTED, `VPMem device ${id}: a machine of QEMU has ${MAX_PMEM} of them here`)
  }
  const found = await stat(device.HostPath ?? '').catch((error: unknown) => {
    throw refusal(codeOfFile(error), `VPMem device ${id}: ${device.HostPath} cannot be opened`)
  })
  const plan = pmemPlanOf(id, device, found.size)
  if (plan.bytes === 0) throw refusal(HRESULT.ERROR_FILE_CORRUPT, `VPMem device ${id}: ${plan.path} has no page in it`)
  return plan
}

/** All that QEMU is told, but for paths and what the supervisor has. */
export type PlanBase = Omit<MachinePlan, 'id' | 'runtimeId' | 'vm' | 'processors' | 'controllers' | 'comPorts'>

export function planArguments({ system: { model } }: QemuVm, base: PlanBase): string[] {
  const { live, document } = model
  return machineArguments({
    ...base,
    id: model.id,
    runtimeId: model.runtimeId,
    vm: document.VirtualMachine ?? {},
    processors: model.processorCount,
    controllers: [...live.scsi.keys()].flatMap((key) => controllerNumber(key) ?? []).sort(),
    comPorts: new Map([...live.comPorts].map(([port, com]) => [port, String(member(com, 'NamedPipe') ?? '')])),
  })
}
