// One container of a Linux guest: creating → created → running → terminated. Its init process exists from the beginning and starts to run
// with the first ExecuteProcess; what else runs in it dies with init.

import { NULL_GUID } from '../../../../protocol/guid.js'
import { optionalObject, type Document } from '../decode.js'
import { GUEST, GuestFault } from '../fault.js'
import type { GuestKernel } from '../kernel.js'
import { SimulatedProcess, type ProcessIo } from '../process.js'
import { closeStreams, connectStreams, type StreamAddresses, type Streams } from '../stdio-sockets.js'
import { readContainerSpec, readOciProcess, type ContainerSpec, type OciCommand } from './container-document.js'
import { startProblem } from './executables.js'
import { isDirectory } from './files.js'
import { runLinuxCommand } from './run.js'
import { endsProcess, isSignal, SIGKILL, SIGNAL_EXIT_BASE, SIGTERM } from './signals.js'
import { LinuxView } from './view.js'

export type ContainerState = 'creating' | 'created' | 'running' | 'terminated'
export type ExitNotification = 'UnexpectedExit' | 'GracefulExit' | 'ForcedExit'

const containerSignalCode = (signal: number): number => SIGNAL_EXIT_BASE + signal

/** A container as plain data, for a machine that moves to another host. */
export interface SavedContainer {
  id: string
  activity: string
  document: Document
  resources: Document
  state: ContainerState
  exitType: ExitNotification
  hasNotified: boolean
  isBroken: boolean
  init: { pid: number; exitCode: number | undefined; addresses: StreamAddresses }
  processes: { pid: number; exitCode: number | undefined; parameters: Document }[]
}

export interface ContainerOptions {
  readonly kernel: GuestKernel
  readonly id: string
  /** ActivityId of its Create; the exit notification repeats it. */
  readonly activity: string
  readonly document: Document
  notify(body: Document): void
}

export class LinuxContainer {
  readonly id: string
  readonly spec: ContainerSpec
  state: ContainerState = 'creating'
  /** Its own or its pod's, lower case; '' when it shares the guest's. */
  networkNamespace: string
  /** OCI resources in force: what it was created with, changed by its constraints. */
  resources: Document
  readonly #options: ContainerOptions
  readonly #init: SimulatedProcess
  /** All of them, init included, until they are forgotten. */
  readonly #processes = new Map<number, SimulatedProcess>()
  /** How the processes besides init were started. */
  readonly #parameters = new Map<number, Document>()
  #initAddresses: StreamAddresses = {}
  #startedMs: number | undefined
  #endedMs: number | undefined
  /** Highest memory usage that was looked at. */
  peakMemoryBytes = 0
  #exitType: ExitNotification = 'UnexpectedExit'
  #hasNotified = false
  #isDeleted = false
  /** Its init was started a second time: the runtime has lost its way to it. */
  #isBroken = false

  /** @throws {GuestFault} a specification that cannot be used */
  constructor(options: ContainerOptions, initPid: number) {
    this.#options = options
    this.id = options.id
    this.spec = readContainerSpec(options.document)
    this.resources = this.spec.resources
    this.networkNamespace = this.spec.networkNamespace
    this.#init = this.#addProcess(initPid, this.spec.process, () => this.#initObtained())
  }

  get init(): SimulatedProcess {
    return this.#init
  }

  /** Processes that run, init first. */
  running(): SimulatedProcess[] {
    return [...this.#processes.values()].filter((process) => process.exitCode === undefined)
  }

  /** How long it has been running, or ran. */
  ranMs(): number {
    const { kernel } = this.#options
    return this.#startedMs === undefined ? 0 : (this.#endedMs ?? kernel.uptimeMs()) - this.#startedMs
  }

  #addProcess(pid: number, command: OciCommand, onObtained: () => void): SimulatedProcess {
    const { args, hasTerminal, terminalSize } = command
    const process = new SimulatedProcess({
      pid,
      command: args.join(' '),
      hasTerminal,
      terminalSize,
      isFirst: this.#processes.size === 0 && this.spec.namespaces.has('pid'),
      signalCode: containerSignalCode,
      onObtained,
    })
    this.#processes.set(pid, process)
    return process
  }

