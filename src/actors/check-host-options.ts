// The options of a Host, checked before anything is started.

import { availableParallelism } from 'node:os'
import { basename } from 'node:path'
import { InvalidConfigError } from '../errors.js'
import { checkNetworks, QEMU_ROWS } from '../native/qemu/check-options.js'
import { QemuService } from '../native/qemu/qemu-service.js'
import { checkFaultPaths, SIMULATED_ROWS } from '../native/simulated/check-options.js'
import { SimulatedService, type SimulatedOptions } from '../native/simulated/simulated-service.js'
import {
  BOOLEAN,
  COUNT,
  COUNT_OR_INFINITY,
  group,
  groupOr,
  MILLISECONDS,
  oneOf,
  row,
  secret,
  STRINGS,
  TEXT,
} from '../options/rows.js'
import { checkOptions, optionTable } from '../options/table.js'
import { isRecord } from '../protocol/json.js'
import type { ComputeSystemQuery, HostOptions, QemuHostOptions } from './host-options.js'
import type { TransportChoice } from './transport-source.js'

const OP = 'host.open'
const COMPUTECORE = 'computecore.dll'

/** Options with their defaults. */
export interface HostSettings {
  provider: 'simulated' | 'computecore' | 'qemu' | { module: string | URL; options?: unknown }
  /** Of computecore.dll; undefined for that of the system directory. */
  libraryPath: string | undefined
  threads: number
  isolation: 'pooled' | 'dedicated'
  transport: TransportChoice
  socketDirectory: string | undefined
  queuePerVM: number
  operations: number
  boots: number
  closeTimeoutMs: number
  journal: string | undefined
  /** Undefined: nobody looks. */
  watchdog: { stuckAfterMs: number; replace: boolean } | undefined
  simulated: NonNullable<HostOptions['simulated']>
  qemu: QemuHostOptions
}

function refuse(path: string, value: unknown, reason: string): never {
  throw new InvalidConfigError({ op: OP, path, value, reason })
}

const LIBRARY = row('the path of a library', (value) => {
  return typeof value === 'string' && value !== '' && !value.includes('\0')
})

const MODULE = row('a module name, a path or a URL', (value) => {
  return (typeof value === 'string' && value !== '') || value instanceof URL
})

type OwnProvider = Exclude<NonNullable<HostOptions['provider']>, string>

const PROVIDER = optionTable<OwnProvider>('provider', {
  module: MODULE,
  // They may hold credentials.
  options: secret(row('something that structured clone can copy to other threads', isCloneable)),
})

function isCloneable(value: unknown): boolean {
  try {
    structuredClone(value)
    return true
  } catch {
    return false
  }
}

const PROVIDERS = oneOf('auto', 'simulated', 'computecore', 'qemu')

const HOST_SIMULATED = optionTable<SimulatedOptions>('simulated', {
  ...SIMULATED_ROWS,
  service: row('a SimulatedService', (value) => value instanceof SimulatedService),
  serviceDirectory: TEXT,
})

const HOST_QEMU = optionTable<QemuHostOptions>('qemu', {
  ...QEMU_ROWS,
  service: row('a QemuService', (value) => value instanceof QemuService),
  serviceDirectory: TEXT,
})

/** Host.open. */
export const HOST_OPTIONS = optionTable<HostOptions>('options', {
  provider: {
    expected: `${PROVIDERS.expected}, or an object with a module`,
    allows: (value) => PROVIDERS.allows(value) || isRecord(value),
    members: PROVIDER,
  },
  computecore: group(optionTable<NonNullable<HostOptions['computecore']>>('computecore', { libraryPath: LIBRARY })),
  threads: COUNT,
  isolation: oneOf('pooled', 'dedicated'),
  transport: oneOf('auto', 'hyperv', 'unix'),
  socketDirectory: row('a path', (value) => typeof value === 'string'),
  limits: group(
    optionTable<NonNullable<HostOptions['limits']>>('limits', {
      queuePerVM: COUNT_OR_INFINITY,
      operations: COUNT_OR_INFINITY,
      boots: COUNT_OR_INFINITY,
    }),
  ),
  closeTimeoutMs: MILLISECONDS,
  journal: row('a path', (value) => typeof value === 'string' && value !== '' && !value.includes('\0')),
  watchdog: groupOr(
    'an object, or false',
    [false],
    optionTable<Exclude<NonNullable<HostOptions['watchdog']>, false>>('watchdog', {
      stuckAfterMs: MILLISECONDS,
      replace: BOOLEAN,
    }),
  ),
  simulated: group(HOST_SIMULATED),
  qemu: group(HOST_QEMU),
})

