// The public calls, a row for each: its arguments, whether it takes call options, and what it does on an object that is closed. What the
// statements of src say (changes of a VM, resources of a guest) is made from them; a call without a row fails a test (calls.test.ts).

import { HOST_METHODS, HOST_RESOURCES } from '#dist/protocol/host-modifications/index.js'
import * as segments from '#dist/protocol/host-modifications/segments.js'
import { GUEST_METHOD_NAMES, guestMethod } from '#dist/protocol/guest-resources/methods.js'
import * as kinds from './kinds.js'
import type { Kind } from './kinds.js'

/** What a call does once its object is closed. */
export type Closed =
  /** It has nothing to do, or still knows the answer. */
  | 'resolves'
  /** InvalidStateError with the state 'closed'. */
  | 'closed'
  /** GuestConnectionUnavailableError. */
  | 'no-guest'
  /** InvalidStateError: it has not ended, and will not be known to have. */
  | 'not-over'

export interface Call {
  readonly args: readonly Kind[]
  /** It takes call options after its arguments. */
  readonly takesOptions: boolean
  readonly closed: Closed
  /** It answers from what this side knows, or waits for nobody: there is no time at which it could be given up. */
  readonly isLocal?: boolean
  /** Only a Windows guest has it. */
  readonly isWindows?: boolean
}

export type Calls = Readonly<Record<string, Call>>

const call = (closed: Closed, ...args: Kind[]): Call => ({ args, takesOptions: true, closed })
const local = (closed: Closed, ...args: Kind[]): Call => ({ ...call(closed, ...args), isLocal: true })
const bare = (closed: Closed, ...args: Kind[]): Call => ({ ...local(closed, ...args), takesOptions: false })

// -------------------------------------------------------------------------------------------------------------- made from statements

/** By the segment of a resource path that an argument becomes. */
const SEGMENTS = new Map<unknown, Kind>([
  [segments.REST, kinds.ID],
  [segments.NAME, kinds.NAME],
  [segments.GUID, kinds.GUID],
  [segments.VMBUS_GUID, kinds.GUID],
  [segments.NUMBER, kinds.COUNT],
  [segments.SCSI_CONTROLLER, kinds.CONTROLLER],
])

const changes: Calls = Object.fromEntries(
  Object.entries(HOST_METHODS).map(([method, { of, takes }]) => {
    const resource = HOST_RESOURCES[of]
    const args = (takes as readonly string[]).map((name): Kind => {
      if (name === 'settings?') return kinds.OPTIONAL_SETTINGS
      if (name === 'settings') return resource.number === undefined ? kinds.SETTINGS : kinds.NUMBER
      const known = SEGMENTS.get(resource.segments?.[name])
      if (known === undefined) throw new Error(`${method}: no kind for the segment ${name}`)
      return known
    })
    return [method, call('closed', ...args)]
  }),
)

const resources: Calls = Object.fromEntries(
  GUEST_METHOD_NAMES.map((method) => {
    const { resource, count, document } = guestMethod(method)
    // The one with more arguments than its settings.
    const adapter = [kinds.TEXT, kinds.STEP, kinds.OPTIONAL_SETTINGS]
    if (count > 1 && document?.[1] !== 'HostComputeEndpoint') throw new Error(`${method}: no kinds for its arguments`)
    const args = count > 1 ? adapter : [kinds.RESOURCE].slice(0, count)
    return [method, { ...call('no-guest', ...args), isWindows: !resource.guests.includes('linux') }]
  }),
)

// ------------------------------------------------------------------------------------------------------------------------- the tables

export const EVENTS: Calls = {
  on: bare('resolves', kinds.EVENT, kinds.LISTENER),
  once: bare('resolves', kinds.EVENT, kinds.LISTENER),
  off: bare('resolves', kinds.EVENT, kinds.LISTENER),
  addListener: bare('resolves', kinds.EVENT, kinds.LISTENER),
  removeListener: bare('resolves', kinds.EVENT, kinds.LISTENER),
  events: bare('resolves', kinds.EVENT),
}

