// What the build needs on this machine, looked for before anything is begun. All that is missing is said in one line, with the one
// command that brings it.

import { existsSync } from 'node:fs'
import { ImageError, type ImageErrorReason } from 'uvm-actors'
import { findTool } from './commands.js'

export interface Tools {
  go?: string
  cc?: string
  /** Of Debian. */
  apt?: { get: string; cache: string; deb: string }
  cargo?: string
}

export interface Needs {
  /** Packages come from the machine's package index. */
  packages: boolean
  /** The guest agent is built. */
  agent: boolean
  /** Anything of C is compiled or linked. */
  compiler: boolean
  /** The daemon of the host's side of vsock is built. */
  daemon: boolean
}

interface Tool {
  name: string
  /** The Debian package that has it. */
  from: string
  reason: ImageErrorReason
}

const TOOLS: Record<'go' | 'cc' | 'get' | 'cache' | 'deb' | 'cargo', Tool> = {
  go: { name: 'go', from: 'golang-go', reason: 'no-go' },
  cc: { name: 'cc', from: 'gcc libc6-dev', reason: 'no-compiler' },
  get: { name: 'apt-get', from: 'apt', reason: 'no-tool' },
  cache: { name: 'apt-cache', from: 'apt', reason: 'no-tool' },
  deb: { name: 'dpkg-deb', from: 'dpkg', reason: 'no-tool' },
  cargo: { name: 'cargo', from: 'cargo', reason: 'no-cargo' },
}

/** Where the kernel's own device for vsock is; with it no daemon is needed. */
export const VHOST_VSOCK = '/dev/vhost-vsock'

export function needsDaemon(): boolean {
  return !existsSync(VHOST_VSOCK)
}

/** Finds every tool, or says which are missing. `path`: where to look; PATH unless given. */
export async function findTools(needs: Needs, path?: string): Promise<Tools> {
  const wanted: (keyof typeof TOOLS)[] = []
  if (needs.agent) wanted.push('go')
  if (needs.compiler) wanted.push('cc')
  if (needs.packages) wanted.push('get', 'cache', 'deb')
  if (needs.daemon) wanted.push('cargo')
  const found = new Map<keyof typeof TOOLS, string>()
  const missing: Tool[] = []
  for (const tool of wanted) {
    const place = await findTool(TOOLS[tool].name, path)
    if (place === undefined) missing.push(TOOLS[tool])
    else found.set(tool, place)
  }
  const [first] = missing
  if (first !== undefined) throw missingTools(missing, first.reason)
  const apt = { get: found.get('get'), cache: found.get('cache'), deb: found.get('deb') }
  const tools: Tools = needs.packages ? { apt: apt as NonNullable<Tools['apt']> } : {}
  for (const name of ['go', 'cc', 'cargo'] as const) {
    const place = found.get(name)
    if (place !== undefined) tools[name] = place
  }
  return tools
}

function missingTools(missing: readonly Tool[], reason: ImageErrorReason): ImageError {
  const names = missing.map(({ name }) => name).join(', ')
  if (missing.some(({ from }) => from === 'apt' || from === 'dpkg')) {
    const help =
      'this is no Debian: give kernel, modules, busybox and runtime by path (--kernel --modules --busybox --runtime)'
    return new ImageError({ reason, what: `not on PATH: ${names}`, help })
  }
  const help = `run: apt-get install --no-install-recommends ${missing.map(({ from }) => from).join(' ')}`
  return new ImageError({ reason, what: `not on PATH: ${names}`, help })
}

/** The first "a.b" in a tool's answer about itself; undefined when it has none. */
export function versionIn(text: string): readonly [number, number] | undefined {
  const [, major, minor] = /(\d+)\.(\d+)/.exec(text) ?? []
  return major === undefined || minor === undefined ? undefined : [Number(major), Number(minor)]
}

/** Refuses a tool that is too old, or does not say how old it is. */
export function checkVersion(tool: string, answer: string, least: readonly [number, number]): void {
  const version = versionIn(answer)
  if (version !== undefined && (version[0] > least[0] || (version[0] === least[0] && version[1] >= least[1]))) return
  const has =
    version === undefined
      ? `does not tell its version (${JSON.stringify(answer.slice(0, 60))})`
      : `is ${version.join('.')}`
  const what = `${tool} ${has}, and ${least.join('.')} or later is needed`
  throw new ImageError({ reason: 'wrong-version', what, help: `install a newer ${tool}, and put it first on PATH` })
}
