// The call thread of a Host: the only one that calls computecore.dll. It owns every handle, operation and document, so that an actor
// thread can die at any moment and leave nothing behind: what it had asked for goes on here, and the answer finds nobody.
//
// Calls that may block run on libuv's pool (lane.ts). Creating an operation, asking for its result, closing it, and registering a
// callback do not block and are made right here.

import koffi from 'koffi'
import { parentPort, workerData, type MessagePort } from 'node:worker_threads'
import type { HcsEvent } from '../hcs.js'
import type { CallbackClient, CallbackNotice } from './callbacks.js'
import { NativeFailure } from './failure.js'
import { CallLane } from './lane.js'
import { Ledger } from './ledger.js'
import { ComputeCore } from './library.js'
import { workingSet, type ProcessCalls } from './memory-process.js'
import { Operations } from './operations.js'
import { Service } from './service-calls.js'
import { Systems, type Owner } from './systems.js'
import { windowsProcesses } from './windows-processes.js'
import type { FromService, Refusal, ServiceCall, ToService } from '../remote/wire.js'
import { HRESULT } from '../../protocol/hresult.js'

export interface CallThreadSetup {
  libraryPath: string | undefined
  memory: SharedArrayBuffer
  callbacks: CallbackClient
}

/** From the parent. `close` ends what is open; `force` ends the waiting for operations that HCS does not end. */
export type CallThreadMessage =
  | { do: 'join'; link: number; port: MessagePort }
  /** The thread of a link is gone. */
  | { do: 'reap'; link: number; keep: readonly string[] }
  | { do: 'close' }
  | { do: 'force' }

/** To the parent: once after the start, and at the end. */
export type CallThreadAnswer = { ready: true } | { unavailable: Refusal } | { closed: true }

/** Stack of a call on libuv's pool, bytes: as much as Windows gives to a thread. koffi's default of 128 KiB is little for RPC. */
const CALL_STACK = 1024 * 1024

koffi.config({ async_stack_size: CALL_STACK })

const { libraryPath, memory, callbacks } = workerData as CallThreadSetup
const tell = (answer: CallThreadAnswer): void => parentPort?.postMessage(answer)
const ledger = new Ledger(memory)

interface Hub {
  operations: Operations
  systems: Systems
  service: Service
}

function connect(): Hub {
  const library = new ComputeCore(libraryPath, ledger)
  const lane = new CallLane(ledger)
  let context = callbacks.firstContext
  const nextContext = (): number => context++
  const operations = new Operations({ library, lane, ledger, callback: callbacks.completion, nextContext })
  const systems = new Systems({ library, lane, ledger, operations, callback: callbacks.event, nextContext })
  callbacks.port.on('message', (notice: CallbackNotice) => {
    if ('type' in notice) systems.happened(notice.context, { type: notice.type, data: notice.data })
    else operations.completed(notice.context)
  })
  return { operations, systems, service: new Service({ library, lane, operations }) }
}

/** @returns to be called when the thread is known to be gone before its port has closed */
function serve({ systems, service }: Hub, port: MessagePort): () => void {
  /** By stream of events: that thread's handles. */
  const owners = new Map<number, Owner>()
  const answer = (message: FromService): void => port.postMessage(message)
  const obtain = async (events: number, handle: (owner: Owner) => string | Promise<string>): Promise<string> => {
    const ended = (): void => void owners.delete(events)
    const deliver = (event: HcsEvent): void => answer({ events, event })
    const owner: Owner = { deliver, ended, unhandled: [], isGone: false }
    owners.set(events, owner)
    try {
      return await handle(owner)
    } catch (error) {
      ended()
      throw error
    }
  }
  const carryOut = async (call: ServiceCall, events: number): Promise<string> => {
    switch (call.do) {
      case 'create':
        return obtain(events, (owner) => systems.create(call.id, call.document, owner))
      case 'open':
        return obtain(events, (owner) => systems.open(call.id, owner))
      case 'adopt':
        return obtain(events, (owner) => systems.adopt(call.token, owner))
      case 'operate':
        return systems.operate(call.token, call.op, call.argument, call.socket)
      case 'close':
        await systems.close(call.token)
        return ''
      case 'enumerate':
        return service.enumerate(call.query)
      case 'serviceProperties':
        return service.properties(call.query)
      case 'modifyService':
        return service.modify(call.settings)
      case 'grantAccess':
      case 'revokeAccess':
        return service.access(call.do, call.vmId, call.path)
      case 'file':
        return service.file(call.what, call.path)
      case 'workingSet':
        return String(workingSetHere(call.runtimeId) ?? '')
    }
  }
  port.on('message', (message: ToService) => {
    if ('handled' in message) return void owners.get(message.handled)?.unhandled.shift()
    const { number, events, call } = message
    carryOut(call, events ?? 0).then(
      (ok) => answer({ number, ok }),
      (error: unknown) => answer({ number, fails: refusalOf(error) }),
    )
  })
  const gone = (): void => {
    for (const owner of owners.values()) {
      owner.isGone = true
      systems.orphan(owner)
    }
  }
  port.once('close', gone)
  return gone
}

let processes: ProcessCalls | undefined

/** Undefined on other systems than Windows, where the library is a double. */
function workingSetHere(runtimeId: string): number | undefined {
  if (process.platform !== 'win32') return undefined
  processes ??= windowsProcesses()
  return workingSet(processes, runtimeId)
}

function refusalOf(error: unknown): Refusal {
  if (error instanceof NativeFailure) return error.toRefusal()
  const said = error instanceof Error ? (error.stack ?? error.message) : String(error)
  return { hresult: HRESULT.E_UNEXPECTED, document: JSON.stringify({ ErrorMessage: said }) }
}

/** Closes what is open. An operation that HCS does not end holds this up until it is forced; then the thread stays to consume it. */
async function close({ operations, systems }: Hub): Promise<void> {
  await systems.closeAll()
  const idle = operations.idle()
  await Promise.race([idle, systems.forced])
  tell({ closed: true })
  await idle
  callbacks.port.close()
  parentPort?.close()
}

try {
  const hub = connect()
  const ports = new Set<MessagePort>()
  const links = new Map<number, () => void>()
  parentPort?.on('message', (message: CallThreadMessage) => {
    switch (message.do) {
      case 'join':
        ports.add(message.port)
        message.port.once('close', () => {
          ports.delete(message.port)
          links.delete(message.link)
        })
        return void links.set(message.link, serve(hub, message.port))
      case 'reap':
        links.get(message.link)?.()
        return hub.systems.reap(new Set(message.keep))
      case 'close':
        for (const port of ports) port.close()
        return void close(hub)
      case 'force':
        return hub.systems.force()
    }
  })
  await hub.service.probe()
  tell({ ready: true })
} catch (error) {
  tell({ unavailable: refusalOf(error) })
  callbacks.port.close()
  parentPort?.close()
}
