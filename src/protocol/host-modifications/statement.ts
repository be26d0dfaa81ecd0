// How a modification of the host side is stated, once for all who need it: the manager interface and its methods, the resource path with
// its request types and settings. UtilityVM has its methods from here, fleet files their rows, the simulated service what it takes.
//
// One file of this folder states one kind of resource: it exports its interface, and a statement that registry.ts names.

import type { CallOptions } from '../call-options.js'
import type { Evidence } from '../evidence.js'
import type { TypeName } from '../schema/field-table.js'
import type { Segment } from './segments.js'

/** Request types of a modification. */
export type Verb = 'Add' | 'Remove' | 'Update'

export const ANY: readonly Verb[] = ['Add', 'Remove', 'Update']
export const ADD_REMOVE: readonly Verb[] = ['Add', 'Remove']
export const ADD_UPDATE: readonly Verb[] = ['Add', 'Update']

export const TOPOLOGY = 'VirtualMachine/ComputeTopology'
export const DEVICES = 'VirtualMachine/Devices'

declare const SETTINGS: unique symbol
declare const MANAGER: unique symbol

/** Of settings whose type is not known any member may be named. */
type MemberOf<S> = unknown extends S ? string : keyof S & string

/** One resource path; `S` is the type of its settings. */
export interface HostResource<S = unknown> {
  /** `{name}` stands for a segment that `segments` describes. */
  readonly path: string
  readonly segments?: Readonly<Record<string, Segment>>
  readonly allowed: readonly Verb[]
  /** Of the request types. */
  readonly evidence: Evidence
  /** Request types that need settings; the others ignore them. None: there may be no settings at all. */
  readonly needs: readonly Verb[]
  /** Schema type of the settings. */
  readonly settings?: TypeName
  /** Settings that are one number: what it is called as an argument, and what it must be. */
  readonly number?: { readonly name: string; readonly expected: string }
  /** Members that the settings must have, by request type. One that `S` does not have is no longer compiled. */
  readonly required?: Partial<Readonly<Record<Verb, readonly MemberOf<S>[]>>>
  /** Carries the type. */
  readonly [SETTINGS]?: S
}

/** One method of a manager: the request that it makes. */
export interface HostMethodRule {
  /** The resource it changes. */
  readonly of: string
  /** Absent: the request has no type, and sets the value. */
  readonly verb?: Verb
  /** Its arguments in order, options aside: names of segments, 'settings', or 'settings?' where they may be left out. */
  readonly takes: readonly string[]
}

/** The arguments of a method without the options at their end. */
type Arguments<F> = F extends (...args: infer A) => Promise<void>
  ? Required<A> extends readonly [...infer Front, unknown]
    ? Front
    : never
  : never

type Names<A extends readonly unknown[]> = { readonly [I in keyof A]: string }

type Methods<M, Kind> = {
  readonly [K in keyof M]: HostMethodRule & { readonly of: Kind; readonly takes: Names<Arguments<M[K]>> }
}

export interface HostModifications<M, R> {
  readonly resources: R
  readonly methods: Methods<M, keyof R>
  /** Carries the type. */
  readonly [MANAGER]?: M
}

/** The manager interfaces of several statements in one. */
export type ManagersOf<T> = (T extends { readonly [MANAGER]?: infer M } ? (each: M) => void : never) extends (
  all: infer I,
) => void
  ? I
  : never

/** The settings type of a resource. */
export type SettingsOf<T> = T extends HostResource<infer S> ? S : never

/** States a resource whose settings have the type `S`; undefined for one without settings. */
export function resource<S>(rule: HostResource<S>): HostResource<S> {
  return rule
}

/** States the methods of a manager and the resources they are about. */
export function hostModifications<M extends Managed<M>>(): <R extends Readonly<Record<string, HostResource>>>(
  statement: HostModifications<M, R>,
) => HostModifications<M, R> {
  return (statement) => statement
}

/** Every member is a method that takes options last. */
type Managed<M> = { [K in keyof M]: (...args: never[]) => Promise<void> }

/** A resource that nothing but `modify` of a VM reaches. */
export type NoMethods = Record<never, (options?: CallOptions) => Promise<void>>
