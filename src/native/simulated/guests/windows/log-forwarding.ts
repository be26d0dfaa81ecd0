// The log forward service: told which event providers to listen to, it sends their entries to the host while forwarding is on.

import { WCOW_LOG_SERVICE } from '../../../../protocol/hvsocket.js'
import { foldedMember as member } from '../../../../protocol/bridge/folding.js'
import { isRecord, parseJson } from '../../../../protocol/json.js'
import { decodeAs, invalidJson, objectsOf, optionalObject, textOf, type Document } from '../decode.js'
import { GUEST, GuestFault } from '../fault.js'
import type { GuestKernel } from '../kernel.js'
import type { LogSender } from '../log-sender.js'

const SERVICE = 'LogForwardService'

/** Levels of event tracing, most urgent first, with the words that entries have for them. */
const LEVELS = ['critical', 'error', 'warning', 'information', 'verbose'] as const
export type EventLevel = (typeof LEVELS)[number]
const WORDS: Record<EventLevel, string> = {
  critical: 'fatal',
  error: 'error',
  warning: 'warning',
  information: 'info',
  verbose: 'debug',
}

/** What the guest service itself reports under. */
export const COMPUTE_PROVIDER = 'microsoft.windows.hyperv.compute'

interface Provider {
  readonly name: string
  readonly level: EventLevel
}

export interface SavedForwarding {
  providers: Provider[]
  isOn: boolean
}

export class LogForwarding {
  readonly #kernel: GuestKernel
  readonly #log: LogSender
  #providers: Provider[] = [{ name: COMPUTE_PROVIDER, level: 'information' }]
  #isOn = false
  #isConnecting = false

  constructor(kernel: GuestKernel, log: LogSender) {
    this.#kernel = kernel
    this.#log = log
  }

  /** ModifyServiceSettings. @throws {GuestFault} */
  async modify(request: Document): Promise<Document> {
    const service = textOf(request, 'PropertyType')
    if (service !== SERVICE) throw new GuestFault(GUEST.invalidArgument, `the service "${service}" is not known`)
    const settings = decodeAs(
      'LogForwardServiceRPCRequest',
      optionalObject(request, 'Settings') ?? {},
      'Settings',
      true,
    )
    switch (textOf(settings, 'RPCType')) {
      case 'ModifyServiceSettings':
        this.#providers = readProviders(textOf(settings, 'Settings'))
        return {}
      case 'StartLogForwarding':
        await this.#start()
        return {}
      case 'StopLogForwarding':
        this.#stop()
        return {}
      default:
        throw new GuestFault(GUEST.failed, 'the settings name no known RPCType')
    }
  }

  async #start(): Promise<void> {
    if (this.#isOn) return
    this.#isOn = true
    // A host that does not listen now may do so later.
    await this.#log.open(WCOW_LOG_SERVICE)
    for (const { name } of this.#providers) this.event(name, 'information', 'log forwarding started')
    void this.#keepConnected()
  }

  async #keepConnected(): Promise<void> {
    if (this.#isConnecting) return
    this.#isConnecting = true
    await this.#log.keepOpen(WCOW_LOG_SERVICE, () => !this.#isOn)
    this.#isConnecting = false
  }

  #stop(): void {
    this.#isOn = false
    this.#log.close()
  }

  /** An entry of a provider, forwarded when the host wants it. */
  event(provider: string, level: EventLevel, message: string): void {
    if (!this.#isOn) return
    const wanted = this.#providers.find(({ name }) => name.toLowerCase() === provider.toLowerCase())
    if (wanted === undefined || LEVELS.indexOf(level) > LEVELS.indexOf(wanted.level)) return
    const time = this.#kernel.now().toISOString()
    this.#log.write({ Source: 'ETW', level: WORDS[level], time, ProviderName: wanted.name, Message: message })
  }

  capture(): SavedForwarding {
    return { providers: this.#providers, isOn: this.#isOn }
  }

  restore({ providers, isOn }: SavedForwarding): void {
    this.#providers = providers
    if (isOn) void this.#start()
  }
}

/** @throws {GuestFault} */
function readProviders(encoded: string): Provider[] {
  const text = Buffer.from(encoded, 'base64').toString()
  let document: unknown
  try {
    document = parseJson(text)
  } catch (error) {
    throw invalidJson(`the log sources are not JSON: ${(error as Error).message}`)
  }
  const config = member(document, 'LogConfig')
  if (!isRecord(config)) throw invalidJson('LogConfig is missing')
  return objectsOf(config, 'sources').flatMap((source) =>
    objectsOf(source, 'providers').map((provider) => {
      const name = textOf(provider, 'providerName') || textOf(provider, 'providerGuid')
      if (name === '') throw new GuestFault(GUEST.failed, 'a log provider has neither name nor GUID')
      return { name, level: levelOf(textOf(provider, 'level')) }
    }),
  )
}

/** Without a level, or with one that is not known, everything is wanted that is not verbose. */
function levelOf(text: string): EventLevel {
  return LEVELS.find((level) => level === text.toLowerCase()) ?? 'information'
}