  /** ExecuteProcess: init without an OciProcess, one more process with it. Answers the pid. @throws {GuestFault} */
  async execute(parameters: Document, addresses: StreamAddresses): Promise<number> {
    const oci = optionalObject(parameters, 'OciProcess')
    const command = oci === undefined ? this.spec.process : readOciProcess(oci)
    const streams = await connectStreams(this.#options.kernel, addresses)
    try {
      if (oci === undefined) return this.#startInit(streams, addresses)
      await this.#checkExec(command)
    } catch (error) {
      closeStreams(streams)
      throw error
    }
    const pid = this.#options.kernel.nextPid()
    this.#parameters.set(pid, parameters)
    const process = this.#addProcess(pid, command, () => this.#forget(pid))
    void process.run(this.#options.kernel, {
      streams,
      output: 'relayed',
      program: (io) => this.#program(process, this.#inherits(command), io),
    })
    return pid
  }

  /** Also before init was started. @throws {GuestFault} nothing can be started in it, or not this */
  async #checkExec({ args, env, cwd }: OciCommand): Promise<void> {
    const { kernel } = this.#options
    const view = new LinuxView(kernel, this, () => [])
    const hasRoot = await isDirectory(kernel, this.spec.rootPath)
    const problem = hasRoot
      ? await startProblem({ view, cwd, path: env.get('PATH') }, args)
      : 'no such file or directory'
    const refuse = (reason: string): never => {
      throw new GuestFault(
        GUEST.failed,
        `runc create/exec call for container ${this.id} failed: exit status 255: exec failed: ${reason}`,
      )
    }
    if (this.state === 'terminated' || this.#isDeleted) refuse('cannot exec in a stopped container')
    if (this.#isBroken) refuse('no such file or directory')
    if (problem !== undefined) refuse(`unable to start container process: ${problem}`)
  }

  /** Without a user of its own a process runs as the container's. */
  #inherits(command: OciCommand): OciCommand {
    const { user, uid, gid } = this.spec.process
    return command.user === undefined && user !== undefined ? { ...command, user, uid, gid } : command
  }

