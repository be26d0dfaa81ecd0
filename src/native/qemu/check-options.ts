// The options of the QEMU supervisor, checked before anything is started.

import { isAbsolute } from 'node:path'
import { InvalidConfigError } from '../../errors.js'
import { BOOLEAN, group, MILLISECONDS, oneOf, row, TEXT } from '../../options/rows.js'
import { checkOptions, optionTable, type OptionTable, type Rows } from '../../options/table.js'
import { isRecord } from '../../protocol/json.js'
import type { QemuConnectOptions, QemuNetwork, QemuOptions } from './options.js'

/** As `hosted.ts` has it. */
const MAX_STATE_BYTES = 48

const PROGRAM = row('the path of a program, or its name', (value) => {
  return typeof value === 'string' && value !== '' && !value.includes('\0')
})
const isPath = (value: unknown): value is string =>
  typeof value === 'string' && isAbsolute(value) && !value.includes('\0')
const PATH = row('an absolute path', isPath)
const PORT = (value: unknown): boolean => Number.isInteger(value) && Number(value) > 0 && Number(value) < 65_536
/** Spaces would make two of one. */
const WORDS = row('an array of words without blanks', (value) => {
  return Array.isArray(value) && value.every((word) => typeof word === 'string' && /^[^\s\0]+$/.test(word))
})

const FORWARDS = row('an array of { hostPort, guestPort }', (value) => {
  return Array.isArray(value) && value.every((one) => isRecord(one) && PORT(one['hostPort']) && PORT(one['guestPort']))
})
/** Of Linux: 15 bytes without a slash. */
const INTERFACE = row('the name of a network interface', (value) => {
  return typeof value === 'string' && /^[^\s/,\0]{1,15}$/.test(value)
})
const NAMESPACE = row('the name of a network name space', (value) => {
  return typeof value === 'string' && /^[^\s/\0-][^\s/\0]*$/.test(value)
})

type Of<T extends QemuNetwork['type']> = Extract<QemuNetwork, { type: T }>
const TYPES = oneOf('user', 'tap', 'socket')

const NETWORK = {
  user: optionTable<Of<'user'>>('network', { type: TYPES, restrict: BOOLEAN, forwards: FORWARDS }),
  tap: optionTable<Of<'tap'>>('network', { type: TYPES, name: INTERFACE, namespace: NAMESPACE }),
  socket: optionTable<Of<'socket'>>('network', { type: TYPES, path: PATH }),
} as const
const NEEDED = { user: [], tap: ['name'], socket: ['path'] } as const

/** What a supervisor takes, by itself or as part of a Host's options. */
export const QEMU_ROWS: Rows<QemuOptions> = {
  binary: PROGRAM,
  vsockDaemon: PROGRAM,
  accelerator: oneOf('auto', 'kvm', 'tcg'),
  stateDirectory: row(`an absolute path of at most ${MAX_STATE_BYTES} bytes`, (value) => {
    return isPath(value) && Buffer.byteLength(value) <= MAX_STATE_BYTES
  }),
  networks: row('an object: a network by EndpointId', isRecord),
  kernelArguments: WORDS,
  firmware: PATH,
  cgroup: PATH,
}

type StartOptions = Exclude<NonNullable<QemuConnectOptions['start']>, boolean>

/** QemuService.connect. */
export const QEMU_CONNECT_OPTIONS = optionTable<QemuConnectOptions>('options', {
  directory: TEXT,
  start: {
    expected: 'expected a boolean, or an object of options',
    allows: (value) => typeof value === 'boolean' || isRecord(value),
    members: optionTable<StartOptions>('start', {
      ...QEMU_ROWS,
      graceMs: row('milliseconds of 0 or more, or Infinity', (value) => typeof value === 'number' && value >= 0),
    }),
  },
  timeoutMs: MILLISECONDS,
  signal: row('an AbortSignal', (value) => value instanceof AbortSignal),
})

/** @throws {InvalidConfigError} naming the option */
export function checkQemuConnectOptions(op: string, options: QemuConnectOptions): void {
  checkOptions({ op }, options, QEMU_CONNECT_OPTIONS)
  if (typeof options.start === 'object') checkNetworks(op, 'start.networks', options.start)
}

/** What the rows do not say. @throws {InvalidConfigError} naming the network */
export function checkNetworks(op: string, path: string, { networks = {} }: QemuOptions): void {
  for (const [endpoint, network] of Object.entries<unknown>(networks)) {
    const at = `${path}.${endpoint}`
    const type = isRecord(network) ? network['type'] : undefined
    if (!isRecord(network) || !TYPES.allows(type)) {
      throw new InvalidConfigError({ op, path: `${at}.type`, value: type, reason: TYPES.expected })
    }
    const kind = type as QemuNetwork['type']
    const members: OptionTable<never> = NETWORK[kind]
    checkOptions<never>({ op }, { [at]: network } as never, { what: path, names: [at], rows: [group(members)] })
    const missing = NEEDED[kind].find((name) => network[name] === undefined)
    if (missing !== undefined) {
      throw new InvalidConfigError({ op, path: `${at}.${missing}`, value: undefined, reason: 'it is needed' })
    }
  }
}
