// What a Windows guest is asked to forward as its log: ETW providers, by name and GUID. For `guest.modifyServiceSettings`.

import { createHash } from 'node:crypto'
import { BOOLEAN, listOf, STRING, TEXT } from '../options/rows.js'
import { checkOptions, optionTable } from '../options/table.js'

/** One ETW provider of a guest. */
export interface EtwProvider {
  /** Compared without regard to case. */
  providerName: string
  /** Default: what `etwProviderGuid` says, when asked for. */
  providerGuid?: string
  /** Critical, Error, Warning, Information (default) or Verbose. */
  level?: string
  /** Mask of event groups, as hexadecimal text. */
  keywords?: string
}

export interface LogSourceOptions {
  /** Besides the default ones; one of the same name takes a default one's place. */
  providers?: EtwProvider[]
  /** Default true: what hcsshim asks its guests for, the services behind containers. */
  defaults?: boolean
  /** Default false: guests that know the names need no GUIDs; older ones do. */
  guids?: boolean
}

/** The document behind RPCType 'ModifyServiceSettings' of LogForwardService. */
export interface LogSources {
  LogConfig: { sources: { type: string; providers: EtwProvider[] }[] }
}

const ETW_PROVIDER = optionTable<EtwProvider>('provider', {
  providerName: TEXT,
  providerGuid: TEXT,
  level: TEXT,
  keywords: STRING,
})

const LOG_SOURCE_OPTIONS = optionTable<LogSourceOptions>('options', {
  providers: listOf(ETW_PROVIDER),
  defaults: BOOLEAN,
  guids: BOOLEAN,
})

const DEFAULT_LEVEL = 'Information'

const DEFAULT_PROVIDERS = [
  'microsoft.windows.hyperv.compute',
  'microsoft-windows-guest-network-service',
  'microsoft.windows.filesystem.cimfs',
  'microsoft.windows.filesystem.unionfs',
  'microsoft-windows-bitlocker-driver',
  'microsoft-windows-bitlocker-api',
  'microsoft.windows.security.keyguard',
  'microsoft.windows.security.keyguard.attestation.verify',
  'microsoft.windows.containers.setup',
  'microsoft.windows.containers.storage',
  'microsoft.windows.containers.library',
  'microsoft.windows.containers.dynamicimage',
  'microsoft.windows.logforwardservice.provider',
] as const

/** Providers of the list whose GUIDs were registered by hand. Every other GUID follows from the name. */
const REGISTERED: ReadonlyMap<string, string> = new Map([
  ['microsoft.windows.hyperv.compute', '80ce50de-d264-4581-950d-abadeee0d340'],
  ['microsoft.windows.containers.library', '67eb0417-9297-42ae-a1d9-98bfeb359059'],
  ['microsoft.windows.containers.dynamicimage', '8ce2286c-3705-4a2a-8e36-134eae9ca147'],
  ['microsoft-windows-bitlocker-api', '5d674230-ca9f-11da-a94d-0800200c9a66'],
  ['microsoft-windows-bitlocker-driver', '651df93b-5053-4d1e-94c5-f6e6d25908d0'],
])

/** Name space in which ETW makes a provider's GUID from its name (documented for EventSource and TraceLogging). */
const ETW_NAMESPACE = '482c2db2c39047c887f81a15bfc130fb'

/**
 * The GUID of an ETW provider: a registered one of those that containers use, else the one that Windows makes from the name, which holds
 * for every provider that did not register another by hand.
 */
export function etwProviderGuid(name: string): string {
  const registered = REGISTERED.get(name.toLowerCase())
  if (registered !== undefined) return registered
  const text = Buffer.from(name.toUpperCase(), 'utf16le').swap16()
  const bytes = createHash('sha1').update(Buffer.from(ETW_NAMESPACE, 'hex')).update(text).digest().subarray(0, 16)
  // Version 5, in the byte order in which Windows lays a GUID out.
  bytes.writeUInt8((bytes.readUInt8(7) & 0x0f) | 0x50, 7)
  const hex = (from: number, to: number): string => bytes.subarray(from, to).toString('hex')
  const reversed = (from: number, to: number): string => Buffer.from(bytes.subarray(from, to)).reverse().toString('hex')
  return [reversed(0, 4), reversed(4, 6), reversed(6, 8), hex(8, 10), hex(10, 16)].join('-')
}

/**
 * What a Windows guest is to forward. Send it with
 * `guest.modifyServiceSettings('LogForwardService', { RPCType: 'ModifyServiceSettings', Settings })`, then `{ RPCType: 'StartLogForwarding' }`.
 *
 * @throws {InvalidConfigError} naming the member
 */
export function windowsLogSources(options: LogSourceOptions = {}): LogSources {
  checkOptions({ op: 'windowsLogSources' }, options, LOG_SOURCE_OPTIONS)
  const { providers = [], defaults = true, guids = false } = options
  const byName = new Map<string, EtwProvider>()
  const standard = defaults ? DEFAULT_PROVIDERS.map((providerName): EtwProvider => ({ providerName })) : []
  for (const provider of [...standard, ...providers]) {
    const { providerName, level = DEFAULT_LEVEL, keywords, providerGuid } = provider
    const guid = providerGuid ?? (guids ? etwProviderGuid(providerName) : undefined)
    byName.set(providerName.toLowerCase(), {
      providerName,
      ...(guid === undefined ? {} : { providerGuid: guid }),
      level,
      ...(keywords === undefined ? {} : { keywords }),
    })
  }
  return { LogConfig: { sources: [{ type: 'ETW', providers: [...byName.values()] }] } }
}
