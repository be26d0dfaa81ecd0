// The guest agent and our init, built on this machine: the agent by the ordinary Go client from its module, init by the C compiler.

import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { ImageError } from 'uvm-actors'
import { run } from './commands.js'
import { AGENT, AGENT_BUILD, INIT_BUILD } from './recipe.js'

export interface GoModule {
  path: string
  version: string
  licence: string
}

/** The version that a go.mod names for a module. */
export function moduleVersion(goMod: string, module: string): string {
  const line = goMod.split('\n').find((each) =>
    each
      .trim()
      .replace(/^require /, '')
      .startsWith(`${module} `),
  )
  const version = line === undefined ? undefined : /\sv\S+/.exec(line)?.[0].trim()
  if (version === undefined) throw new ImageError({ reason: 'no-agent', what: `go.mod names no version of ${module}` })
  return version
}

/** The Go version that a go.mod asks for. */
export function goVersion(goMod: string): readonly [number, number] {
  const [, major = '1', minor = '0'] = /^go (\d+)\.(\d+)/m.exec(goMod) ?? []
  return [Number(major), Number(minor)]
}

/** What a licence file is, by its own words; 'see the module' when it is none of the usual ones. */
export function licenceName(text: string): string {
  if (/Apache License\s+Version 2\.0/.test(text)) return 'Apache-2.0'
  if (/Mozilla Public License.{0,20}2\.0/is.test(text)) return 'MPL-2.0'
  if (/Permission is hereby granted, free of charge/.test(text)) return 'MIT'
  if (/Redistribution and use in source and binary forms/.test(text)) {
    return /neither the name/i.test(text) ? 'BSD-3-Clause' : 'BSD-2-Clause'
  }
  if (/Permission to use, copy, modify, and\/?or? ?distribute/.test(text)) return 'ISC'
  return 'see the module'
}

/** What licence files are called; any ending may follow. */
const LICENCE_FILE = /^(licen[cs]e|copying)(\.\w+)?$/i

async function licenceIn(directory: string): Promise<string> {
  const names = await readdir(directory).catch(() => [])
  for (const name of names.filter((each) => LICENCE_FILE.test(each))) {
    const text = await readFile(join(directory, name), 'utf8').catch(() => undefined)
    if (text !== undefined) return licenceName(text)
  }
  return 'see the module'
}

/** Builds the agent into `output`. The module's checksums are in go.sum, and Go holds what it fetched against them. */
export async function buildAgent(go: string, directory: string, output: string, signal?: AbortSignal): Promise<void> {
  const env = {
    CGO_ENABLED: '0',
    GOOS: 'linux',
    GOARCH: 'amd64',
    GOWORK: 'off',
    GOFLAGS: '-mod=readonly -buildvcs=false',
    GOAMD64: 'v1',
  }
  await run(go, [...AGENT_BUILD, '-o', output, AGENT.command], { cwd: directory, env, signal })
}

/** The modules that went into a built agent, with their licences. */
export async function agentModules(
  go: string,
  directory: string,
  agent: string,
  signal?: AbortSignal,
): Promise<GoModule[]> {
  const listed = await run(go, ['version', '-m', agent], { signal })
  const used = new Set(
    [...listed.matchAll(/^\tdep\t(\S+)\t(\S+)/gm)].map(([, path = '', version = '']) => `${path} ${version}`),
  )
  const format = '{{.Path}} {{.Version}}\t{{.Dir}}'
  const all = await run(go, ['list', '-mod=readonly', '-m', '-f', format, 'all'], {
    cwd: directory,
    env: { GOWORK: 'off' },
    signal,
  })
  const modules: GoModule[] = []
  for (const line of all.split('\n')) {
    const [name = '', place = ''] = line.split('\t')
    if (!used.has(name)) continue
    const [path = '', version = ''] = name.split(' ')
    modules.push({ path, version, licence: await licenceIn(place) })
  }
  return modules
}

/** Compiles init, static. */
export async function buildInit(
  cc: string,
  sources: readonly string[],
  output: string,
  signal?: AbortSignal,
): Promise<void> {
  const help = 'init is linked statically: run: apt-get install --no-install-recommends gcc libc6-dev'
  await run(cc, [...INIT_BUILD, '-o', output, ...sources], { signal, help })
}