export const HOST: Calls = {
  createVM: call('closed', kinds.ID, kinds.CONFIG),
  openVM: call('closed', kinds.ID),
  createGuest: local('closed', kinds.VM),
  guestOf: bare('resolves', kinds.VM),
  recover: { ...call('closed', kinds.RECOVER), takesOptions: false },
  listVMs: call('closed', kinds.QUERY),
  serviceProperties: call('closed', kinds.SETTINGS),
  modifyServiceSettings: call('closed', kinds.SETTINGS),
  grantVMAccess: call('closed', kinds.ID, kinds.ID),
  revokeVMAccess: call('closed', kinds.ID, kinds.ID),
  workingSet: call('closed', kinds.GUID),
  grantVMGroupAccess: call('closed', kinds.ID),
  revokeVMGroupAccess: call('closed', kinds.ID),
  createEmptyGuestStateFile: call('closed', kinds.ID),
  createEmptyRuntimeStateFile: call('closed', kinds.ID),
  processorCompatibility: call('closed', kinds.ID),
  stats: bare('resolves', kinds.STATS),
  close: bare('resolves'),
  ref: bare('resolves'),
  unref: bare('resolves'),
}

export const VM: Calls = {
  ...changes,
  start: call('closed'),
  shutdown: call('resolves'),
  pause: call('closed'),
  resume: call('closed'),
  save: call('closed', kinds.SETTINGS),
  modify: call('closed', kinds.MODIFY),
  wait: call('closed'),
  propertiesV2: call('closed', kinds.TEXTS),
  propertiesV3: call('closed', kinds.SETTINGS),
  startedTime: bare('resolves'),
  stoppedTime: bare('resolves'),
  exitError: bare('not-over'),
  startWithMigrationOptions: call('closed', kinds.MIGRATION),
  initializeLiveMigrationOnSource: call('closed', kinds.OPTIONAL_SETTINGS),
  startLiveMigrationOnSource: call('closed', kinds.MIGRATION),
  startLiveMigrationTransfer: call('closed', kinds.OPTIONAL_SETTINGS),
  cancelLiveMigration: call('closed', kinds.OPTIONAL_SETTINGS),
  finalizeLiveMigration: call('closed', kinds.OPTIONAL_SETTINGS),
  migrationNotifications: bare('resolves'),
  // Last: what follows a termination under way is refused for it.
  terminate: call('resolves'),
  close: local('resolves'),
}

export const GUEST: Calls = {
  ...resources,
  prepareConnection: local('closed', kinds.OPTIONAL_GUID),
  createConnection: local('closed'),
  isConnected: bare('resolves'),
  capabilities: bare('resolves'),
  dumpStacks: call('no-guest'),
  createProcess: call('no-guest', kinds.PARAMETERS),
  execInUVM: call('no-guest', kinds.REQUEST),
  exec: call('no-guest', kinds.REQUEST),
  createContainer: call('no-guest', kinds.ID, kinds.SETTINGS),
  openContainer: local('no-guest', kinds.ID),
  deleteContainerState: call('no-guest', kinds.ID),
  setMigrating: bare('closed', kinds.BOOLEAN),
  resumeConnection: local('closed'),
  nextPort: bare('closed'),
  setNextPort: bare('closed', kinds.PORT),
  bridgeNextId: bare('no-guest'),
  seedBridgeNextId: bare('no-guest', kinds.REQUEST_ID),
  openProcess: local('no-guest', kinds.SAVED),
  modifyServiceSettings: { ...call('no-guest', kinds.TEXT, kinds.SETTINGS), isWindows: true },
  saveRecording: local('closed', kinds.TEXT),
  closeConnection: local('resolves'),
  close: bare('resolves'),
}

export const CONTAINER: Calls = {
  start: call('closed'),
  shutdown: call('closed'),
  terminate: call('closed'),
  modify: call('closed', kinds.SETTINGS),
  update: call('closed', kinds.SETTINGS),
  propertiesV1: call('closed', kinds.OPTIONAL_SETTINGS),
  propertiesV2: call('closed', kinds.TEXTS),
  createProcess: call('closed', kinds.CONTAINER_PARAMETERS),
  wait: call('closed'),
  close: local('resolves'),
}

