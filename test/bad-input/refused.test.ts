// Every public call with every argument of the wrong type, with options that are none, and with a signal that was aborted before: one
// typed error, and nobody was asked for anything.

import assert from 'node:assert/strict'
import { inspect } from 'node:util'
import { AbortError, InvalidConfigError } from '#dist/index.js'
import { CALL_OPTIONS } from '#dist/actors/mailbox/call-options.js'
import { GUEST_OPTIONS } from '#dist/actors/guest-setup.js'
import { VM_OPTIONS } from '#dist/actors/vm-setup.js'
import { CONNECT_OPTIONS, CREATE_CONTAINER_OPTIONS } from '#dist/actors/gcs/guest-arguments.js'
import { EVENT_STREAM_OPTIONS, ONCE_OPTIONS } from '#dist/actors/events.js'
import type { OptionTable } from '#dist/options/table.js'
import { failsWith, Rig, type Target } from './rig.js'

/** Options besides those of every call. */
const MORE: Readonly<Record<string, OptionTable<never>>> = {
  'host.createVM': VM_OPTIONS,
  'host.openVM': VM_OPTIONS,
  'host.createGuest': GUEST_OPTIONS,
  'guest.createConnection': CONNECT_OPTIONS,
  'guest.createContainer': CREATE_CONTAINER_OPTIONS,
}

/** Nobody takes it for an option of any kind. */
const WRONG = Symbol('wrong')

function shown(value: unknown): string {
  try {
    return inspect(value, { depth: 0 })
  } catch {
    return 'what cannot be read'
  }
}

describe('a mistake in a call', () => {
  const rig = new Rig()
  before(() => rig.open())
  after(() => rig.close())

  const each = (work: (target: Target, good: unknown[]) => Promise<void>) => () =>
    rig.withoutEffect(async () => {
      for (const target of rig.targets()) await work(target, rig.goodArgs(target))
    })

  it(
    'in any argument is an InvalidConfigError, before anybody is asked',
    each(async ({ name, call, run }, good) => {
      for (const [at, { bad }] of call.args.entries()) {
        for (const value of bad) {
          const what = `${name}, argument ${at}: ${shown(value)}`
          const error = await failsWith(what, InvalidConfigError, () => run(...good.with(at, value)))
          assert.match(error.op ?? '', /^\w+\.\w+$/, what)
        }
      }
    }),
  )

  it(
    'in any of its options is an InvalidConfigError that names it',
    each(async ({ name, call, run }, good) => {
      if (!call.takesOptions) return
      const table = MORE[name] ?? CALL_OPTIONS
      for (const [at, option] of table.names.entries()) {
        // One that is checked as the document that it is.
        if (table.rows[at]!.allows(WRONG)) continue
        const error = await failsWith(`${name} ${option}`, InvalidConfigError, () => run(...good, { [option]: WRONG }))
        assert.equal(error.path, option, name)
        const misspelt = `${option}${option.at(-1)}`
        const unknown = await failsWith(`${name} ${misspelt}`, InvalidConfigError, () =>
          run(...good, { [misspelt]: 1 }),
        )
        assert.match(unknown.message, new RegExp(`did you mean ${option}\\?$`), name)
      }
      for (const timeoutMs of [0, -1, NaN, '5']) {
        await failsWith(`${name} timeoutMs ${timeoutMs}`, InvalidConfigError, () => run(...good, { timeoutMs }))
      }
    }),
  )

  it(
    'in place of its options is one too: a signal, a number, null, an array',
    each(async ({ name, call, run }, good) => {
      if (!call.takesOptions) return
      const { signal } = new AbortController()
      const error = await failsWith(`${name} signal`, InvalidConfigError, () => run(...good, signal))
      assert.match(error.message, /not an AbortSignal: give it as \{ signal \}/)
      for (const value of [null, 1000, 'x', [], () => undefined]) {
        await failsWith(`${name} ${shown(value)}`, InvalidConfigError, () => run(...good, value))
      }
    }),
  )

  it(
    'in the options of its events is one too',
    each(async ({ name, run }, good) => {
      const table = /\.once$/.test(name) ? ONCE_OPTIONS : /\.events$/.test(name) ? EVENT_STREAM_OPTIONS : undefined
      for (const option of table?.names ?? []) {
        await failsWith(`${name} ${option}`, InvalidConfigError, () => run(...good, { [option]: WRONG }))
      }
    }),
  )

  it(
    'a signal that was aborted before is an AbortError with its reason, and nothing is done',
    each(async ({ name, call, run }, good) => {
      if (!call.takesOptions) return
      const reason = new Error('too late')
      const error = await failsWith(name, AbortError, () => run(...good, { signal: AbortSignal.abort(reason) }))
      assert.equal(error.cause, reason, name)
    }),
  )
})
