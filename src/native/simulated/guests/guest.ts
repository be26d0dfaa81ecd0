// A built-in guest: boots, keeps its bridge to the host, and serves what the host asks.

import type { Duplex } from 'node:stream'
import {
  LCOW_BRIDGE_PORT,
  LCOW_ENTROPY_PORT,
  LCOW_LOG_PORT,
  vsockServiceId,
  WCOW_BRIDGE_SERVICE,
} from '../../../protocol/hvsocket.js'
import type { GuestOS } from '../../../protocol/guest-os.js'
import { BridgeServer, type BridgeState } from './bridge-server.js'
import { GuestKernel, type KernelState } from './kernel.js'
import type { RpcName } from '../../../protocol/bridge/header.js'
import { foldedMember } from '../../../protocol/bridge/folding.js'
import type { DecodedRequest } from './decode.js'
import { AgentLog } from './linux/agent-log.js'
import { LinuxService } from './linux/service.js'
import { LogSender } from './log-sender.js'
import type { BuiltinGuest, GuestSurroundings } from './machine.js'
import type { GuestService } from './service.js'
import { WindowsService } from './windows/service.js'

/** Between two attempts to reach the host, milliseconds. */
const REDIAL_MS = 100

/** The log wrapper of a Linux guest in its reconnect mode. */
const RECONNECTS_LOG = /vsockexec\b.*\s-r\b/

/** What moves with the machine. */
interface GuestState {
  kernel: KernelState
  service: unknown
  bridge: BridgeState
}

export class BootableGuest implements BuiltinGuest {
  readonly #kernel: GuestKernel
  readonly #service: GuestService
  readonly #bridge: BridgeServer
  readonly #log: LogSender
  readonly #agentLog: AgentLog | undefined

  constructor(os: GuestOS, surroundings: GuestSurroundings) {
    const kernel = new GuestKernel(os, surroundings)
    const notify = (body: Record<string, unknown>): void => this.#bridge.notify(body)
    this.#kernel = kernel
    this.#log = new LogSender(kernel)
    this.#service = os === 'linux' ? new LinuxService(kernel, notify) : new WindowsService(kernel, notify, this.#log)
    this.#bridge = new BridgeServer({
      gate: kernel.gate,
      sequential: kernel.machine.isConfidential,
      capabilities: this.#service.capabilities,
      handlers: this.#service.handlers,
      onPanic: () => this.#die(),
      onAnswered: (name, request, body) => this.#record(name, request, body),
    })
    if (os === 'linux') {
      const log = new AgentLog(this.#log, kernel.machine.kernelCommandLine)
      this.#agentLog = log
      kernel.say = (level, message, fields) => log.say(level, message, fields)
    }
  }

  #record(
    rpc: RpcName,
    { document, activity }: DecodedRequest,
    { Result, ErrorMessage }: Record<string, unknown>,
  ): void {
    const id = foldedMember(document, 'ContainerId')
    const failure = Result === 0 ? undefined : String(ErrorMessage)
    this.#agentLog?.span({ rpc, activity, containerId: typeof id === 'string' ? id : '', failure })
  }

  /** The agent is gone. Init waits for nothing else: it switches the machine off. */
  #die(): void {
    if (this.#kernel.stopped) return
    this.#kernel.machine.poweredOff()
    void this.stop()
  }

  boot(): void {
    void this.#ignoring(this.#kernel.os === 'linux' ? this.#bootLinux() : this.#bootWindows())
  }

  /** A task that sleeps when the machine stops has lost its timer and never ends; what it held is closed. */
  async #ignoring(task: Promise<void>): Promise<void> {
    await task.catch(() => undefined)
  }

  async #bootLinux(): Promise<void> {
    const init = this.#kernel.machine.kernelCommandLine.split(' -- ')[1] ?? this.#kernel.machine.kernelCommandLine
    if (/(?:^|\s)-e 1(?:\s|$)/.test(init)) await this.#readEntropy()
    if (/vsockexec\b.*\s-[eo] 109\b/.test(init)) {
      // A host that takes no log only misses it. The wrapper's reconnect mode goes on trying.
      const service = vsockServiceId(LCOW_LOG_PORT)
      await this.#log.open(service)
      if (RECONNECTS_LOG.test(init)) void this.#ignoring(this.#log.keepOpen(service))
    }
    await this.#keepBridge(this.#bridgeService, true)
  }

  get #bridgeService(): string {
    const usual = this.#kernel.os === 'linux' ? vsockServiceId(LCOW_BRIDGE_PORT) : WCOW_BRIDGE_SERVICE
    return this.#kernel.machine.bridgeService ?? usual
  }

  async #bootWindows(): Promise<void> {
    // Without a listener at boot the Windows guest service uses another channel and never comes here.
    await this.#keepBridge(this.#bridgeService, false)
  }

  async #keepBridge(serviceId: string, insists: boolean): Promise<void> {
    let known = insists
    while (!this.#kernel.stopped) {
      await this.#kernel.gate.pass()
      const stream = await this.#dial(serviceId)
      if (stream !== undefined) {
        known = true
        this.#kernel.say('info', 'bridge connected, serving')
        await this.#bridge.serve(stream)
      } else if (!known) return
      await this.#kernel.sleep(REDIAL_MS)
    }
  }

  #dial(serviceId: string): Promise<Duplex | undefined> {
    return this.#kernel.dial(serviceId).catch(() => undefined)
  }

  /** Reads to the end; a host that serves none, or breaks off, only earns a warning. */
  async #readEntropy(): Promise<void> {
    const stream = await this.#dial(vsockServiceId(LCOW_ENTROPY_PORT))
    if (stream === undefined) return
    await new Promise<void>((resolve) => {
      for (const event of ['end', 'error', 'close']) stream.once(event, resolve)
      stream.resume()
    })
    stream.destroy()
  }

  shutdown(): void {
    this.#kernel.powerOff()
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

  capture(): GuestState {
    return { kernel: this.#kernel.capture(), service: this.#service.capture(), bridge: this.#bridge.capture() }
  }

  arrive(state: unknown): void {
    try {
      const { kernel, service, bridge } = state as GuestState
      this.#kernel.restore(kernel)
      this.#service.restore(service)
      this.#bridge.restore(bridge)
    } catch {
      // What came is no state of such a guest: it goes on with what it has.
    }
    void this.#ignoring(this.#reconnect())
  }

  /** Entropy is served once, at boot; the log comes back in the wrapper's reconnect mode only; the bridge always does. */
  async #reconnect(): Promise<void> {
    const isLinux = this.#kernel.os === 'linux'
    if (isLinux && RECONNECTS_LOG.test(this.#kernel.machine.kernelCommandLine)) {
      void this.#ignoring(this.#log.keepOpen(vsockServiceId(LCOW_LOG_PORT)))
    }
    await this.#keepBridge(this.#bridgeService, true)
  }

  async stop(): Promise<void> {
    this.#service.stop()
    this.#kernel.stop()
    await this.#kernel.breathe()
  }
}