export const PROCESS: Calls = {
  wait: call('resolves'),
  exitCode: bare('not-over'),
  save: bare('resolves'),
  signal: call('closed', kinds.SIGNAL),
  kill: call('closed'),
  resizeConsole: call('closed', kinds.COUNT, kinds.COUNT),
  closeStdin: local('resolves'),
  close: local('resolves'),
}

/** What `refuse` of a setter leaves alone is the document. */
export const BUILDER: Calls = {
  toDocument: bare('resolves'),
  setUEFIBoot: bare('resolves', kinds.SETTINGS),
  setLinuxKernelDirectBoot: bare('resolves', kinds.SETTINGS),
  setMemory: bare('resolves', kinds.SETTINGS),
  setMemoryLimit: bare('resolves', kinds.COUNT_OR_BIGINT),
  setMemoryHints: bare('resolves', kinds.SETTINGS),
  setMMIOConfig: bare('resolves', kinds.COUNT_OR_BIGINT, kinds.COUNT_OR_BIGINT, kinds.COUNT_OR_BIGINT),
  setFirmwareFallbackMeasuredSlit: bare('resolves'),
  setProcessor: bare('resolves', kinds.SETTINGS),
  setProcessorLimits: bare('resolves', kinds.SETTINGS),
  setCPUGroup: bare('resolves', kinds.OPTIONAL_SETTINGS),
  setNUMAProcessorsSettings: bare('resolves', kinds.OPTIONAL_SETTINGS),
  setNUMASettings: bare('resolves', kinds.OPTIONAL_SETTINGS),
  setStorageQoS: bare('resolves', kinds.OPTIONAL_SETTINGS),
  setTerminateOnLastHandleClosed: bare('resolves', kinds.BOOLEAN),
  setRestoreState: bare('resolves', kinds.OPTIONAL_SETTINGS),
  setMigrationOptions: bare('resolves', kinds.OPTIONAL_SETTINGS),
  setGuestConnection: bare('resolves', kinds.OPTIONAL_SETTINGS),
  setRegistryChanges: bare('resolves', kinds.OPTIONAL_SETTINGS),
  addVPCIDevice: bare('resolves', kinds.GUID, kinds.SETTINGS, kinds.OPTIONAL_BOOLEAN),
  addSCSIController: bare('resolves', kinds.TEXT),
  addSCSIDisk: bare('resolves', kinds.TEXT, kinds.TEXT_LUN, kinds.SETTINGS),
  addVPMemController: bare('resolves', kinds.COUNT_OR_BIGINT, kinds.COUNT_OR_BIGINT),
  addVPMemDevice: bare('resolves', kinds.TEXT_LUN, kinds.SETTINGS),
  addVSMB: bare('resolves', kinds.SETTINGS),
  addVSMBShare: bare('resolves', kinds.SETTINGS),
  addPlan9: bare('resolves', kinds.SETTINGS),
  setSerialConsole: bare('resolves', kinds.COUNT_OR_BIGINT, kinds.PIPE),
  enableGraphicsConsole: bare('resolves'),
}

/** Getters are none. */
export const SERVICE: Calls = { close: bare('resolves') }

export const SIMULATION: Calls = {
  run: bare('closed', kinds.LISTENER),
  sleep: bare('resolves', kinds.COUNT),
  loseThread: bare('resolves', kinds.COUNT),
  restart: bare('closed'),
  cutGuest: bare('resolves', kinds.TEXT),
  resources: bare('resolves'),
  close: bare('resolves'),
}

export const STATICS: Readonly<Record<string, readonly string[]>> = {
  Host: ['open'],
  SimulatedService: ['open', 'connect'],
  Simulation: ['open'],
}

/** Public in the language, and for this library alone: marked @internal, or protected. */
export const INTERNAL: readonly string[] = [
  'openWith',
  'connectFor',
  'join',
  'vmExited',
  'takeLogs',
  'emit',
  'endEvents',
  'recall',
  'Guest.modify',
]