/** Host.listVMs. */
export const SYSTEM_QUERY = optionTable<ComputeSystemQuery>('query', {
  Ids: STRINGS,
  Names: STRINGS,
  Types: STRINGS,
  Owners: STRINGS,
})

/** @throws {InvalidConfigError} naming the option */
export function checkHostOptions(options: HostOptions = {}): HostSettings {
  checkOptions({ op: OP }, options, HOST_OPTIONS)
  const { threads, isolation, transport, socketDirectory, limits, closeTimeoutMs, simulated, computecore } = options
  checkSimulated(simulated ?? {})
  checkQemu(options.qemu ?? {})
  const libraryPath = computecore?.libraryPath
  const provider = chooseProvider(options.provider ?? 'auto')
  return {
    provider,
    libraryPath,
    threads: threads ?? availableParallelism(),
    isolation: isolation ?? 'pooled',
    transport: chooseTransport(transport ?? 'auto', provider, libraryPath),
    socketDirectory,
    queuePerVM: limits?.queuePerVM ?? 1024,
    operations: limits?.operations ?? 512,
    boots: limits?.boots ?? Infinity,
    closeTimeoutMs: closeTimeoutMs ?? 30_000,
    journal: options.journal,
    watchdog: watchdogOf(options.watchdog ?? {}),
    simulated: simulated ?? {},
    qemu: options.qemu ?? {},
  }
}

const STUCK_AFTER_MS = 30_000

function watchdogOf(watchdog: NonNullable<HostOptions['watchdog']>): HostSettings['watchdog'] {
  if (watchdog === false) return undefined
  const { stuckAfterMs = STUCK_AFTER_MS, replace = true } = watchdog
  return stuckAfterMs === Infinity ? undefined : { stuckAfterMs, replace }
}

/** Guests of the real service dial over Hyper-V sockets; those of a double, or of anyone's own provider, over Unix sockets. */
function chooseTransport(
  wanted: NonNullable<HostOptions['transport']>,
  provider: HostSettings['provider'],
  libraryPath = COMPUTECORE,
): TransportChoice {
  const isWindows = process.platform === 'win32'
  // Its vsock daemon says what it has to say by them.
  if (provider === 'qemu' && wanted !== 'hyperv') return 'unix-kept'
  if (wanted === 'auto') {
    const isReal = basename(libraryPath.replaceAll('\\', '/')).toLowerCase() === COMPUTECORE
    return isWindows && provider === 'computecore' && isReal ? 'hyperv' : 'unix'
  }
  if (wanted === 'hyperv' && isWindows && provider === 'simulated') {
    refuse('transport', wanted, 'the guests of the simulated service dial over Unix sockets')
  }
  return wanted
}

function checkSimulated(options: NonNullable<HostOptions['simulated']>): void {
  const { service, ...own } = options
  if (service === undefined) return checkFaultPaths(OP, own)
  refuseBeside('simulated', own, 'a shared service has options of its own; give them to SimulatedService.open')
}

function checkQemu(options: QemuHostOptions): void {
  const { service, ...own } = options
  if (service === undefined) return checkNetworks(OP, 'qemu.networks', own)
  refuseBeside('qemu', own, 'a shared supervisor has options of its own; give them to QemuService.connect')
}

function refuseBeside(group: string, own: object, reason: string): void {
  const second = Object.entries(own).find(([, value]: [string, unknown]) => value !== undefined)
  if (second !== undefined) refuse(`${group}.${second[0]}`, second[1], reason)
}

function chooseProvider(provider: NonNullable<HostOptions['provider']>): HostSettings['provider'] {
  if (typeof provider === 'object') {
    // An own provider without a module: the one member that it must have.
    if ((provider.module as unknown) === undefined) refuse('provider.module', undefined, MODULE.expected)
    return provider
  }
  if (provider === 'auto') return process.platform === 'win32' ? 'computecore' : 'simulated'
  return provider
}
