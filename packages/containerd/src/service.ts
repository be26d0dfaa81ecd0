// The task service: what containerd asks of its shims, answered for all pods of this daemon.

import { fromJson, toBinary } from '@bufbuild/protobuf'
import { timestampFromMs } from '@bufbuild/protobuf/wkt'
import type { Any, Timestamp } from '@bufbuild/protobuf/wkt'
import type { Host, schema } from 'uvm-actors'
import { TtrpcError, type CallContext, type Implementation } from 'uvm-ttrpc'
import { readSpec, type Spec } from './bundle.js'
import { toStatus } from './failure.js'
import { Status, type Task as TaskDescriptor } from './generated/task_pb.js'
import { MetricsSchema } from './generated/metrics_pb.js'
import { checkIdentifier, checkPath } from './ids.js'
import { Pod } from './pod.js'
import { KILLED, TaskProcess, type ProcessExit } from './process.js'
import type { Publisher } from './publisher.js'
import { Task } from './task.js'

/** What a container is to its pod, and whose it is. */
const KIND = 'io.kubernetes.cri.container-type'
const SANDBOX_ID = 'io.kubernetes.cri.sandbox-id'

/** An OCI document within a request, at most, bytes. */
const MAX_DOCUMENT_BYTES = 1024 * 1024

export interface TaskServiceOptions {
  host: Host
  publisher: Publisher
  /** Whether the guests run nothing but the programs that they bring. */
  isSimulated: boolean
  /** Of the calls that name none: containerd 1.x names it to the launcher alone. */
  namespace: string
  version: string
}

/** Checkpoints are not made: what is not here is answered so. */
type Service = Required<Omit<Implementation<typeof TaskDescriptor>, 'checkpoint'>>

export class TaskService implements Service {
  readonly #options: TaskServiceOptions
  /** By namespace and id. */
  readonly #pods = new Map<string, Promise<Pod>>()
  readonly #tasks = new Map<string, Promise<Task>>()

  constructor(options: TaskServiceOptions) {
    this.#options = options
  }

  get counts(): { pods: number; tasks: number } {
    return { pods: this.#pods.size, tasks: this.#tasks.size }
  }

  create: Service['create'] = async (request, context) => {
    const namespace = this.#namespace(context)
    const id = checkIdentifier('the container id', request.id)
    const bundle = checkPath('the bundle', request.bundle)
    if (request.checkpoint !== '') throw new TtrpcError('UNIMPLEMENTED', 'containers are not started from checkpoints')
    const key = `${namespace}/${id}`
    if (this.#tasks.has(key)) throw new TtrpcError('ALREADY_EXISTS', `the container ${id} exists already`)
    const { stdin, stdout, stderr, terminal, rootfs } = request
    const creating = this.#create(
      { namespace, id, bundle, rootfs, stdio: { stdin, stdout, stderr, terminal } },
      context.signal,
    )
    this.#tasks.set(key, creating)
    let task: Task
    try {
      task = await creating
    } catch (error) {
      this.#tasks.delete(key)
      throw error
    }
    const io = { stdin, stdout, stderr, terminal }
    const { pid } = task.init
    this.#options.publisher.publish(namespace, 'TaskCreate', { containerId: id, bundle, rootfs, io, pid })
    return { pid }
  }

  start: Service['start'] = async (request, context) => {
    const task = await this.#task(request.id, context)
    const { namespace, id: containerId } = task
    const process = task.process(request.execId)
    const { publisher } = this.#options
    const { pid } = process
    if (request.execId === '') {
      await task.start()
      publisher.publish(namespace, 'TaskStart', { containerId, pid })
    } else {
      await task.startExec(process, this.#specs.get(process)!)
      publisher.publish(namespace, 'TaskExecStarted', { containerId, execId: request.execId, pid })
    }
    // Told after the start, however soon it ended.
    this.#tellExit(task, process, request.execId)
    return { pid }
  }

  exec: Service['exec'] = async (request, context) => {
    const task = await this.#task(request.id, context)
    const execId = checkIdentifier('the exec id', request.execId)
    if (task.execs.has(execId))
      throw new TtrpcError('ALREADY_EXISTS', `the container ${task.id} has a process ${execId}`)
    const spec = documentOf(request.spec, 'the process') as schema.OciProcess
    const { stdin, stdout, stderr, terminal } = request
    const process = await TaskProcess.open({ stdin, stdout, stderr, terminal }, task)
    // The name may have been taken while the streams were opened.
    if (task.execs.has(execId)) {
      process.ended(255)
      throw new TtrpcError('ALREADY_EXISTS', `the container ${task.id} has a process ${execId}`)
    }
    task.execs.set(execId, process)
    this.#specs.set(process, spec)
    this.#options.publisher.publish(task.namespace, 'TaskExecAdded', { containerId: task.id, execId })
    return {}
  }

  delete: Service['delete'] = async (request, context) => {
    const task = await this.#task(request.id, context)
    const process = task.process(request.execId)
    if (process.state === 'running')
      throw new TtrpcError('FAILED_PRECONDITION', `the process is running; it is deleted once it has ended`)
    if (process.state === 'created') process.ended(255)
    const { status, atMs } = process.exit!
    const { pid } = process
    const exitedAt = timestampFromMs(atMs)
    if (request.execId === '') {
      const key = `${task.namespace}/${task.id}`
      // What fails is given back as far as it goes, and told; the name is free.
      this.#tasks.delete(key)
      try {
        await task.delete()
      } finally {
        await this.#leave(task)
      }
    } else {
      task.execs.delete(request.execId)
      await process.release()
    }
    this.#options.publisher.publish(task.namespace, 'TaskDelete', {
      containerId: task.id,
      pid,
      exitStatus: status,
      exitedAt,
      id: request.execId,
    })
    return { pid, exitStatus: status, exitedAt }
  }

