// Calls that concern no handle: enumeration, the service's own properties and settings, access to files.

import { HRESULT } from '../../protocol/hresult.js'
import { systemClock, type Timer } from '../clock.js'
import type { HcsFileCall } from '../hcs.js'
import { NativeFailure } from './failure.js'
import type { FunctionName } from './functions.js'
import type { CallLane } from './lane.js'
import { nullable, type ComputeCore } from './library.js'
import type { Operations } from './operations.js'

/** How long Host.open waits for the compute service to answer at all, milliseconds. */
const PROBE_MS = 30_000

/** A query that matches nothing: what is asked is whether the service answers. */
const PROBE_QUERY = '{"Owners":["uvm-actors: is the service there?"]}'

const FILE_FUNCTIONS = {
  'grant-group-access': 'HcsGrantVmGroupAccess',
  'revoke-group-access': 'HcsRevokeVmGroupAccess',
  'create-guest-state': 'HcsCreateEmptyGuestStateFile',
  'create-runtime-state': 'HcsCreateEmptyRuntimeStateFile',
} as const satisfies Partial<Record<HcsFileCall, FunctionName>>

const RIGHTS: readonly number[] = [HRESULT.HCS_E_ACCESS_DENIED, HRESULT.E_ACCESSDENIED]

export class Service {
  readonly #library: ComputeCore
  readonly #lane: CallLane
  readonly #operations: Operations

  constructor(options: { library: ComputeCore; lane: CallLane; operations: Operations }) {
    this.#library = options.library
    this.#lane = options.lane
    this.#operations = options.operations
  }

  async enumerate(query: string): Promise<string> {
    const native = this.#library.get('HcsEnumerateComputeSystems')
    const text = nullable(query)
    return this.#operations.run({ native, arguments: (operation) => [text, operation] })
  }

  properties(query: string): Promise<string> {
    return this.#ask('HcsGetServiceProperties', query)
  }

  modify(settings: string): Promise<string> {
    return this.#ask('HcsModifyServiceSettings', settings)
  }

  async #ask(name: FunctionName, argument: string): Promise<string> {
    const out: [bigint | null] = [null]
    const hresult = Number(await this.#lane.call(this.#library.get(name), nullable(argument), out))
    // A failing call can have written a document, too.
    const document = this.#library.takeDocument(out[0])
    if (hresult < 0) throw new NativeFailure(hresult, document)
    return document
  }

  async access(what: 'grantAccess' | 'revokeAccess', vmId: string, path: string): Promise<string> {
    const native = this.#library.get(what === 'grantAccess' ? 'HcsGrantVmAccess' : 'HcsRevokeVmAccess')
    const hresult = Number(await this.#lane.call(native, nullable(vmId), nullable(path)))
    if (hresult < 0) throw new NativeFailure(hresult)
    return ''
  }

  async file(what: HcsFileCall, path: string): Promise<string> {
    if (what === 'processor-compatibility') return this.#ask('HcsGetProcessorCompatibilityFromSavedState', path)
    const hresult = Number(await this.#lane.call(this.#library.get(FILE_FUNCTIONS[what]), nullable(path)))
    if (hresult < 0) throw new NativeFailure(hresult)
    return ''
  }

  /** Whether the service answers, and answers this user. @throws {NativeFailure} with what is missing in `unavailable` */
  async probe(): Promise<void> {
    let timer: Timer | undefined
    const silence = new Promise<never>((_resolve, reject) => {
      timer = systemClock.after(PROBE_MS, () => {
        const reason = `the compute service has not answered within ${PROBE_MS / 1000} s`
        reject(new NativeFailure(HRESULT.HCS_E_OPERATION_TIMEOUT, '', reason))
      })
    })
    const answer = this.enumerate(PROBE_QUERY)
    answer.catch(() => undefined)
    try {
      await Promise.race([answer, silence])
    } catch (error) {
      if (!(error instanceof NativeFailure) || error.unavailable !== undefined) throw error
      throw new NativeFailure(error.hresult, error.document, reasonOf(error))
    } finally {
      timer?.clear()
    }
  }
}

function reasonOf({ hresult, message }: NativeFailure): string {
  const code = `0x${hresult.toString(16).toUpperCase()}`
  if (RIGHTS.includes(hresult)) {
    return `no rights to the compute service (${code}): run as an elevated administrator or as a member of Hyper-V Administrators`
  }
  return `the compute service does not answer (${code}, ${message}): it needs the feature Hyper-V, Virtual Machine Platform or Containers`
}
