// A built-in guest: boots, keeps its bridge to the host, and serves what the host asks.

import type { Duplex } from 'node:stream'
import { once } from 'node:events'
import {
  LCOW_BRIDGE_PORT,
  LCOW_ENTROPY_PORT,
  LCOW_LOG_PORT,
  vsockServiceId,
  WCOW_BRIDGE_SERVICE,
  WCOW_LOG_SERVICE,
} from '../../../protocol/hvsocket.js'
import { NULL_GUID } from '../../../protocol/guid.js'
import type { Frame } from '../../../protocol/bridge/frame-reader.js'
import { BridgeServer } from './bridge-server.js'
import { decodeNested, textOf, type Document } from './decode.js'
import { GUEST, GuestFault } from './fault.js'
import type { GuestOS } from '../../../protocol/guest-os.js'
import { GuestKernel, type KernelState } from './kernel.js'
import type { BuiltinGuest, GuestSurroundings } from './machine.js'
import { modifySettings } from './modify-settings.js'
import { ProcessTable, type ProcessState } from './processes.js'

/** Between two attempts to reach the host, milliseconds. */
const REDIAL_MS = 100

const LINUX_CAPABILITIES: Document = {
  SupportedSchemaVersions: [{ Major: 2, Minor: 1 }],
  RuntimeOsType: 'Linux',
  GuestDefinedCapabilities: {
    NamespaceAddRequestSupported: true,
    SignalProcessSupported: true,
    DumpStacksSupported: true,
    DeleteContainerStateSupported: true,
  },
}

const WINDOWS_CAPABILITIES: Document = {
  SendHostCreateMessage: true,
  SendHostStartMessage: true,
  HvSocketConfigOnStartup: true,
  SendLifecycleNotifications: false,
  ModifyServiceSettingsSupported: true,
  SupportedSchemaVersions: [{ Major: 2, Minor: 1 }],
  RuntimeOsType: 'Windows',
  GuestDefinedCapabilities: {
    NamespaceAddRequestSupported: true,
    SignalProcessSupported: true,
    DumpStacksSupported: true,
    DeleteContainerStateSupported: true,
    LogForwardingSupported: true,
  },
}

/** The log wrapper of a Linux guest in its reconnect mode. */
const RECONNECTS_LOG = /vsockexec\b.*\s-r\b/

/** What moves with the machine. */
interface GuestState {
  kernel: KernelState
  processes: ProcessState
  waits: Frame[]
}

export class Guest implements BuiltinGuest {
  readonly #kernel: GuestKernel
  readonly #processes: ProcessTable
  readonly #bridge: BridgeServer
  readonly #sockets = new Set<Duplex>()
  /** Everything that runs; `stop` waits for it. */
  readonly #tasks = new Set<Promise<void>>()
  #log: Duplex | undefined