  state: Service['state'] = async (request, context) => {
    const task = await this.#task(request.id, context)
    const process = task.process(request.execId)
    const { exit, pid, stdio } = process
    return {
      id: task.id,
      bundle: task.bundle,
      pid,
      status: statusOf(task, process),
      ...stdio,
      exitStatus: exit?.status ?? 0,
      ...exitedAt(exit),
      execId: request.execId,
    }
  }

  wait: Service['wait'] = async (request, context) => {
    const process = (await this.#task(request.id, context)).process(request.execId)
    const exit = await process.exited
    return { exitStatus: exit.status, ...exitedAt(exit) }
  }

  kill: Service['kill'] = async (request, context) => {
    const task = await this.#task(request.id, context)
    const process = task.process(request.execId)
    const wasCreated = process.state === 'created'
    await task.kill(request.execId, request.signal, request.all)
    if (wasCreated) this.#tellExit(task, process, request.execId)
    return {}
  }

  pids: Service['pids'] = async (request, context) => {
    const task = await this.#task(request.id, context)
    // Never empty: containerd takes a task without processes for one that has leaked.
    return { processes: [{ pid: task.init.pid }] }
  }

  connect: Service['connect'] = async (request, context) => {
    const task = await this.#task(request.id, context)
    return { shimPid: process.pid, taskPid: task.init.pid, version: this.#options.version }
  }

  pause: Service['pause'] = async (request, context) => {
    const task = await this.#alone(request.id, context, 'paused')
    await answer(task.pod.pause())
    task.isPaused = true
    this.#options.publisher.publish(task.namespace, 'TaskPaused', { containerId: task.id })
    return {}
  }

  resume: Service['resume'] = async (request, context) => {
    const task = await this.#alone(request.id, context, 'resumed')
    await answer(task.pod.resume())
    task.isPaused = false
    this.#options.publisher.publish(task.namespace, 'TaskResumed', { containerId: task.id })
    return {}
  }

  resizePty: Service['resizePty'] = async (request, context) => {
    await (await this.#task(request.id, context)).process(request.execId).resize(request.width, request.height)
    return {}
  }

  closeIO: Service['closeIO'] = async (request, context) => {
    const process = (await this.#task(request.id, context)).process(request.execId)
    if (request.stdin) process.closeInput()
    return {}
  }

  update: Service['update'] = async (request, context) => {
    const task = await this.#task(request.id, context)
    await answer(task.update(documentOf(request.resources, 'the resources')))
    return {}
  }

  stats: Service['stats'] = async (request, context) => {
    const task = await this.#task(request.id, context)
    const metrics = await answer(task.metrics())
    const message = fromJson(MetricsSchema, JSON.parse(JSON.stringify(metrics ?? {}, stringOfBig)), {
      ignoreUnknownFields: true,
    })
    return { stats: { typeUrl: MetricsSchema.typeName, value: toBinary(MetricsSchema, message) } }
  }

  // The daemon is not the task's alone, and stays. With `now` the launcher asks, for a task that containerd has given up.
  shutdown: Service['shutdown'] = async (request, context) => {
    const key = `${this.#namespace(context)}/${request.id}`
    const task = request.now ? await this.#tasks.get(key)?.catch(() => undefined) : undefined
    if (task === undefined) return {}
    this.#tasks.delete(key)
    for (const process of [...task.execs.values(), task.init]) process.ended(KILLED)
    try {
      await answer(task.delete())
    } finally {
      await this.#leave(task)
    }
    return {}
  }

  /** Ends every pod. */
  async close(): Promise<void> {
    await Promise.allSettled([...this.#tasks.values()].map(async (task) => (await task).init.ended(KILLED)))
    await Promise.allSettled([...this.#pods.values()].map(async (pod) => (await pod).close()))
    await Promise.allSettled([...this.#tasks.values()].map(async (task) => (await task).delete()))
    this.#tasks.clear()
    this.#pods.clear()
  }

  /** Of an exec between its request and its start. */
  readonly #specs = new WeakMap<TaskProcess, schema.OciProcess>()

  async #create(request: Omit<Parameters<typeof Task.create>[0], 'spec'>, signal: AbortSignal): Promise<Task> {
    const { namespace, id, bundle } = request
    const spec = await readSpec(bundle)
    const podKey = `${namespace}/${podOf(id, spec)}`
    const pod = await this.#pod(podKey, namespace, id, spec, signal)
    pod.containers.add(id)
    try {
      return await Task.create({ ...request, spec }, { pod, isSimulated: this.#options.isSimulated })
    } catch (error) {
      await this.#leavePod(podKey, pod, id)
      throw error
    }
  }

  async #pod(key: string, namespace: string, id: string, spec: Spec, signal: AbortSignal): Promise<Pod> {
    const there = this.#pods.get(key)
    if (there !== undefined) return there
    if (spec.annotations?.[KIND] === 'container')
      throw new TtrpcError('NOT_FOUND', `the pod ${key.slice(namespace.length + 1)} of the container ${id} is not here`)
    const opening = Pod.open(this.#options.host, namespace, id, spec, signal)
    this.#pods.set(key, opening)
    try {
      const pod = await opening
      void pod.gone().then(() => this.#podIsGone(pod, namespace))
      return pod
    } catch (error) {
      this.#pods.delete(key)
      throw toStatus(error)
    }
  }

  /** The VM ended of itself, or was ended: so did everything in it. */
  async #podIsGone(pod: Pod, namespace: string): Promise<void> {
    for (const id of pod.containers) {
      const task = await this.#tasks.get(`${namespace}/${id}`)?.catch(() => undefined)
      if (task === undefined) continue
      for (const exec of task.execs.values()) exec.ended(KILLED)
      task.init.ended(KILLED)
    }
  }

  async #leave(task: Task): Promise<void> {
    for (const [key, opening] of this.#pods) {
      if ((await opening.catch(() => undefined)) === task.pod) await this.#leavePod(key, task.pod, task.id)
    }
  }

  /** Its last container ends a pod. */
  async #leavePod(key: string, pod: Pod, id: string): Promise<void> {
    pod.containers.delete(id)
    if (pod.containers.size > 0) return
    this.#pods.delete(key)
    await pod.close()
  }

  #tellExit(task: Task, process: TaskProcess, id: string): void {
    void process.exited.then((exit) => {
      const { pid } = process
      this.#options.publisher.publish(task.namespace, 'TaskExit', {
        containerId: task.id,
        id: id === '' ? task.id : id,
        pid,
        exitStatus: exit.status,
        ...exitedAt(exit),
      })
    })
  }

  #namespace({ metadata }: CallContext): string {
    const named = metadata.get('containerd-namespace-ttrpc')
    return named === undefined ? this.#options.namespace : checkIdentifier('the namespace', named)
  }

  async #task(id: string, context: CallContext): Promise<Task> {
    const task = this.#tasks.get(`${this.#namespace(context)}/${id}`)
    if (task === undefined)
      throw new TtrpcError('NOT_FOUND', `there is no container ${JSON.stringify(id.slice(0, 100))}`)
    return task
  }

  /** The VM stands still as a whole: a container that shares it with others cannot alone. */
  async #alone(id: string, context: CallContext, what: string): Promise<Task> {
    const task = await this.#task(id, context)
    if (task.pod.containers.size > 1)
      throw new TtrpcError(
        'UNIMPLEMENTED',
        `a container cannot be ${what} alone: its pod is one VM, with ${task.pod.containers.size} containers`,
      )
    return task
  }
}

/** The id of the pod that a container belongs to; without Kubernetes each is its own. */
function podOf(id: string, { annotations }: Spec): string {
  if (annotations?.[KIND] !== 'container') return id
  return checkIdentifier(`the annotation ${SANDBOX_ID}`, annotations[SANDBOX_ID] ?? '')
}

function statusOf(task: Task, process: TaskProcess): Status {
  if (process.state === 'stopped') return Status.STOPPED
  if (process.state === 'created') return Status.CREATED
  return task.isPaused ? Status.PAUSED : Status.RUNNING
}

function exitedAt(exit: ProcessExit | undefined): { exitedAt?: Timestamp } {
  return exit === undefined ? {} : { exitedAt: timestampFromMs(exit.atMs) }
}

function documentOf(any: Any | undefined, what: string): unknown {
  const { value = new Uint8Array(0) } = any ?? {}
  if (value.length > MAX_DOCUMENT_BYTES)
    throw new TtrpcError(
      'INVALID_ARGUMENT',
      `${what} has ${value.length} bytes; at most ${MAX_DOCUMENT_BYTES} are read`,
    )
  try {
    const document: unknown = JSON.parse(Buffer.from(value).toString())
    if (typeof document === 'object' && document !== null) return document
  } catch {
    // As what is no object.
  }
  throw new TtrpcError('INVALID_ARGUMENT', `${what}: a JSON object is expected`)
}

async function answer<T>(promise: Promise<T>): Promise<T> {
  try {
    return await promise
  } catch (error) {
    throw toStatus(error)
  }
}

/** Protobuf's JSON takes 64-bit numbers as text. */
function stringOfBig(_: string, value: unknown): unknown {
  return typeof value === 'bigint' ? String(value) : value
}
