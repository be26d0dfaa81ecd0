// Kinds of arguments: one that is right, and those that are wrong for what they are. Whatever a caller passes here is refused on his own
// thread, before anybody else hears of the call.

export interface Kind {
  readonly good: unknown
  readonly bad: readonly unknown[]
}

const circular: Record<string, unknown> = {}
circular['self'] = circular

/** Reading it runs code of the caller's, which throws. */
const unreadable = (): object =>
  new Proxy(
    {},
    {
      get: () => {
        throw new Error('not to be read')
      },
      ownKeys: () => {
        throw new Error('not to be listed')
      },
    },
  )

const kind = (good: unknown, ...bad: unknown[]): Kind => ({ good, bad })
const SYMBOL = Symbol('wrong')

export const GUID_TEXT = '01234567-0123-4567-89ab-0123456789ab'

export const TEXT = kind('x', undefined, null, 1, 1n, true, '', {}, [], SYMBOL, () => 'x')
export const ID = kind('x', ...TEXT.bad, 'a\0b', '\ud800')
export const NAME = kind('x', ...ID.bad, 'a/b')
export const GUID = kind(GUID_TEXT, undefined, null, 1, '', 'x', `${GUID_TEXT}0`, {}, SYMBOL)
export const COUNT = kind(1, undefined, null, '1', -1, 1.5, NaN, Infinity, 1n, {}, SYMBOL)
export const CONTROLLER = kind(1, ...COUNT.bad, 4)
export const NUMBER = kind(512, undefined, null, '512', NaN, Infinity, {}, SYMBOL)
export const PORT = kind(1, undefined, null, '1', -1, 1.5, NaN, 2 ** 32, 1n, {}, SYMBOL)
export const REQUEST_ID = kind(1n, undefined, null, '1', -1, 1.5, NaN, 1n << 63n, {}, SYMBOL)
export const BOOLEAN = kind(true, undefined, null, 0, 'true', {}, SYMBOL)
export const SETTINGS = kind({}, undefined, null, 1, 'x', true, [], () => ({}), SYMBOL, circular, unreadable())
/** Of a resource inside a guest: good for layers too. */
export const RESOURCE = kind({ ContainerRootPath: '/c' }, ...SETTINGS.bad)
export const OPTIONAL_SETTINGS = kind({}, ...SETTINGS.bad.slice(1))
export const OPTIONAL_GUID = kind(undefined, ...GUID.bad.slice(1))
export const TEXTS = kind([], undefined, null, 'x', [1], [undefined], {}, SYMBOL)
export const EVENT = kind('exit', undefined, null, 1, '', 'exiit', '__proto__', {}, SYMBOL)
export const LISTENER = kind(() => undefined, undefined, null, 1, 'x', {}, SYMBOL)
export const PARAMETERS = kind({ CommandLine: 'true' }, ...SETTINGS.bad)
export const CONTAINER_PARAMETERS = kind({ OciProcess: { args: ['true'], cwd: '/' } }, ...SETTINGS.bad)
export const SAVED = kind(
  { pid: 1, waitId: 7n, ports: {} },
  ...SETTINGS.bad,
  {},
  { pid: -1, waitId: 1n },
  { pid: 1.5, waitId: 1n },
  { pid: 1 },
  { pid: 1, waitId: 0n },
  { pid: 1, waitId: 1n, ports: 'x' },
  { pid: 1, waitId: 1n, ports: { stdin: -1 } },
  { pid: 1, waitId: 1n, containerId: '' },
)
export const REQUEST = kind(
  { args: ['true'] },
  ...SETTINGS.bad,
  {},
  { args: [] },
  { args: 'x' },
  { args: [1] },
  { commandLine: ' ' },
  { args: ['a'], env: { A: 1 } },
  { args: ['a'], env: [] },
  { args: ['a'], stdin: 1 },
  { args: ['a'], stdout: {} },
  { args: ['a'], terminal: true, stderr: { write: () => true } },
  { arguments: ['a'] },
)
export const SIGNAL = kind(
  undefined,
  null,
  1,
  'TERM',
  [],
  {},
  { Signal: null },
  { Signal: 1.5 },
  { signal: 15 },
  SYMBOL,
)
export const MODIFY = kind(
  { ResourcePath: 'VirtualMachine/Devices/ComPorts/0' },
  ...SETTINGS.bad,
  { ResourcePath: '' },
  { ResourcePath: 1 },
  { ResourcePath: 'a', RequestType: 'Set' },
  { ResourcePath: 'a', Settings: circular },
  { Path: 'a' },
)
export const MIGRATION = kind(
  { sessionId: 1, socket: 7n },
  ...SETTINGS.bad,
  {},
  { sessionId: '1', socket: 7n },
  { sessionId: 1 },
  { sessionId: 1, socket: 7 },
)
export const QUERY = kind({}, null, 1, 'x', [], { Ids: 'x' }, { Ids: [1] }, { Id: [] }, SYMBOL, unreadable())
export const STATS = kind(undefined, null, 1, 'x', [], { vms: 1 }, { vm: true }, SYMBOL)
export const VM = kind(undefined, null, 1, 'x', {}, [], SYMBOL, unreadable())
export const CONFIG = kind({ VirtualMachine: {} }, ...SETTINGS.bad)
export const RECOVER = kind(
  { owner: 'nobody', adopt: 'all' },
  undefined,
  null,
  'x',
  [],
  {},
  { owner: 'x' },
  { owner: '', adopt: 'all' },
  { owner: 1, adopt: 'all' },
  { owner: 'x', adopt: 'none' },
  { owner: 'x', adopt: 'all', timeoutMs: 0 },
  SYMBOL,
)
export const TEXT_LUN = kind('1', ...COUNT.bad.filter((bad) => bad !== '1'), 1, '', '-1', '01')
export const COUNT_OR_BIGINT = kind(1, ...COUNT.bad.filter((bad) => typeof bad !== 'bigint'), -1n)
export const PIPE = kind('\\\\.\\pipe\\a', ...TEXT.bad, 'a')
export const OPTIONAL_BOOLEAN = kind(undefined, ...BOOLEAN.bad.slice(1))
/** What is done with an adapter. */
export const STEP = kind('Add', undefined, null, 1, '', 'Set', {}, SYMBOL)
