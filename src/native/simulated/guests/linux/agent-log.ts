// What the Linux agent writes to its log: a span for each request, and what it does in between, from the level that its command line asks
// for.

import { LOG_LEVELS, type LogLevel } from '../kernel.js'
import type { LogSender } from '../log-sender.js'
import type { RpcName } from '../../../../protocol/bridge/header.js'

/** The level of an agent that was told none. */
const DEFAULT_LEVEL: LogLevel = 'debug'

const SPANS: Partial<Record<RpcName, string>> = {
  Create: 'createContainerV2',
  Start: 'startContainerV2',
  ShutdownGraceful: 'shutdownContainerV2',
  ShutdownForced: 'terminateContainerV2',
  ExecuteProcess: 'execProcessV2',
  WaitForProcess: 'waitOnProcessV2',
  SignalProcess: 'signalProcessV2',
  ResizeConsole: 'resizeConsoleV2',
  GetProperties: 'getPropertiesV2',
  ModifySettings: 'modifySettingsV2',
  NegotiateProtocol: 'negotiateProtocolV2',
  DumpStacks: 'dumpStacksV2',
  DeleteContainerState: 'deleteContainerStateV2',
}

/** A request that was answered. */
export interface AgentSpan {
  readonly rpc: RpcName
  readonly activity: string | undefined
  readonly containerId: string
  /** Undefined for success. */
  readonly failure: string | undefined
}

export class AgentLog {
  readonly #sender: LogSender
  readonly #lowest: number

  constructor(sender: LogSender, kernelCommandLine: string) {
    this.#sender = sender
    const asked = /\s-{1,2}loglevel[ =](\w+)/.exec(` ${kernelCommandLine}`)?.[1] ?? ''
    const index = LOG_LEVELS.indexOf((asked === 'warn' ? 'warning' : asked) as LogLevel)
    this.#lowest = index === -1 ? LOG_LEVELS.indexOf(DEFAULT_LEVEL) : index
  }

  say(level: LogLevel, msg: string, fields: Record<string, unknown> = {}): void {
    if (LOG_LEVELS.indexOf(level) >= this.#lowest) this.#sender.say(level, msg, fields)
  }

  span({ rpc, activity, containerId, failure }: AgentSpan): void {
    this.say(failure === undefined ? 'info' : 'error', 'Span', {
      activityID: activity ?? '',
      cid: containerId,
      ...(failure === undefined ? {} : { error: failure }),
      name: `opengcs::bridge::${SPANS[rpc] ?? rpc}`,
    })
  }
}
