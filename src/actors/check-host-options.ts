// The options of a Host, checked before anything is started.

import { availableParallelism } from 'node:os'
import { basename } from 'node:path'
import { InvalidConfigError } from '../errors.js'
import { checkSimulatedOptions } from '../native/simulated/check-options.js'
import { SimulatedService } from '../native/simulated/thread/service.js'
import type { HostOptions } from './host-options.js'
import type { TransportChoice } from './transport-source.js'

const OP = 'host.open'
const COMPUTECORE = 'computecore.dll'

/** Options with their defaults. */
export interface HostSettings {
  provider: 'simulated' | 'computecore' | { module: string | URL; options?: unknown }
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
  simulated: NonNullable<HostOptions['simulated']>
}

function refuse(path: string, value: unknown, reason: string): never {
  throw new InvalidConfigError({ op: OP, path, value, reason })
}

function oneOf(path: string, value: unknown, words: readonly string[]): void {
  if (value === undefined || words.includes(value as string)) return
  refuse(path, value, `expected ${words.map((word) => `'${word}'`).join(', ')}`)
}

function positiveInteger(path: string, value: unknown, allowInfinity = false): void {
  if (value === undefined || (Number.isSafeInteger(value) && (value as number) > 0)) return
  if (allowInfinity && value === Infinity) return
  refuse(path, value, `expected an integer above 0${allowInfinity ? ', or Infinity' : ''}`)
}

function object(path: string, value: unknown): void {
  if (value !== undefined && (typeof value !== 'object' || value === null)) refuse(path, value, 'expected an object')
}

/** @throws {InvalidConfigError} naming the option */
export function checkHostOptions(options: HostOptions = {}): HostSettings {
  if (typeof options !== 'object' || (options as unknown) === null) refuse('options', options, 'expected an object')
  const { threads, isolation, transport, socketDirectory, limits, closeTimeoutMs, simulated, computecore } = options
  object('limits', limits)
  object('simulated', simulated)
  object('computecore', computecore)
  const libraryPath = computecore?.libraryPath
  if (
    libraryPath !== undefined &&
    (typeof libraryPath !== 'string' || libraryPath === '' || libraryPath.includes('\0'))
  ) {
    refuse('computecore.libraryPath', libraryPath, 'expected the path of a library')
  }
  positiveInteger('threads', threads)
  oneOf('isolation', isolation, ['pooled', 'dedicated'])
  oneOf('transport', transport, ['auto', 'hyperv', 'unix'])
  if (socketDirectory !== undefined && typeof socketDirectory !== 'string') {
    refuse('socketDirectory', socketDirectory, 'expected a path')
  }
  positiveInteger('limits.queuePerVM', limits?.queuePerVM, true)
  positiveInteger('limits.operations', limits?.operations, true)
  positiveInteger('limits.boots', limits?.boots, true)
  if (closeTimeoutMs !== undefined && !(typeof closeTimeoutMs === 'number' && closeTimeoutMs > 0)) {
    refuse('closeTimeoutMs', closeTimeoutMs, 'expected milliseconds above 0, or Infinity')
  }
  checkSimulated(simulated ?? {})
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
    simulated: simulated ?? {},
  }
}

/** Guests of the real service dial over Hyper-V sockets; those of a double, or of anyone's own provider, over Unix sockets. */
function chooseTransport(
  wanted: NonNullable<HostOptions['transport']>,
  provider: HostSettings['provider'],
  libraryPath = COMPUTECORE,
): TransportChoice {
  const isWindows = process.platform === 'win32'
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
  if (service === undefined) return checkSimulatedOptions(own)
  if (!(service instanceof SimulatedService)) refuse('simulated.service', service, 'expected a SimulatedService')
  const second = Object.entries(own).find(([, value]) => value !== undefined)
  if (second !== undefined) {
    refuse(
      `simulated.${second[0]}`,
      second[1],
      'a shared service has options of its own; give them to SimulatedService.open',
    )
  }
}

function chooseProvider(provider: NonNullable<HostOptions['provider']>): HostSettings['provider'] {
  if (typeof provider === 'object' && (provider as unknown) !== null) {
    const { module } = provider
    if (typeof module !== 'string' && !(module instanceof URL))
      refuse('provider.module', module, 'expected a module name, a path or a URL')
    if (module === '') refuse('provider.module', module, 'expected a module name, a path or a URL')
    try {
      structuredClone(provider.options)
    } catch {
      refuse('provider.options', provider.options, 'expected something that structured clone can copy to other threads')
    }
    return provider
  }
  oneOf('provider', provider, ['auto', 'simulated', 'computecore'])
  if (provider === 'auto') return process.platform === 'win32' ? 'computecore' : 'simulated'
  return provider
}
