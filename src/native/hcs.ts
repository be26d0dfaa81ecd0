// The HCS seam: what a VM actor sees of a compute service. Documents are JSON text here, byte for byte what would go to
// computecore.dll, so that a provider can forward, record or check them. An empty string stands for "no document".

/** Event types of HCS_EVENT_TYPE that reach a system handle. Unknown types are ignored. (Public Windows headers.) */
export const HCS_EVENT = {
  systemExited: 0x0000_0001,
  crashInitiated: 0x0000_0002,
  crashReport: 0x0000_0003,
  guestConnectionClosed: 0x0000_0006,
  serviceDisconnect: 0x0200_0000,
  groupLiveMigration: 0x8000_0003,
} as const

export interface HcsEvent {
  /** HCS_EVENT_TYPE, read unsigned: the groups have the top bit set. */
  type: number
  /** JSON document, or '' when the event carries none. */
  data: string
}

/** The five calls of a live migration, in their usual order. */
export type MigrationStep = 'initialize-source' | 'start-source' | 'transfer' | 'finalize' | 'cancel'

/**
 * Calls on a file: read access of all VMs given and taken, an empty state file made for a VM to come, the processor features that a saved
 * runtime state needs.
 */
export type HcsFileCall =
  | 'grant-group-access'
  | 'revoke-group-access'
  | 'create-guest-state'
  | 'create-runtime-state'
  | 'processor-compatibility'

/**
 * One compute service. Rejections are `HcsError`, or any error with a numeric `hresult` and, when there is one, `document`
 * (the raw ResultError); without an hresult a rejection counts as 0x8000FFFF.
 */
export interface HcsProvider {
  /** Creates, does not start. `onEvent` may be called before the promise has resolved. */
  createSystem(id: string, document: string, onEvent: (event: HcsEvent) => void): Promise<HcsSystem>
  openSystem(id: string, onEvent: (event: HcsEvent) => void): Promise<HcsSystem>
  /** The same handle for a new actor: `token` is what `HcsSystem.token` was. Events kept meanwhile are delivered. */
  adoptSystem(token: string, onEvent: (event: HcsEvent) => void): Promise<HcsSystem>
  enumerate(query: string): Promise<string>
  serviceProperties(query: string): Promise<string>
  modifyService(settings: string): Promise<string>
  grantAccess?(vmId: string, path: string): Promise<void>
  revokeAccess?(vmId: string, path: string): Promise<void>
  /** What the service does to a file that belongs to no VM yet. Resolves with its document, '' when there is none. */
  file?(call: HcsFileCall, path: string): Promise<string>
  /** Bytes of host memory that a VM holds, by its runtime id, as decimal text; '' when it cannot be told. */
  workingSet?(runtimeId: string): Promise<string>
  /** Called once in each living thread. */
  close(): Promise<void>
}

/**
 * One open handle on a compute system. One call at a time, except `terminate`, `properties` and cancelling a migration,
 * which may overlap anything. Every operation resolves with its result document, '' when there is none.
 */
export interface HcsSystem {
  /** Names the open handle within the process. */
  readonly token: string
  start(options: string, socket?: bigint): Promise<string>
  shutdown(options: string): Promise<string>
  /** Resolves when accepted; the exit comes as an event. */
  terminate(options: string): Promise<string>
  pause(options: string): Promise<string>
  resume(options: string): Promise<string>
  save(options: string): Promise<string>
  modify(request: string): Promise<string>
  properties(query: string): Promise<string>
  migrate(step: MigrationStep, options: string, socket?: bigint): Promise<string>
  crash?(options: string): Promise<string>
  /** Releases the handle; no event arrives afterwards. Called when no other call on the system is in flight. */
  close(): Promise<void>
}

/** What a provider is told of its Host. */
export interface ProviderSurroundings {
  /** Where guests dial over Unix sockets (and where, on Windows, their named pipes are named after). */
  readonly socketDirectory: string
}

/** Default export of a provider module: loaded once in every actor thread, called with structured-cloneable options. */
export type HcsProviderFactory = (
  options: unknown,
  surroundings: ProviderSurroundings,
) => HcsProvider | Promise<HcsProvider>
