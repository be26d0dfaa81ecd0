// How a guest resource is stated: one statement says its type, which guests know it, the methods of Guest that change it and what they
// send. Everything else follows from the statements: the methods themselves, what a fleet file may say, what a simulated guest must know.

import type { GuestOS } from '../guest-os.js'
import type { TypeName } from '../schema/field-table.js'
import type { ResourceType } from '../schema/index.js'

/** RequestType of a change. */
export type ResourceRequest = 'Add' | 'Remove' | 'Update'

/** `Methods`: the methods of Guest that change the resource, as their caller sees them; each takes CallOptions last. */
export interface GuestResource<
  System extends GuestOS = GuestOS,
  Methods extends { [Name in keyof Methods]: (...args: never[]) => Promise<void> } = object,
> {
  /** Guests that know it. */
  readonly guests: readonly System[]
  readonly type: ResourceType
  /** Schema type of the settings on the wire; absent: the request has none. */
  readonly settings?: TypeName
  /** Member of the guest-defined capabilities without which the guest does not know the request. */
  readonly needs?: string
  /** What each method asks of the guest. */
  readonly methods: { readonly [Name in keyof Methods]: ResourceRequest }
  /** How the settings come out of the caller's arguments; absent: the only argument is the settings, sent as given. */
  readonly input?: ResourceInput
  /** Not there at run time: it ties the statement to its methods' types. */
  readonly types?: Methods
}

/** Arguments of a method that are not simply the settings. */
export interface ResourceInput {
  /** How many arguments there are, the options aside. */
  readonly count: number
  /** Which argument is a document, and of which schema type. */
  readonly document: readonly [index: number, type: TypeName]
  /**
   * The settings as text. `text` writes a document of a schema type.
   *
   * @throws {InvalidConfigError} an argument that cannot be used
   */
  write(args: readonly unknown[], subject: { op: string; id?: string }, text: DocumentWriter): string
}

/** @throws {InvalidConfigError} no object, or it cannot be serialised */
export type DocumentWriter = (type: TypeName, value: unknown) => string

/** The only argument is the settings; `prepare` gives what is sent for what the caller gave. */
export function preparedSettings(type: TypeName, prepare: (settings: unknown) => unknown): ResourceInput {
  return { count: 1, document: [0, type], write: ([settings], _subject, text) => text(type, prepare(settings)) }
}
