// A consumer of the package, compiled by surface.test.ts against the built types: a dialler, a clock, a provider and a handler of errors of
// one's own, annotated with what the root exports alone.

import { Duplex } from 'node:stream'
import type { Host, schema } from 'uvm-actors'
import {
  isVMNotAvailable,
  lcowContainer,
  SimulatedGuest,
  UVMError,
  type CallOptions,
  type Clock,
  type ErrorContext,
  type FaultRule,
  type Guest,
  type GuestOptions,
  type HcsProvider,
  type HcsProviderFactory,
  type HcsSystem,
  type HostOptions,
  type HvSocketDialer,
  type HvSocketEndpoint,
  type LogRecord,
  type MachineAdapter,
  type MachineDisk,
  type MachinePmem,
  type MachineShare,
  type ProcessExit,
  type SimulatedHardware,
  type Timer,
  type UtilityVM,
  type UVMErrorCode,
} from 'uvm-actors'

export class Dialler implements HvSocketDialer {
  readonly dialled: HvSocketEndpoint[] = []
  async dial(address: HvSocketEndpoint): Promise<Duplex> {
    this.dialled.push(address)
    return new Duplex()
  }
}

export class StillClock implements Clock {
  immediate(): void {
    // Nothing ever happens.
  }
  now(): number {
    return 0
  }
  wallTime(): number {
    return 0
  }
  after(_delayMs: number, _callback: () => void): Timer {
    return { clear: () => undefined }
  }
}

const disk: MachineDisk = { controller: 0, lun: 0, path: 'd', readOnly: true }
const adapter: MachineAdapter = { id: 'a' }
const pmem: MachinePmem = { device: 0, offsets: [0] }
const share: MachineShare = { port: 0, name: 'n', path: 'p', readOnly: false }
export const hardware: SimulatedHardware = { disks: [disk], adapters: [adapter], pmem: [pmem], plan9: [share] }

export const start = (transport: HvSocketDialer, clock: Clock): SimulatedGuest =>
  SimulatedGuest.start({ guestOS: 'linux', transport, clock, hardware })

export const factory: HcsProviderFactory = (options: unknown): HcsProvider => options as HcsProvider
export const tokenOf = (system: HcsSystem): string => system.token

/** Codes are literals: a word that is none does not compile. */
export function advice(error: unknown): string {
  if (!(error instanceof UVMError)) return 'not ours'
  const code: UVMErrorCode = error.code
  // @ts-expect-error no such code
  if (code === 'UVM_TYPO') return 'never'
  return isVMNotAvailable(error) || code === 'UVM_TIMEOUT' ? 'try again' : code
}

const faults: FaultRule[] = [{ op: 'start', delayMs: 1 }]
export const hostOptions: HostOptions = { threads: 1, simulated: { faults } }
// @ts-expect-error no such option
export const misspelt: HostOptions = { thread: 1 }
export const guestOptions: GuestOptions & CallOptions = { recorder: false, timeoutMs: 5 }
export const context: ErrorContext = { op: 'x' }
export const spec: schema.OciSpec = { ociVersion: '1.1.0', process: { cwd: '/' }, root: { path: '/r' }, linux: {} }
export const container: schema.LinuxHostedSystem = lcowContainer('/run/c', spec)
// @ts-expect-error no such member of a specification
export const misspeltSpec = lcowContainer('/run/c', { ...spec, rootfs: '/r' } satisfies schema.OciSpec)
export const inGuest = (guest: Guest): Promise<unknown> => guest.createContainer('c', container)
export const memory: schema.VirtualMachineMemory = { SizeInMB: 512 }

export async function life(host: Host, vm: UtilityVM): Promise<ProcessExit> {
  const guest: Guest = await host.createGuest(vm, guestOptions)
  guest.on('log', (record: LogRecord) => void record.message)
  const process = await guest.createProcess({ CommandLine: 'true' })
  return process.wait()
}
