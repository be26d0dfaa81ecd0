// The Linux guest service: what it answers to each request. The order of the checks is that of the real guest: documents first, then the
// container, then the process, then the act.

import { foldedMember as member } from '../../../../protocol/bridge/folding.js'
import type { RpcHandlers } from '../bridge-server.js'
import {
  decodeAs,
  decodeNested,
  flagOf,
  integerOf,
  invalidJson,
  objectOf,
  optionalObject,
  textOf,
  textsOf,
  textTableOf,
  type Document,
} from '../decode.js'
import { AgentPanic, GUEST, GuestFault } from '../fault.js'
import type { GuestKernel } from '../kernel.js'
import type { SimulatedProcess } from '../process.js'
import { ProcessTable, type Launch, type SavedProcess } from '../process-table.js'
import { splitCommandLine } from './command-line.js'
import type { GuestService } from '../service.js'
import { stackDump } from '../stack-dump.js'
import { closeStreams, connectStreams, streamAddresses } from '../stdio-sockets.js'
import { isUvm, type SavedContainer } from './container.js'
import { LinuxContainers } from './containers.js'
import { DEFAULT_PATH, startProblem } from './executables.js'
import { modifyLinux } from './modify.js'
import { getLinuxProperties } from './properties.js'
import { runLinuxCommand } from './run.js'
import { SIGKILL, SIGTERM, UNKNOWN_EXIT } from './signals.js'
import { LinuxView } from './view.js'

const U16 = 0xffff

const CAPABILITIES: Document = {
  SupportedSchemaVersions: [{ Major: 2, Minor: 1 }],
  RuntimeOsType: 'Linux',
  GuestDefinedCapabilities: {
    NamespaceAddRequestSupported: true,
    SignalProcessSupported: true,
    DumpStacksSupported: true,
    DeleteContainerStateSupported: true,
  },
}

interface SavedService {
  containers: SavedContainer[]
  processes: SavedProcess[]
}

export class LinuxService implements GuestService {
  readonly capabilities = CAPABILITIES
  readonly handlers: RpcHandlers
  readonly #kernel: GuestKernel
  readonly #containers: LinuxContainers
  readonly #uvm: ProcessTable

