// The statements as tables: resources by kind, methods by name, and the resource that a path names.

import registry from './registry.js'
import type { HostMethodRule, HostResource, ManagersOf, SettingsOf } from './statement.js'

export type { HostMethodRule, HostResource, Verb } from './statement.js'

type Statements = typeof registry
type Resources = { [K in keyof Statements]: Statements[K]['resources'] }[keyof Statements]

/** A | B as A & B. */
type Joined<U> = (U extends unknown ? (each: U) => void : never) extends (all: infer I) => void ? I : never

/** Every method that modifies the host side of a VM. */
export type HostManagers = ManagersOf<Statements[keyof Statements]>
export type HostMethod = keyof HostManagers

export type ResourceKind = keyof Joined<Resources>
/** The settings of a kind of resource. */
export type ResourceSettings<K extends ResourceKind> = SettingsOf<Joined<Resources>[K]>

const statements: readonly { resources: object; methods: object }[] = Object.values(registry)

export const HOST_RESOURCES: Readonly<Record<ResourceKind, HostResource>> = Object.assign(
  {},
  ...statements.map(({ resources }) => resources),
)

export const HOST_METHODS: Readonly<Record<HostMethod, HostMethodRule & { readonly of: ResourceKind }>> = Object.assign(
  {},
  ...statements.map(({ methods }) => methods),
)

/** A resource path, understood: its kind and what stands for the placeholders. Numbers are in range only by their form. */
export interface ResourceTarget {
  readonly kind: ResourceKind
  readonly segments: readonly string[]
}

const PATTERNS = Object.entries(HOST_RESOURCES).map(([kind, { path, segments }]) => ({
  kind: kind as ResourceKind,
  pattern: new RegExp(`^${path.replace(/\{(\w+)\}/g, (_, name: string) => segments?.[name]?.pattern ?? '')}$`),
}))

/** Undefined for a path that no statement has. Literal segments are case-sensitive. */
export function findResource(path: string): ResourceTarget | undefined {
  for (const { kind, pattern } of PATTERNS) {
    const found = pattern.exec(path)
    if (found !== null) return { kind, segments: found.slice(1) }
  }
  return undefined
}

/** The path of a resource, its placeholders filled in by `segmentOf`. */
export function resourcePath({ path }: HostResource, segmentOf: (name: string) => string): string {
  return path.replace(/\{(\w+)\}/g, (_, name: string) => segmentOf(name))
}
