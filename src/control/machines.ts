// What control can do with the VMs of a Host: those it has handles on, and those of others that it can open.

import type { Host } from '../actors/host.js'
import type { Guest } from '../actors/gcs/proxy.js'
import type { CallOptions } from '../actors/mailbox/contract.js'
import type { ExitStatus } from '../actors/vm/managers/index.js'
import type { UtilityVM } from '../actors/vm/proxy.js'
import { isAlreadyStopped, isNotSupported, isTimeout, UVMError } from '../errors.js'
import { isGuid, normaliseGuid } from '../protocol/guid.js'
import { GUEST_METHOD_NAMES, guestMethod, type GuestMethodName } from '../protocol/guest-resources/methods.js'
import { HOST_METHODS, type HostMethod } from '../protocol/host-modifications/index.js'
import { ControlRequestError } from './failure.js'
import { LogBook } from './log-book.js'
import type {
  ControlCallRequest,
  ControlVm,
  ControlVmDetails,
  ControlVmStats,
  CreateVmRequest,
  VmAction,
  VmActionRequest,
} from './messages.js'

/** How long a guest has to shut down before its VM is ended, milliseconds. */
const STOP_TIMEOUT_MS = 10_000

export class Machines {
  readonly #host: Host
  /** By runtime id. */
  readonly #logs = new Map<string, LogBook>()
  readonly #release: () => void

  constructor(host: Host) {
    this.#host = host
    const created = (id: string): void => {
      for (const vm of host.vms) if (vm.id === id) this.#listen(vm)
    }
    host.on('guest-created', created)
    this.#release = () => host.off('guest-created', created)
    for (const vm of host.vms) this.#listen(vm)
  }

  close(): void {
    this.#release()
    for (const log of this.#logs.values()) log.end()
  }

  /** The guest's log is kept from here on. One that ends with its Guest goes on with the next. */
  #listen(vm: UtilityVM): void {
    const guest = this.#host.guestOf(vm)
    if (guest === undefined) return
    const known = this.#logs.get(vm.runtimeId)
    const log = known ?? new LogBook()
    guest.on('log', (record) => log.add(record))
    if (known !== undefined) return
    this.#logs.set(vm.runtimeId, log)
    vm.once('exit', () => {
      log.end()
      // Whoever asks for the last words of a VM asks while its handle is there.
      this.#forgetClosed()
    })
  }