  constructor(kernel: GuestKernel, notify: (body: Document) => void) {
    this.#kernel = kernel
    this.#containers = new LinuxContainers(kernel, notify)
    this.#uvm = new ProcessTable(kernel, () => UNKNOWN_EXIT)
    this.handlers = {
      Create: (request) => this.#containers.create(request),
      // Nothing starts here: the first process does that.
      Start: () => ({}),
      ShutdownGraceful: (request) => this.#shutDown(request, SIGTERM),
      ShutdownForced: (request) => this.#shutDown(request, SIGKILL),
      ExecuteProcess: (request) => this.#execute(request),
      WaitForProcess: (request) => this.#wait(request),
      SignalProcess: (request) => this.#signal(request),
      ResizeConsole: (request) => this.#resize(request),
      GetProperties: (request) => getLinuxProperties(kernel, this.#containers, request),
      ModifySettings: (request) => modifyLinux(kernel, this.#containers, request),
      DumpStacks: () => ({ GuestStacks: this.#dump() }),
      DeleteContainerState: (request) => this.#containers.delete(request),
    }
  }

  #shutDown(request: Document, signal: typeof SIGTERM | typeof SIGKILL): Document {
    if (isUvm(textOf(request, 'ContainerId'))) this.#kernel.powerOff()
    else this.#containers.of(request).shutDown(signal)
    return {}
  }

  async #execute(request: Document): Promise<Document> {
    const settings = objectOf(request, 'Settings')
    const parameters = decodeAs(
      'GuestSideProcessParameters',
      decodeNested(settings, 'ProcessParameters'),
      'ProcessParameters',
    )
    const relay = optionalObject(settings, 'VsockStdioRelaySettings') ?? {}
    const addresses = streamAddresses(this.#kernel, parameters, relay)
    if (!isUvm(textOf(request, 'ContainerId')) && !flagOf(parameters, 'CreateInUtilityVM')) {
      return { ProcessId: await this.#containers.of(request).execute(parameters, addresses) }
    }
    const launch = this.#launch(parameters)
    const streams = await connectStreams(this.#kernel, addresses)
    try {
      await this.#checkStart(parameters)
    } catch (error) {
      closeStreams(streams)
      throw error
    }
    const { pid } = this.#uvm.start(launch, streams)
    this.#kernel.say('debug', 'created process pid', { pid })
    return { ProcessId: pid }
  }

  /** @throws {GuestFault} the kernel would not start it */
  async #checkStart(parameters: Document): Promise<void> {
    const { args, cwd } = commandOf(parameters)
    const view = new LinuxView(this.#kernel, undefined, () => this.#uvm.all())
    const problem = await startProblem({ view, cwd, path: DEFAULT_PATH }, args)
    if (problem !== undefined) {
      throw new GuestFault(GUEST.failed, `failed to call Start for external process: ${problem}`)
    }
  }

  /** A process of the UVM itself. @throws {GuestFault} */
  #launch(parameters: Document): Launch {
    const command = commandOf(parameters)
    const { args } = command
    return {
      parameters,
      command: args.join(' '),
      hasTerminal: flagOf(parameters, 'EmulateConsole'),
      run: (process) => ({
        output: 'direct',
        program: (io) => {
          const processes = (): SimulatedProcess[] => this.#uvm.all()
          return runLinuxCommand({ kernel: this.#kernel, container: undefined, processes, command, process, io })
        },
      }),
    }
  }

  #process(request: Document): SimulatedProcess {
    if (isUvm(textOf(request, 'ContainerId'))) return this.#uvm.find(request)
    return this.#containers.of(request).process(integerOf(request, 'ProcessId'))
  }

  async #wait(request: Document): Promise<Document> {
    const timeoutMs = integerOf(request, 'TimeoutInMs')
    integerOf(request, 'ProcessId')
    return { ExitCode: await this.#process(request).wait(this.#kernel, timeoutMs) }
  }

  /** The UVM is no container: its own processes cannot be signalled, nor their terminals resized. */
  #signal(request: Document): Document {
    const options = optionalObject(request, 'Options')
    const pid = integerOf(request, 'ProcessId')
    const stated = member(options, 'Signal')
    const signal = stated == null || stated === 0 ? SIGKILL : stated
    if (typeof signal !== 'number' || !Number.isInteger(signal)) throw invalidJson('Signal is not an integer')
    this.#containers.of(request).signal(pid, signal)
    return {}
  }

  #resize(request: Document): Document {
    const [rows, columns] = [integerOf(request, 'Height', U16), integerOf(request, 'Width', U16)]
    const pid = integerOf(request, 'ProcessId')
    const process = this.#containers.of(request).process(pid)
    if (!process.hasTerminal) throw new GuestFault(GUEST.failed, `process ${pid} has no terminal`)
    if (process.terminal !== undefined) process.terminal.size = { rows, columns }
    return {}
  }

  #dump(): string {
    return stackDump([
      ...this.#uvm.all().map((process) => ({ process, where: '' })),
      ...this.#containers
        .all()
        .flatMap((container) =>
          container.running().map((process) => ({ process, where: ` in container ${container.id}` })),
        ),
    ])
  }

  stop(): void {
    for (const process of this.#uvm.all()) process.signal(SIGKILL)
    for (const container of this.#containers.all()) for (const process of container.running()) process.signal(SIGKILL)
  }

  capture(): SavedService {
    return { containers: this.#containers.capture(), processes: this.#uvm.capture() }
  }

  restore(state: unknown): void {
    const { containers, processes } = state as SavedService
    this.#containers.restore(containers)
    this.#uvm.restore(processes, (parameters) => this.#launch(parameters))
  }
}

/** What to run in the utility VM. @throws {GuestFault} a line that cannot be split @throws {AgentPanic} nothing to run */
function commandOf(parameters: Document): { args: string[]; env: Map<string, string>; cwd: string } {
  const given = textsOf(parameters, 'CommandArgs')
  const args = given.length > 0 ? given : argumentsOf(textOf(parameters, 'CommandLine'))
  if (args.length === 0) throw new AgentPanic('index out of range [0] with length 0')
  return {
    args,
    env: textTableOf(parameters, 'Environment'),
    cwd: textOf(parameters, 'WorkingDirectory') || '/',
  }
}

/** @throws {GuestFault} it cannot be split */
function argumentsOf(line: string): string[] {
  const args = splitCommandLine(line)
  if (args !== undefined) return args
  const reason = `failed to parse command line string ${JSON.stringify(line)}: invalid command line string`
  throw new GuestFault(GUEST.failed, reason)
}
