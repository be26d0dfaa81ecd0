// A container as containerd has it: a task with its init and further processes, in a pod.

import { isNotExist, GuestRPCError, type ContainerHandle, type GuestProcessHandle, type schema } from 'uvm-actors'
import { TtrpcError } from 'uvm-ttrpc'
import { mkdir, rm, stat, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import type { Spec } from './bundle.js'
import { toStatus } from './failure.js'
import { guestDocument } from './guest-document.js'
import { mountAll, unmount, type HostMount } from './mounts.js'
import type { Pod } from './pod.js'
import { KILLED, TaskProcess } from './process.js'
import { startOrRefuse } from './simulated-programs.js'
import type { StdioRequest } from './stdio/open.js'

export interface TaskRequest {
  namespace: string
  id: string
  bundle: string
  rootfs: readonly HostMount[]
  stdio: StdioRequest
  spec: Spec
}

/** Whether the guests of this host run nothing but the programs that they bring. */
export interface TaskSurroundings {
  pod: Pod
  isSimulated: boolean
}

export class Task {
  readonly namespace: string
  readonly id: string
  readonly bundle: string
  readonly pod: Pod
  readonly init: TaskProcess
  readonly execs = new Map<string, TaskProcess>()
  /** The VM stands still. */
  isPaused = false
  readonly #container: ContainerHandle
  readonly #isSimulated: boolean
  readonly #undo: Undo

  /** @throws {TtrpcError} with nothing left behind */
  static async create(request: TaskRequest, { pod, isSimulated }: TaskSurroundings): Promise<Task> {
    const { namespace, id, bundle, rootfs, stdio, spec } = request
    const undo = new Undo()
    try {
      const root = join(bundle, 'rootfs')
      await mountAll(rootfs, root)
      if (rootfs.length > 0) undo.push(() => unmount(root))
      const { document, shares } = await guestDocument(id, spec, root, {
        isFolder: async (path) => {
          const found = await stat(path).catch(() => undefined)
          return found?.isDirectory() === true ? true : found?.isFile() === true ? false : undefined
        },
        folderOf: (file) => privateFolder(bundle, file, undo),
      })
      // Behind the shares, which are mounted in it.
      undo.push(() => deleteState(pod, id))
      for (const share of shares) undo.push(await pod.share(share))
      const init = await TaskProcess.open(stdio, { namespace, id })
      undo.push(() => init.release())
      const create = (process: schema.OciProcess): Promise<ContainerHandle> =>
        pod.guest.createContainer(id, { ...document, OciSpecification: { ...document.OciSpecification, process } })
      const process = spec.process ?? {}
      const container = await (isSimulated ? startOrRefuse(process, root, create) : create(process))
      undo.push(() => end(container))
      return new Task(request, pod, init, container, undo, isSimulated)
    } catch (error) {
      await undo.run()
      throw toStatus(error)
    }
  }

  private constructor(
    { namespace, id, bundle }: TaskRequest,
    pod: Pod,
    init: TaskProcess,
    container: ContainerHandle,
    undo: Undo,
    isSimulated: boolean,
  ) {
    this.namespace = namespace
    this.id = id
    this.bundle = bundle
    this.pod = pod
    this.init = init
    this.#container = container
    this.#undo = undo
    this.#isSimulated = isSimulated
  }

  /** @throws {TtrpcError} NOT_FOUND */
  process(execId: string): TaskProcess {
    const found = execId === '' ? this.init : this.execs.get(execId)
    if (found === undefined) throw new TtrpcError('NOT_FOUND', `the container ${this.id} has no process ${execId}`)
    return found
  }

  async start(): Promise<void> {
    await this.init.start(async (pipes) => {
      await this.#container.start()
      return this.#container.createProcess(pipes)
    })
    // Nothing of a container outlives its init.
    void this.init.exited.then(() => {
      for (const exec of this.execs.values()) exec.ended(KILLED)
    })
  }

  async startExec(exec: TaskProcess, process: schema.OciProcess): Promise<void> {
    if (this.init.state !== 'running')
      throw new TtrpcError(
        'FAILED_PRECONDITION',
        `the container ${this.id} is ${this.init.state}; a running one is needed`,
      )
    await exec.start((pipes) => {
      const run = (OciProcess: schema.OciProcess): Promise<GuestProcessHandle> =>
        this.#container.createProcess({ ...pipes, OciProcess: { ...OciProcess, terminal: pipes.EmulateConsole } })
      return this.#isSimulated ? startOrRefuse(process, join(this.bundle, 'rootfs'), run) : run(process)
    })
  }

  /** @param signal as Linux numbers them */
  async kill(execId: string, signal: number, all: boolean): Promise<void> {
    const target = this.process(execId)
    // One that was never started hears no signal: it is ended.
    if (target.state === 'created') {
      target.ended(128 + signal)
      return
    }
    await target.signal(signal)
    if (all)
      await Promise.allSettled(
        [...this.execs.values()].filter(({ state }) => state === 'running').map((exec) => exec.signal(signal)),
      )
  }

  async update(resources: unknown): Promise<void> {
    await this.#container.update(resources)
  }

  /** Its control group's counters, as the guest tells them; undefined when it tells none. */
  async metrics(): Promise<unknown> {
    const properties = (await this.#container.propertiesV2(['Statistics'])) as { LCOWMetrics?: unknown }
    return properties.LCOWMetrics
  }

  /** Everything of it is given back: in the guest, on the VM, on this host. */
  async delete(): Promise<void> {
    for (const exec of this.execs.values()) await exec.release()
    await this.#undo.run()
  }
}

async function end(container: ContainerHandle): Promise<void> {
  await container.terminate().catch(() => undefined)
  await container.wait().catch(() => undefined)
  await container.close()
}

async function deleteState(pod: Pod, id: string): Promise<void> {
  await pod.guest.deleteContainerState(id).catch((error: unknown) => {
    // It was never made, or the guest is gone, and its state with it.
    if (isNotExist(error) || !(error instanceof GuestRPCError)) return
    throw error
  })
}

/** A folder of the bundle in which there is nothing but this file. */
async function privateFolder(bundle: string, file: string, undo: Undo): Promise<string> {
  const folder = join(bundle, 'files', String(undo.length))
  const target = join(folder, basename(file))
  await mkdir(folder, { recursive: true, mode: 0o700 })
  undo.push(() => rm(join(bundle, 'files'), { recursive: true, force: true }))
  await writeFile(target, '', { mode: 0o600 })
  await mountAll([{ type: 'none', source: file, options: ['bind'] }], target)
  undo.push(() => unmount(target))
  return folder
}

/** Steps back, the last one first; each is tried, whatever became of the others. */
class Undo {
  #steps: (() => Promise<void>)[] = []

  get length(): number {
    return this.#steps.length
  }

  push(step: () => Promise<void>): void {
    this.#steps.push(step)
  }

  async run(): Promise<void> {
    const errors: unknown[] = []
    for (const step of this.#steps.splice(0).reverse()) await step().catch((error: unknown) => errors.push(error))
    if (errors.length > 0) throw toStatus(errors[0])
  }
}
