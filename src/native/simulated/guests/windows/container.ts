// One container of a Windows guest: created → running → terminated. Its silo runs from Start until it is shut down, whatever its processes do.

import { foldedMember as member } from '../../../../protocol/bridge/folding.js'
import { isRecord } from '../../../../protocol/json.js'
import { flagOf, objectsOf, optionalObject, textOf, type Document } from '../decode.js'
import { GUEST, GuestFault } from '../fault.js'
import type { GuestKernel } from '../kernel.js'
import { ProcessTable, type SavedProcess } from '../process-table.js'
import { connectStreams, type StreamAddresses } from '../stdio-sockets.js'
import type { MappedDirectory } from './view.js'
import { KILLED_BY_CONSOLE, TERMINATED, windowsLaunch, windowsSignalCode } from './run.js'

export interface SavedWindowsContainer {
  id: string
  activity: string
  siloId: string
  hosted: Document
  state: WindowsContainer['state']
  memoryMB: number | undefined
  processors: number | undefined
  mappedDirectories: MappedDirectory[]
  processes: SavedProcess[]
}

interface Options {
  readonly kernel: GuestKernel
  readonly id: string
  readonly activity: string
  /** GUID that the host needs to redirect HvSocket traffic. */
  readonly siloId: string
  /** The HostedSystem it was created from. */
  readonly hosted: Document
  notify(body: Document): void
}

export class WindowsContainer {
  readonly id: string
  readonly siloId: string
  readonly processes: ProcessTable
  state: 'created' | 'running' | 'terminated' = 'created'
  readonly hostname: string
  /** In the guest; '' when it has none. */
  readonly rootPath: string
  readonly networkNamespace: string
  readonly mappedDirectories: MappedDirectory[]
  /** Undefined: that of the guest. */
  memoryMB: number | undefined
  processors: number | undefined
  readonly createdMs: number
  readonly #options: Options

  constructor(options: Options) {
    this.#options = options
    this.id = options.id
    this.siloId = options.siloId
    this.processes = new ProcessTable(options.kernel, windowsSignalCode)
    this.createdMs = options.kernel.uptimeMs()
    const container = optionalObject(options.hosted, 'Container') ?? {}
    const part = (name: string): Document => optionalObject(container, name) ?? {}
    this.hostname = textOf(part('GuestOs'), 'HostName')
    this.rootPath = textOf(part('Storage'), 'Path')
    this.networkNamespace = textOf(part('Networking'), 'Namespace').toLowerCase()
    this.mappedDirectories = objectsOf(container, 'MappedDirectories').map(readMappedDirectory)
    this.memoryMB = positive(member(part('Memory'), 'SizeInMB'))
    this.processors = positive(member(part('Processor'), 'Count'))
  }

  /** @throws {GuestFault} it is running, or over */
  start(): void {
    if (this.state === 'terminated') throw new GuestFault(GUEST.systemAlreadyStopped)
    if (this.state === 'running') throw new GuestFault(GUEST.invalidState, 'the container is running')
    this.state = 'running'
  }

  /** @throws {GuestFault} it is not running */
  requireRunning(): void {
    if (this.state === 'terminated') throw new GuestFault(GUEST.systemAlreadyStopped)
    if (this.state === 'created') throw new GuestFault(GUEST.invalidState, 'the container is not started')
  }

  /** Starts a process. Answers its pid. @throws {GuestFault} */
  async execute(parameters: Document, addresses: StreamAddresses): Promise<number> {
    this.requireRunning()
    const { kernel } = this.#options
    const launch = windowsLaunch(kernel, parameters, this, () => this.processes.all())
    const streams = await connectStreams(kernel, addresses)
    return this.processes.start(launch, streams).pid
  }

  /** The silo ends with its processes; the host is told once they are gone. @throws {GuestFault} it is over */
  shutDown(isForced: boolean): void {
    if (this.state === 'terminated') throw new GuestFault(GUEST.systemAlreadyStopped)
    this.state = 'terminated'
    const { id, activity, kernel, notify } = this.#options
    const code = isForced ? TERMINATED : KILLED_BY_CONSOLE
    for (const process of this.processes.all()) process.kill.kill(code)
    const body: Document = {
      ContainerId: id,
      ActivityId: activity,
      Type: isForced ? 'ForcedExit' : 'GracefulExit',
      Operation: isForced ? 'Terminate' : 'Shutdown',
      Result: 0,
      ResultInfo: JSON.stringify({ ExitCode: isForced ? TERMINATED : 0 }),
    }
    void kernel.turn().then(() => notify(body))
  }

  /** The memory of it is gone, and so is what ran. */
  delete(): void {
    this.state = 'terminated'
    for (const process of this.processes.all()) process.kill.kill(TERMINATED)
  }

  capture(): SavedWindowsContainer {
    const { id, activity, siloId, hosted } = this.#options
    const { state, memoryMB, processors, mappedDirectories } = this
    const processes = this.processes.capture()
    return { id, activity, siloId, hosted, state, memoryMB, processors, mappedDirectories, processes }
  }

  static restore(options: Pick<Options, 'kernel' | 'notify'>, saved: SavedWindowsContainer): WindowsContainer {
    const container = new WindowsContainer({ ...options, ...saved })
    container.state = saved.state
    container.memoryMB = saved.memoryMB
    container.processors = saved.processors
    container.mappedDirectories.splice(0, Infinity, ...saved.mappedDirectories)
    container.processes.restore(saved.processes, (parameters) =>
      windowsLaunch(options.kernel, parameters, container, () => container.processes.all()),
    )
    return container
  }
}

export function readMappedDirectory(directory: Document): MappedDirectory {
  return {
    HostPath: textOf(directory, 'HostPath'),
    ContainerPath: textOf(directory, 'ContainerPath'),
    ReadOnly: flagOf(directory, 'ReadOnly'),
  }
}

function positive(value: unknown): number | undefined {
  const number = Number(value ?? 0)
  return number > 0 ? number : undefined
}

/** The HostedSystem of a Create: as it is, or within the document of a confidential host. */
export function hostedSystemOf(document: Document): Document {
  const inner = member(document, 'CWCOWHostedSystem')
  return isRecord(inner) ? inner : document
}