  #program(process: SimulatedProcess, command: OciCommand, io: ProcessIo): Promise<number> {
    const { kernel } = this.#options
    return runLinuxCommand({ kernel, container: this, processes: () => this.running(), command, process, io })
  }

  #startInit(streams: Streams, addresses: StreamAddresses): number {
    if (this.state !== 'created') {
      this.#isBroken = true
      throw new GuestFault(
        GUEST.failed,
        `runc start failed: cannot start ${this.state === 'running' ? 'an already running' : 'a stopped'} container`,
      )
    }
    this.#runInit(streams, addresses)
    return this.#init.pid
  }

  #runInit(streams: Streams, addresses: StreamAddresses): void {
    const { kernel } = this.#options
    this.#initAddresses = addresses
    this.state = 'running'
    this.#startedMs = kernel.uptimeMs()
    const isOver = (): boolean => this.#isDeleted || this.#exitType === 'ForcedExit'
    const again = (address: string | undefined) =>
      address === undefined ? undefined : { isOver, dial: () => kernel.dial(address) }
    const [stdout, stderr] = [again(addresses.stdout), again(addresses.stderr)]
    void this.#init.run(kernel, {
      streams,
      output: 'relayed',
      redial: { ...(stdout && { stdout }), ...(stderr && { stderr }) },
      onExit: () => this.#initExited(),
      program: (io) => this.#program(this.#init, this.spec.process, io),
    })
  }

  /** The pid namespace dies with its first process. */
  #initExited(): void {
    this.state = 'terminated'
    this.#endedMs = this.#options.kernel.uptimeMs()
    for (const process of this.#processes.values()) if (process !== this.#init) process.signal(SIGKILL)
  }

  /** A wait has init's exit code and none is outstanding: the host is told, once. */
  #initObtained(): void {
    if (this.#hasNotified) return
    this.#hasNotified = true
    const { id, activity, notify } = this.#options
    notify({ ContainerId: id, ActivityId: activity, Type: this.#exitType, Operation: 'None', Result: 0 })
  }

  #forget(pid: number): void {
    this.#processes.delete(pid)
    this.#parameters.delete(pid)
  }

  /** @throws {GuestFault} no such process */
  process(pid: number): SimulatedProcess {
    const process = this.#processes.get(pid)
    if (process === undefined)
      throw new GuestFault(GUEST.notFound, `there is no process ${pid} in container ${this.id}`)
    return process
  }

  /** @throws {GuestFault} no such process, or no such signal */
  signal(pid: number, signal: number): void {
    const process = this.process(pid)
    if (!isSignal(signal)) throw new GuestFault(GUEST.failed, `signal ${signal}: invalid argument`)
    if (process.exitCode !== undefined) throw new GuestFault(GUEST.notFound, `process ${pid} has exited`)
    if (process === this.#init) {
      if (signal === SIGTERM) this.#exitType = 'GracefulExit'
      if (signal === SIGKILL) this.#exitType = 'ForcedExit'
    }
    if (!endsProcess(signal)) return
    if (process === this.#init && this.state === 'created') {
      this.#initExited()
      process.exited(containerSignalCode(signal))
    } else process.signal(signal)
  }

  /** Changes the limits of its control group. @throws {GuestFault} it has stopped */
  constrain(resources: Document): void {
    if (this.state === 'terminated') throw new GuestFault(GUEST.systemAlreadyStopped, 'the container is not running')
    this.resources = { ...this.resources, ...resources }
  }

  /** ShutdownGraceful sends SIGTERM to init, ShutdownForced SIGKILL. @throws {GuestFault} it has stopped */
  shutDown(signal: typeof SIGTERM | typeof SIGKILL): void {
    if (this.state === 'terminated') throw new GuestFault(GUEST.systemAlreadyStopped)
    this.signal(this.#init.pid, signal)
  }

  /** The memory of it is gone; what still ran is killed. */
  delete(): void {
    this.#isDeleted = true
    for (const process of this.running()) this.signal(process.pid, SIGKILL)
  }

  capture(): SavedContainer {
    const { id, activity, document } = this.#options
    const others = [...this.#processes.values()].filter((process) => process !== this.#init)
    return {
      id,
      activity,
      document,
      resources: this.resources,
      state: this.state,
      exitType: this.#exitType,
      hasNotified: this.#hasNotified,
      isBroken: this.#isBroken,
      init: { pid: this.#init.pid, exitCode: this.#init.exitCode, addresses: this.#initAddresses },
      processes: others.map(({ pid, exitCode }) => ({
        pid,
        exitCode,
        parameters: this.#parameters.get(pid) ?? {},
      })),
    }
  }

  /**
   * A container of a machine that moved here. What was running starts over under its pid: a program is code, which does not move. Only
   * init's output is connected again, as on a real guest.
   */
  static restore(
    options: Omit<ContainerOptions, 'id' | 'activity' | 'document'>,
    saved: SavedContainer,
  ): LinuxContainer {
    const container = new LinuxContainer({ ...options, ...saved }, saved.init.pid)
    container.resources = saved.resources
    container.#exitType = saved.exitType
    container.#hasNotified = saved.hasNotified
    container.#isBroken = saved.isBroken
    container.state = saved.state
    if (saved.init.exitCode !== undefined) container.#init.exited(saved.init.exitCode)
    else if (saved.state === 'running') container.#runInit({}, saved.init.addresses)
    for (const { pid, exitCode, parameters } of saved.processes) container.#resume(pid, exitCode, parameters)
    return container
  }

  #resume(pid: number, exitCode: number | undefined, parameters: Document): void {
    const command = readOciProcess(optionalObject(parameters, 'OciProcess') ?? {})
    this.#parameters.set(pid, parameters)
    const process = this.#addProcess(pid, command, () => this.#forget(pid))
    if (exitCode !== undefined) process.exited(exitCode)
    else {
      const program = (io: ProcessIo): Promise<number> => this.#program(process, this.#inherits(command), io)
      void process.run(this.#options.kernel, { streams: {}, output: 'relayed', program })
    }
  }
}

/** The id of the utility VM itself names no container. */
export function isUvm(id: string): boolean {
  return id === NULL_GUID
}
