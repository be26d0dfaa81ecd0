// How the main thread asks for a process: the ports of its streams are made here, one end goes to the actor with the request.

import type { MessagePort } from 'node:worker_threads'
import type { GuestOS } from '../../../protocol/guest-os.js'
import type { ProcessParameters } from '../../../protocol/schema/index.js'
import { checkUvmProcess, isInitProcess } from '../../../protocol/lcow-hazards.js'
import { documentText } from '../../arguments.js'
import { checkWanted } from '../../mailbox/call-options.js'
import type { CallOptions, CallSubject, Mailbox } from '../../mailbox/contract.js'
import type { Activity } from '../activity.js'
import type { Survivors } from '../survivors.js'
import type { GuestJournal } from '../wiring.js'
import { NULL_CONTAINER_ID, type GuestNotices, type GuestRequests, type StartedProcess } from '../contract.js'
import type { StartedInits } from '../container/started-inits.js'
import { GuestProcess, type ProcessStreams } from './process-proxy.js'
import { StdioReadable, StdioWritable } from './stdio-streams.js'

export interface ProcessHost {
  readonly vmId: string
  readonly guestOS: GuestOS
  readonly mailbox: Mailbox<GuestRequests, GuestNotices>
  /** Whose init has been started; absent where nobody keeps them. */
  readonly inits?: StartedInits
  readonly survivors?: Survivors | undefined
  readonly activity?: Activity | undefined
  readonly journal?: GuestJournal | undefined
}

/** Names processes towards their actor; never used twice in this thread. */
let nextKey = 1

/** The actor's ends of the streams that were asked for. */
export interface RemoteStreams {
  stdin?: MessagePort
  stdout?: MessagePort
  stderr?: MessagePort
}

/**
 * Starts a process in a container, or in the UVM itself. The parameters say which streams it has.
 *
 * @throws {InvalidConfigError} bad options, parameters that are no object or cannot be serialised, or that a Linux guest does not survive
 * @throws {InvalidStateError} a second start of a Linux container's init: 'init-started'
 */
export async function startProcess(
  host: ProcessHost,
  containerId: string | undefined,
  parameters: ProcessParameters,
  subject: CallSubject,
  options: CallOptions | undefined,
): Promise<GuestProcess> {
  const text = documentText(subject, 'LcowProcessParameters', parameters)
  const isInit = checkParameters(host.guestOS, containerId, subject, text)
  const { CreateStdInPipe, CreateStdOutPipe, CreateStdErrPipe } = parameters
  const wanted = {
    stdin: CreateStdInPipe === true,
    stdout: CreateStdOutPipe === true,
    stderr: CreateStdErrPipe === true,
  }
  const input = { containerId: containerId ?? NULL_CONTAINER_ID, parameters: text, op: subject.op }
  checkWanted(options, subject)
  const start = (): Promise<GuestProcess> =>
    withStreams(host, containerId, wanted, 'discardProcess', (key, remote, transfer) =>
      host.mailbox.call('execute', { key, ...input, ...remote }, subject, options, transfer),
    )
  return isInit && host.inits !== undefined ? host.inits.start(containerId!, subject, start) : start()
}

/** Whether it is a Linux container's init. @throws {InvalidConfigError} what a Linux guest does not survive, or would ignore */
function checkParameters(
  guestOS: GuestOS,
  containerId: string | undefined,
  subject: CallSubject,
  text: string,
): boolean {
  if (guestOS !== 'linux') return false
  if (containerId !== undefined) return isInitProcess(subject, text)
  checkUvmProcess(subject, text)
  return false
}

/**
 * Makes the streams, has them connected by `ask`, and releases them when that fails. The answer may have been on its way when the caller
 * gave up: `undo` tells the actor that nobody holds what it brought.
 */
export async function withStreams(
  host: ProcessHost,
  containerId: string | undefined,
  wanted: { stdin: boolean; stdout: boolean; stderr: boolean },
  undo: 'discardProcess' | 'closeProcess',
  ask: (key: number, remote: RemoteStreams, transfer: MessagePort[]) => Promise<StartedProcess>,
): Promise<GuestProcess> {
  const key = nextKey++
  const remote: RemoteStreams = {}
  const open = (name: keyof RemoteStreams): MessagePort => {
    const channel = host.mailbox.openChannel()
    remote[name] = channel.remote
    return channel.local
  }
  const output = (name: 'stdout' | 'stderr'): StdioReadable =>
    new StdioReadable(open(name), { op: `process.${name}`, id: host.vmId }, host.activity)
  const streams: ProcessStreams = {
    stdin: wanted.stdin
      ? new StdioWritable(open('stdin'), { op: 'process.stdin', id: host.vmId }, host.activity)
      : null,
    stdout: wanted.stdout ? output('stdout') : null,
    stderr: wanted.stderr ? output('stderr') : null,
  }
  const transfer = Object.values(remote)
  try {
    const started = await ask(key, remote, transfer)
    const of = containerId === undefined ? {} : { containerId }
    const process = new GuestProcess({ ...host, started, streams, ...of })
    // Whoever is told of a process can rely on the next program's being told too.
    await host.journal?.processStarted(process.save())
    return process
  } catch (error) {
    for (const stream of [streams.stdin, streams.stdout, streams.stderr]) stream?.destroy()
    // An end that nobody has taken does not hear that the other is closed.
    for (const port of transfer) port.close()
    host.mailbox.call(undo, { key }, { op: `guest.${undo}`, id: host.vmId }).catch(() => undefined)
    throw error
  }
}
