// The Windows guest service: what it answers to each request.

import { NULL_GUID } from '../../../../protocol/guid.js'
import type { RpcName } from '../../../../protocol/bridge/header.js'
import { foldedMember as member } from '../../../../protocol/bridge/folding.js'
import { isRecord } from '../../../../protocol/json.js'
import type { RpcHandler, RpcHandlers } from '../bridge-server.js'
import {
  decodeAs,
  decodeNested,
  integerOf,
  invalidJson,
  objectOf,
  optionalObject,
  textOf,
  type Document,
} from '../decode.js'
import { GUEST, GuestFault } from '../fault.js'
import type { GuestKernel } from '../kernel.js'
import type { LogSender } from '../log-sender.js'
import { ProcessTable, type SavedProcess } from '../process-table.js'
import type { GuestService } from '../service.js'
import { stackDump } from '../stack-dump.js'
import { connectStreams, streamAddresses } from '../stdio-sockets.js'
import { hostedSystemOf, WindowsContainer, type SavedWindowsContainer } from './container.js'
import { COMPUTE_PROVIDER, LogForwarding, type SavedForwarding } from './log-forwarding.js'
import { modifyWindows, modifyWindowsContainer } from './modify.js'
import { queriedTypes, windowsProperties } from './properties.js'
import { KILLED_BY_CONSOLE, TERMINATED, windowsLaunch, windowsSignalCode } from './run.js'

const U16 = 0xffff
const CONSOLE_EVENTS: ReadonlySet<string> = new Set(['CtrlC', 'CtrlBreak', 'CtrlClose', 'CtrlLogOff', 'CtrlShutdown'])
/** Says that a process is gone, which is no failure worth an entry in the log. */
const QUIET: ReadonlySet<RpcName> = new Set(['WaitForProcess', 'DumpStacks', 'ModifyServiceSettings'])