  #forgetClosed(): void {
    const held = new Set(this.#host.vms.map(({ runtimeId }) => runtimeId))
    for (const runtimeId of this.#logs.keys()) if (!held.has(runtimeId)) this.#logs.delete(runtimeId)
  }

  async list(options: CallOptions): Promise<ControlVm[]> {
    const held = new Map(this.#host.vms.map((vm) => [vm.runtimeId, vm]))
    const found: ControlVm[] = (await this.#host.listVMs({}, options)).map((summary) => {
      return { ...summary, held: held.has(summary.RuntimeId), connected: false }
    })
    // The service no longer knows of a VM that has exited; its handle does.
    for (const vm of held.values()) {
      if (found.some(({ RuntimeId }) => RuntimeId === vm.runtimeId)) continue
      const { id: Id, runtimeId: RuntimeId } = vm
      found.push({ Id, RuntimeId, SystemType: 'VirtualMachine', State: 'Stopped', held: true, connected: false })
    }
    await Promise.all(
      found.map(async (entry) => {
        const vm = held.get(entry.RuntimeId)
        const guest = vm === undefined ? undefined : this.#host.guestOf(vm)
        if (vm !== undefined) entry.guestOS = vm.guestOS
        entry.connected = (await guest?.isConnected().catch(() => false)) ?? false
      }),
    )
    return found
  }

  /** A handle that this process has. @throws {ControlRequestError} 404 */
  held(id: string): UtilityVM {
    const runtimeId = isGuid(id) ? normaliseGuid(id) : undefined
    const vm = this.#host.vms.find((one) => one.id === id || one.runtimeId === runtimeId)
    if (vm !== undefined) return vm
    throw new ControlRequestError(
      404,
      `this process has no VM ${JSON.stringify(id)}; one that another has made can be opened`,
    )
  }

  /** @throws {ControlRequestError} 404, or 409 without a guest */
  guest(id: string): Guest {
    const vm = this.held(id)
    const guest = this.#host.guestOf(vm)
    if (guest !== undefined) return guest
    throw new ControlRequestError(409, `the VM ${JSON.stringify(id)} has no guest connection here; connect it first`)
  }

  log(id: string): LogBook {
    const { runtimeId } = this.held(id)
    const log = this.#logs.get(runtimeId)
    if (log !== undefined) return log
    throw new ControlRequestError(
      409,
      `the VM ${JSON.stringify(id)} has no guest connection here, which brings its log`,
    )
  }

  async create(request: CreateVmRequest, signal: AbortSignal): Promise<ControlVmDetails> {
    const { id, document, guestOS, start = true, connect = start, timeoutMs } = request
    const options = callOptions(signal, timeoutMs)
    const vm = await this.#host.createVM(id, document, { ...options, ...(guestOS === undefined ? {} : { guestOS }) })
    try {
      const guest = connect ? await this.#host.createGuest(vm, options) : undefined
      if (start) await vm.start(options)
      await guest?.createConnection(options)
    } catch (error) {
      // Nobody would know of it: who asked gets the error, and no VM.
      await vm.terminate().catch(() => undefined)
      await vm.close()
      throw error
    }
    return this.details(id, { signal })
  }

  async details(id: string, options: CallOptions): Promise<ControlVmDetails> {
    const all = await this.list(options)
    const runtimeId = isGuid(id) ? normaliseGuid(id) : undefined
    const entry = all.find(({ Id, RuntimeId }) => Id === id || RuntimeId === runtimeId)
    if (entry === undefined) throw new ControlRequestError(404, `there is no VM ${JSON.stringify(id)}`)
    if (!entry.held) return entry
    const vm = this.held(id)
    const [startedTime, capabilities] = await Promise.all([
      vm.startedTime().catch(() => undefined),
      this.#host.guestOf(vm)?.capabilities(),
    ])
    const exit = entry.State === 'Stopped' ? await vm.wait(options) : undefined
    return {
      ...entry,
      ...(startedTime === undefined ? {} : { startedTime: startedTime.toISOString() }),
      ...(exit === undefined ? {} : { exit }),
      ...(capabilities === undefined ? {} : { capabilities }),
    }
  }

  async act(id: string, action: VmAction, { timeoutMs, save }: VmActionRequest, signal: AbortSignal): Promise<unknown> {
    const options = callOptions(signal, timeoutMs)
    if (action === 'open') {
      if (this.#host.vms.some((vm) => vm.id === id)) return this.details(id, { signal })
      await this.#host.openVM(id, options)
      return this.details(id, { signal })
    }
    const vm = this.held(id)
    switch (action) {
      case 'start':
      case 'pause':
      case 'resume':
        await vm[action](options)
        return {}
      case 'connect':
        await (this.#host.guestOf(vm) ?? (await this.#host.createGuest(vm, options))).createConnection(options)
        return {}
      case 'save':
        if (save === undefined) throw new ControlRequestError(400, 'save: expected SaveOptions')
        await vm.save(save, options)
        return {}
      case 'kill':
        await vm.terminate(options)
        return { exit: await vm.wait(options) }
      case 'stop':
        return stop(vm, signal, timeoutMs)
    }
  }

  /** A change by name. What it takes is checked as if it had been called here. */
  async call(id: string, request: ControlCallRequest, signal: AbortSignal): Promise<void> {
    const { on, method, args = [], timeoutMs } = request
    const isKnown = on === 'host' ? Object.hasOwn(HOST_METHODS, method) : GUEST_METHOD_NAMES.includes(method as never)
    if (!isKnown) throw new ControlRequestError(400, `there is no change ${JSON.stringify(method)} of a ${on}`)
    const most =
      on === 'host' ? HOST_METHODS[method as HostMethod].takes.length : guestMethod(method as GuestMethodName).count
    if (!Array.isArray(args) || args.length > most) throw new ControlRequestError(400, `args: expected at most ${most}`)
    const target = on === 'host' ? this.held(id) : this.guest(id)
    const all = Array.from({ length: most }, (_, index): unknown => args[index])
    const methods = target as unknown as Record<string, (...args: unknown[]) => Promise<void>>
    await methods[method]?.(...all, callOptions(signal, timeoutMs))
  }

  /** Ends it, where `force` says so, and gives the handle up. */
  async remove(id: string, force: boolean, signal: AbortSignal): Promise<void> {
    const vm = this.held(id)
    const state = (await this.list({ signal })).find(({ RuntimeId }) => RuntimeId === vm.runtimeId)?.State
    if (state !== 'Stopped' && !force) {
      throw new ControlRequestError(
        409,
        `the VM ${JSON.stringify(id)} is ${String(state).toLowerCase()}; stop it first, or force`,
      )
    }
    await vm.terminate({ signal })
    await vm.close()
    this.#forgetClosed()
  }

  async stats(id: string, options: CallOptions): Promise<ControlVmStats> {
    const { Memory, Statistics } = await this.held(id).propertiesV2(['Memory', 'Statistics'], options)
    return { id, ...(Memory === undefined ? {} : { Memory }), ...(Statistics === undefined ? {} : { Statistics }) }
  }
}

/** Asks the guest to shut down; one that cannot, or does not in time, is ended. */
async function stop(
  vm: UtilityVM,
  signal: AbortSignal,
  timeoutMs = STOP_TIMEOUT_MS,
): Promise<{ exit: ExitStatus; forced: boolean }> {
  try {
    await vm.shutdown({ signal, timeoutMs })
    return { exit: await vm.wait({ signal, timeoutMs }), forced: false }
  } catch (error) {
    if (!(error instanceof UVMError) || signal.aborted) throw error
    if (!isTimeout(error) && !isNotSupported(error) && !isAlreadyStopped(error) && error.code !== 'UVM_HCS_FAILED')
      throw error
    await vm.terminate({ signal })
    return { exit: await vm.wait({ signal }), forced: true }
  }
}

function callOptions(signal: AbortSignal, timeoutMs: number | undefined): CallOptions {
  return timeoutMs === undefined ? { signal } : { signal, timeoutMs }
}