  constructor(os: GuestOS, surroundings: GuestSurroundings) {
    const kernel = new GuestKernel(os, surroundings)
    const processes = new ProcessTable(kernel)
    this.#kernel = kernel
    this.#processes = processes
    this.#bridge = new BridgeServer({
      gate: kernel.gate,
      capabilities: os === 'linux' ? LINUX_CAPABILITIES : WINDOWS_CAPABILITIES,
      handlers: {
        Create: (request) => this.#create(request),
        Start: () => ({}),
        ExecuteProcess: (request) => processes.execute(request),
        WaitForProcess: (request) => processes.wait(request),
        SignalProcess: (request) => processes.signal(request),
        ResizeConsole: (request) => processes.resize(request),
        ModifySettings: (request) => this.#modify(request),
        GetProperties: (request) => this.#properties(request),
        DumpStacks: () => ({ GuestStacks: processes.dump() }),
      },
    })
  }

  /** The host create message addresses the UVM itself; a container has to exist on its own. */
  #create(request: Document): Document {
    const containerId = textOf(request, 'ContainerId')
    decodeNested(request, 'ContainerConfig')
    if (containerId === NULL_GUID) return {}
    throw new GuestFault(GUEST.failed, `container ${containerId} cannot be created: there is no runtime in this guest`)
  }

  async #modify(request: Document): Promise<Document> {
    const containerId = textOf(request, 'ContainerId')
    if (containerId !== NULL_GUID) throw new GuestFault(GUEST.systemNotFound, `there is no container ${containerId}`)
    return modifySettings(this.#kernel, request)
  }

  #properties(request: Document): Document {
    decodeNested(request, 'Query')
    const containerId = textOf(request, 'ContainerId')
    if (containerId !== NULL_GUID) throw new GuestFault(GUEST.systemNotFound, `there is no container ${containerId}`)
    throw new GuestFault(GUEST.failed, 'the utility VM has no properties of its own')
  }

  boot(): void {
    this.#task(this.#kernel.os === 'linux' ? this.#bootLinux() : this.#bootWindows())
  }

  capture(): GuestState {
    return {
      kernel: this.#kernel.capture(),
      processes: this.#processes.capture(),
      waits: this.#bridge.capture(),
    }
  }

  arrive(state: unknown): void {
    try {
      const { kernel, processes, waits } = state as GuestState
      this.#kernel.restore(kernel)
      this.#processes.restore(processes)
      this.#bridge.restore(waits)
    } catch {
      // What came is no state of such a guest: it goes on with what it has.
    }
    this.#task(this.#reconnect())
  }

  /** Entropy is served once, at boot; the log comes back in the wrapper's reconnect mode only; the bridge always does. */
  async #reconnect(): Promise<void> {
    const isLinux = this.#kernel.os === 'linux'
    if (isLinux && RECONNECTS_LOG.test(this.#kernel.machine.kernelCommandLine)) {
      this.#task(this.#keepTryingLog(vsockServiceId(LCOW_LOG_PORT)))
    }
    await this.#keepBridge(isLinux ? vsockServiceId(LCOW_BRIDGE_PORT) : WCOW_BRIDGE_SERVICE, true)
  }

  #task(work: Promise<void>): void {
    const task = work
      .catch(() => undefined)
      .finally(() => {
        this.#tasks.delete(task)
      })
    this.#tasks.add(task)
  }

  async #bootLinux(): Promise<void> {
    const init = this.#kernel.machine.kernelCommandLine.split(' -- ')[1] ?? this.#kernel.machine.kernelCommandLine
    if (/(?:^|\s)-e 1(?:\s|$)/.test(init)) await this.#readEntropy()
    if (/vsockexec\b.*\s-[eo] 109\b/.test(init)) {
      const reconnects = RECONNECTS_LOG.test(init)
      const service = vsockServiceId(LCOW_LOG_PORT)
      // A host that takes no log only misses it. The wrapper's reconnect mode goes on trying.
      if (!(await this.#openLog(service)) && reconnects) this.#task(this.#keepTryingLog(service))
    }
    await this.#keepBridge(vsockServiceId(LCOW_BRIDGE_PORT), true)
  }

  async #bootWindows(): Promise<void> {
    if (this.#kernel.machine.forwardsLogs) await this.#openLog(WCOW_LOG_SERVICE)
    // Without a listener at boot the Windows guest service uses another channel and never comes here.
    await this.#keepBridge(WCOW_BRIDGE_SERVICE, false)
  }

  async #keepBridge(serviceId: string, insists: boolean): Promise<void> {
    let known = insists
    while (!this.#kernel.stopped) {
      await this.#kernel.gate.pass()
      const stream = await this.#dial(serviceId)
      if (stream !== undefined) {
        known = true
        this.#say('info', 'bridge connected, serving')
        await this.#bridge.serve(stream)
      } else if (!known) return
      await this.#kernel.sleep(REDIAL_MS)
    }
  }

  async #dial(serviceId: string): Promise<Duplex | undefined> {
    try {
      const stream = await this.#kernel.machine.dial(serviceId)
      stream.on('error', () => undefined)
      this.#sockets.add(stream)
      stream.once('close', () => this.#sockets.delete(stream))
      if (this.#kernel.stopped) stream.destroy()
      return stream
    } catch {
      return undefined
    }
  }

  /** Reads to the end; a host that serves none only earns a warning. */
  async #readEntropy(): Promise<void> {
    const stream = await this.#dial(vsockServiceId(LCOW_ENTROPY_PORT))
    if (stream === undefined) return
    stream.resume()
    await Promise.race([once(stream, 'end'), once(stream, 'close')])
    stream.destroy()
  }

  /** Answers whether the host takes the log. */
  async #openLog(serviceId: string): Promise<boolean> {
    const stream = await this.#dial(serviceId)
    if (stream === undefined) return false
    this.#log = stream
    stream.resume()
    this.#say('info', 'guest service started')
    return true
  }

  async #keepTryingLog(serviceId: string): Promise<void> {
    do await this.#kernel.sleep(REDIAL_MS)
    while (!this.#kernel.stopped && !(await this.#openLog(serviceId)))
  }

  #say(level: string, msg: string): void {
    const time = this.#kernel.now().toISOString()
    if (this.#log?.writable === true) this.#log.write(`${JSON.stringify({ level, msg, time })}\n`)
  }

  shutdown(): void {
    this.#task(this.#kernel.gate.pass().then(() => this.#kernel.machine.poweredOff()))
  }

  pause(): void {
    this.#kernel.gate.close()
  }

  resume(): void {
    this.#kernel.gate.open()
  }

  disconnect(): void {
    this.#bridge.disconnect()
  }

  async stop(): Promise<void> {
    this.#kernel.stop()
    this.#processes.stop()
    for (const socket of this.#sockets) socket.destroy()
    // A task that sleeps has lost its timer and never ends: what it held is closed.
    this.#tasks.clear()
    await new Promise<void>((resolve) => setImmediate(resolve))
  }
}
