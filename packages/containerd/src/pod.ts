// A pod: one utility VM with its guest, which its containers share.

import { lcowBuilder, type Guest, type Host, type UtilityVM } from 'uvm-actors'
import { TtrpcError } from 'uvm-ttrpc'
import type { Spec } from './bundle.js'
import type { Share } from './guest-document.js'
import { vmIdOf } from './ids.js'

/** Owner of every VM of ours, by which the next daemon finds them. */
export const OWNER = 'uvm-containerd'

const PLAN9_PORT = 564
const READ_ONLY = 1

const ANNOTATION = {
  memory: 'io.microsoft.virtualmachine.computetopology.memory.sizeinmb',
  processors: 'io.microsoft.virtualmachine.computetopology.processor.count',
} as const

export interface PodSize {
  memoryMB?: number
  processors?: number
}

/**
 * What a pod's annotations ask of its VM; unknown ones are another's.
 *
 * @throws {TtrpcError} INVALID_ARGUMENT
 */
export function podSize(annotations: Readonly<Record<string, string>> = {}): PodSize {
  const number = (key: string): number | undefined => {
    const text = annotations[key]
    if (text === undefined) return undefined
    if (!/^[1-9]\d{0,8}$/.test(text))
      throw new TtrpcError(
        'INVALID_ARGUMENT',
        `the annotation ${key} is ${JSON.stringify(text.slice(0, 100))}; a number above 0 is expected`,
      )
    return Number(text)
  }
  const memoryMB = number(ANNOTATION.memory)
  const processors = number(ANNOTATION.processors)
  return {
    ...(memoryMB === undefined ? {} : { memoryMB }),
    ...(processors === undefined ? {} : { processors }),
  }
}

export class Pod {
  readonly vmId: string
  readonly #vm: UtilityVM
  readonly guest: Guest
  /** Ids of its containers. */
  readonly containers = new Set<string>()
  #nextShare = 0
  #isClosed = false

  /** Boots the VM and waits for its guest; what fails leaves nothing behind. */
  static async open(host: Host, namespace: string, id: string, spec: Spec, signal: AbortSignal): Promise<Pod> {
    const vmId = vmIdOf(namespace, id)
    const vm = await host.createVM(vmId, lcowBuilder(OWNER, podSize(spec.annotations)), { signal })
    try {
      const guest = await host.createGuest(vm, { signal })
      await vm.start({ signal })
      await guest.createConnection({ signal })
      return new Pod(vmId, vm, guest)
    } catch (error) {
      await vm.terminate().catch(() => undefined)
      await vm.close()
      throw error
    }
  }

  private constructor(vmId: string, vm: UtilityVM, guest: Guest) {
    this.vmId = vmId
    this.#vm = vm
    this.guest = guest
  }

  /** Resolves once the VM is gone, whoever ended it. */
  async gone(): Promise<void> {
    await this.#vm.wait().catch(() => undefined)
  }

  /** Gives the guest a folder of this host; the answer takes it away again. */
  async share({ hostPath, guestPath, readOnly }: Share): Promise<() => Promise<void>> {
    const name = `s${this.#nextShare++}`
    const share = {
      Name: name,
      AccessName: name,
      Path: hostPath,
      Port: PLAN9_PORT,
      ...(readOnly ? { Flags: READ_ONLY } : {}),
    }
    const mapped = { MountPath: guestPath, Port: PLAN9_PORT, ShareName: name, ReadOnly: readOnly }
    await this.#vm.addPlan9(share)
    try {
      await this.guest.addLCOWMappedDirectory(mapped)
    } catch (error) {
      await this.#vm.removePlan9({ Name: name, AccessName: name, Port: PLAN9_PORT }).catch(() => undefined)
      throw error
    }
    return async () => {
      // A VM that is gone has neither.
      await this.guest.removeLCOWMappedDirectory(mapped).catch(() => undefined)
      await this.#vm.removePlan9({ Name: name, AccessName: name, Port: PLAN9_PORT }).catch(() => undefined)
    }
  }

  pause(): Promise<void> {
    return this.#vm.pause()
  }

  resume(): Promise<void> {
    return this.#vm.resume()
  }

  /** Ends the VM and gives everything of it back. Idempotent. */
  async close(): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    await this.#vm.terminate().catch(() => undefined)
    await this.guest.close()
    await this.#vm.close()
  }
}
