// A provider module for a Host's own threads. It records what each VM's system was asked, and whether a change began while another had
// not ended. Property queries of a VM talk to its recorder: `Log` answers the record, `Release` lets the held call go. The properties of
// the service are what the service was asked.

import { HCS_EVENT, type HcsEvent, type HcsProvider, type HcsSystem } from '#dist/native/hcs.js'
import { parseJson } from '#dist/protocol/json.js'
import { deferred } from '../support/expect.js'

export interface RecordingOptions {
  /** `<VM id> <operation>` of the first such call, which waits to be released. */
  held?: string[]
}

export interface Recorded {
  op: string
  argument: string
  /** Changes of this VM that had begun and not ended. */
  overlaps: number
}

/** May overlap anything. */
const FREE: readonly string[] = ['terminate', 'properties']

class RecordingSystem implements HcsSystem {
  readonly #log: Recorded[] = []
  readonly #held: Set<string>
  readonly #gate = deferred()
  #active = 0

  constructor(
    readonly token: string,
    readonly onEvent: (event: HcsEvent) => void,
    held: string[],
  ) {
    this.#held = new Set(held)
  }

  async #call(op: string, argument: string): Promise<string> {
    const isChange = !FREE.includes(op)
    this.#log.push({ op, argument, overlaps: isChange ? this.#active : 0 })
    if (isChange) this.#active++
    try {
      if (this.#held.delete(`${this.token} ${op}`)) await this.#gate.promise
      // An answer takes a while, and not always the same.
      for (let turn = this.#log.length % 3; turn > 0; turn--) await new Promise((resolve) => setImmediate(resolve))
      return ''
    } finally {
      if (isChange) this.#active--
    }
  }

  start = (options: string): Promise<string> => this.#call('start', options)
  shutdown = (options: string): Promise<string> => this.#call('shutdown', options)
  pause = (options: string): Promise<string> => this.#call('pause', options)
  resume = (options: string): Promise<string> => this.#call('resume', options)
  save = (options: string): Promise<string> => this.#call('save', options)
  modify = (request: string): Promise<string> => this.#call('modify', request)
  migrate = (step: string, options: string): Promise<string> => this.#call('migrate', `${step} ${options}`)

  async terminate(options: string): Promise<string> {
    await this.#call('terminate', options)
    this.#gate.resolve()
    this.onEvent({ type: HCS_EVENT.systemExited, data: '{"Status":0,"ExitType":"ForcedExit"}' })
    return ''
  }

  async properties(query: string): Promise<string> {
    const { Queries = {} } = (query === '' ? {} : parseJson(query)) as { Queries?: object }
    if ('Release' in Queries) this.#gate.resolve()
    const log = 'Log' in Queries ? { Log: [...this.#log] } : {}
    return JSON.stringify({ Id: this.token, RuntimeId: `00000000-0000-0000-0000-${hex(this.token)}`, ...log })
  }

  close(): Promise<void> {
    this.#gate.resolve()
    return Promise.resolve()
  }
}

/** Twelve digits of a name that no other short name has. */
function hex(name: string): string {
  return Buffer.from(name.slice(-6)).toString('hex').padStart(12, '0')
}

export default function recordingProvider(options: unknown): HcsProvider {
  const { held = [] } = (options ?? {}) as RecordingOptions
  const open = (id: string, onEvent: (event: HcsEvent) => void): Promise<HcsSystem> =>
    Promise.resolve(new RecordingSystem(id, onEvent, held))
  const asked: unknown[][] = []
  const note = (...words: unknown[]): Promise<string> => {
    asked.push(words)
    return Promise.resolve('')
  }
  return {
    createSystem: (id, _document, onEvent) => open(id, onEvent),
    openSystem: open,
    adoptSystem: () => Promise.reject(new Error('nothing to adopt')),
    enumerate: (query) => note('enumerate', query).then(() => '[]'),
    serviceProperties: (query) => note('serviceProperties', query).then(() => JSON.stringify(asked)),
    modifyService: (settings) => note('modifyService', settings),
    grantAccess: async (...words) => void (await note('grantAccess', ...words)),
    revokeAccess: async (...words) => void (await note('revokeAccess', ...words)),
    close: () => Promise.resolve(),
  }
}