const CAPABILITIES: Document = {
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

interface SavedService {
  containers: SavedWindowsContainer[]
  processes: SavedProcess[]
  forwarding: SavedForwarding
  isCreated: boolean
}

export class WindowsService implements GuestService {
  readonly capabilities = CAPABILITIES
  readonly handlers: RpcHandlers
  readonly #kernel: GuestKernel
  readonly #notify: (body: Document) => void
  readonly #forwarding: LogForwarding
  readonly #uvm: ProcessTable
  readonly #containers = new Map<string, WindowsContainer>()
  /** The host create message came. */
  #isCreated = false

  constructor(kernel: GuestKernel, notify: (body: Document) => void, log: LogSender) {
    this.#kernel = kernel
    this.#notify = notify
    this.#forwarding = new LogForwarding(kernel, log)
    this.#uvm = new ProcessTable(kernel, windowsSignalCode)
    this.handlers = this.#logged({
      Create: (request) => this.#create(request),
      Start: (request) => this.#start(request),
      ShutdownGraceful: (request) => this.#shutDown(request, false),
      ShutdownForced: (request) => this.#shutDown(request, true),
      ExecuteProcess: (request) => this.#execute(request),
      WaitForProcess: (request) => this.#wait(request),
      SignalProcess: (request) => this.#signal(request),
      ResizeConsole: (request) => this.#resize(request),
      GetProperties: (request) => this.#properties(request),
      ModifySettings: (request) => this.#modify(request),
      DumpStacks: () => ({ GuestStacks: this.#dump() }),
      DeleteContainerState: (request) => this.#delete(request),
      ModifyServiceSettings: (request) => this.#forwarding.modify(request),
    })
  }

  /** Each request leaves an entry in the guest's event log. */
  #logged(handlers: RpcHandlers): RpcHandlers {
    const wrapped = Object.entries(handlers).map(([name, handler]): [string, RpcHandler] => [
      name,
      async (request) => {
        try {
          const answer = await handler(request)
          if (!QUIET.has(name as RpcName)) this.#event('information', `${name} ${textOf(request, 'ContainerId')} done`)
          return answer
        } catch (error) {
          this.#event('error', `${name} failed: ${error instanceof Error ? error.message : String(error)}`)
          throw error
        }
      },
    ])
    return Object.fromEntries(wrapped)
  }

  #event(level: 'information' | 'error', message: string): void {
    this.#forwarding.event(COMPUTE_PROVIDER, level, message)
  }

  // ------------------------------------------------------------------------------------------------------------ containers

  #create(request: Document): Document {
    const id = textOf(request, 'ContainerId')
    const document = decodeNested(request, 'ContainerConfig')
    if (id === NULL_GUID) return this.#createHost(document)
    const isWrapped = isRecord(member(document, 'CWCOWHostedSystem'))
    decodeAs(isWrapped ? 'CWCOWHostedSystem' : 'HostedSystem', document, 'ContainerConfig', !isWrapped)
    const hosted = hostedSystemOf(document)
    if (optionalObject(hosted, 'Container') === undefined) throw invalidJson('the document has no Container')
    if (id === '') throw new GuestFault(GUEST.invalidArgument, 'a container needs an id')
    if (this.#containers.has(id)) throw new GuestFault(GUEST.systemAlreadyExists)
    const activity = textOf(request, 'ActivityId')
    const siloId = this.#newGuid()
    const options = { kernel: this.#kernel, id, activity, siloId, hosted, notify: this.#notify }
    this.#containers.set(id, new WindowsContainer(options))
    return {}
  }

  /** The host create message: it brings the time zone. */
  #createHost(document: Document): Document {
    decodeAs('UvmConfig', document, 'ContainerConfig', true)
    if (textOf(document, 'SystemType') !== 'Container') throw invalidJson('SystemType is not Container')
    const zone = optionalObject(document, 'TimeZoneInformation')
    if (zone !== undefined) this.#kernel.timeZone = textOf(zone, 'StandardName') || this.#kernel.timeZone
    if (this.#isCreated) throw new GuestFault(GUEST.systemAlreadyExists)
    this.#isCreated = true
    return {}
  }

  #newGuid(): string {
    const digits = Array.from({ length: 32 }, () => Math.floor(this.#kernel.random() * 16).toString(16)).join('')
    return [8, 12, 16, 20].reduceRight((text, at) => `${text.slice(0, at)}-${text.slice(at)}`, digits)
  }

  #container(request: Document): WindowsContainer {
    const container = this.#containers.get(textOf(request, 'ContainerId'))
    if (container === undefined) throw new GuestFault(GUEST.systemNotFound)
    return container
  }

  #start(request: Document): Document {
    if (textOf(request, 'ContainerId') === NULL_GUID) {
      if (!this.#isCreated) throw new GuestFault(GUEST.systemNotFound)
    } else this.#container(request).start()
    return {}
  }

  #shutDown(request: Document, isForced: boolean): Document {
    if (textOf(request, 'ContainerId') === NULL_GUID) this.#kernel.powerOff()
    else this.#container(request).shutDown(isForced)
    return {}
  }

  #delete(request: Document): Document {
    const container = this.#container(request)
    this.#containers.delete(container.id)
    container.delete()
    return {}
  }

  #properties(request: Document): Document {
    const types = queriedTypes(request)
    const isUvm = textOf(request, 'ContainerId') === NULL_GUID
    const container = isUvm ? undefined : this.#container(request)
    const processes = (container?.processes ?? this.#uvm).all().filter(({ exitCode }) => exitCode === undefined)
    return { Properties: JSON.stringify(windowsProperties(this.#kernel, container, processes, types)) }
  }

  #modify(request: Document): Promise<Document> | Document {
    if (textOf(request, 'ContainerId') === NULL_GUID) return modifyWindows(this.#kernel, request)
    return modifyWindowsContainer(this.#container(request), request)
  }

  // ------------------------------------------------------------------------------------------------------------- processes

  /** The processes of the system that a request addresses. */
  #table(request: Document): ProcessTable {
    return textOf(request, 'ContainerId') === NULL_GUID ? this.#uvm : this.#container(request).processes
  }

  async #execute(request: Document): Promise<Document> {
    const settings = objectOf(request, 'Settings')
    const parameters = decodeAs(
      'ProcessParameters',
      decodeNested(settings, 'ProcessParameters'),
      'ProcessParameters',
      true,
    )
    const addresses = streamAddresses(this.#kernel, parameters, optionalObject(settings, 'StdioRelaySettings') ?? {})
    if (textOf(request, 'ContainerId') !== NULL_GUID) {
      return { ProcessId: await this.#container(request).execute(parameters, addresses) }
    }
    const launch = this.#launch(parameters)
    return { ProcessId: this.#uvm.start(launch, await connectStreams(this.#kernel, addresses)).pid }
  }

  #launch(parameters: Document): ReturnType<typeof windowsLaunch> {
    return windowsLaunch(this.#kernel, parameters, undefined, () => this.#uvm.all())
  }

  async #wait(request: Document): Promise<Document> {
    const timeoutMs = integerOf(request, 'TimeoutInMs')
    return { ExitCode: await this.#table(request).find(request).wait(this.#kernel, timeoutMs) }
  }

  /** A console event by name; without options the process is terminated. */
  #signal(request: Document): Document {
    const options = optionalObject(request, 'Options')
    const event = options === undefined ? undefined : member(options, 'Signal')
    if (event !== undefined && !(typeof event === 'string' && CONSOLE_EVENTS.has(event))) {
      throw invalidJson('Signal is no console event')
    }
    const process = this.#table(request).find(request)
    if (process.exitCode !== undefined) throw new GuestFault(GUEST.notFound, `process ${process.pid} has exited`)
    process.kill.kill(event === undefined ? TERMINATED : KILLED_BY_CONSOLE)
    return {}
  }

  #resize(request: Document): Document {
    const [rows, columns] = [integerOf(request, 'Height', U16), integerOf(request, 'Width', U16)]
    const process = this.#table(request).find(request)
    if (!process.hasTerminal) throw new GuestFault(GUEST.failed, `process ${process.pid} has no terminal`)
    if (process.terminal !== undefined) process.terminal.size = { rows, columns }
    return {}
  }

  #dump(): string {
    return stackDump([
      ...this.#uvm.all().map((process) => ({ process, where: '' })),
      ...[...this.#containers.values()].flatMap(({ id, processes }) =>
        processes.all().map((process) => ({ process, where: ` in container ${id}` })),
      ),
    ])
  }

  // ----------------------------------------------------------------------------------------------------------------- state

  stop(): void {
    for (const process of this.#uvm.all()) process.kill.kill(TERMINATED)
    for (const container of this.#containers.values()) container.delete()
  }

  capture(): SavedService {
    return {
      containers: [...this.#containers.values()].map((container) => container.capture()),
      processes: this.#uvm.capture(),
      forwarding: this.#forwarding.capture(),
      isCreated: this.#isCreated,
    }
  }

  restore(state: unknown): void {
    const { containers, processes, forwarding, isCreated } = state as SavedService
    this.#isCreated = isCreated
    const options = { kernel: this.#kernel, notify: this.#notify }
    for (const saved of containers) this.#containers.set(saved.id, WindowsContainer.restore(options, saved))
    this.#uvm.restore(processes, (parameters) => this.#launch(parameters))
    this.#forwarding.restore(forwarding)
  }
}
