// The launcher, compiled as its Makefile does, and run as containerd does.

import { execFileSync, spawn } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { buffer } from 'node:stream/consumers'

const PROGRAM = resolve('packages/containerd/dist/main.js')

/** Whether it can be made here, and what it has started be found. */
export function hasCompiler(): boolean {
  if (!existsSync('/proc/self/cmdline')) return false
  try {
    execFileSync('sh', ['-c', 'command -v make && command -v cc'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

/** Compiles it, with a daemon's program beside it; the answer is the folder of both, for a path. */
export function buildLauncher(place: string): string {
  const folder = join(place, 'bin')
  mkdirSync(folder)
  execFileSync('make', ['-C', 'packages/containerd/launcher', `PREFIX=${place}`, 'install', 'clean'], { stdio: 'pipe' })
  writeFileSync(join(folder, 'uvm-containerd'), `#!/bin/sh\nexec ${process.execPath} ${PROGRAM} "$@"\n`, {
    mode: 0o755,
  })
  return folder
}

export interface Launched {
  code: number | null
  stdout: Buffer
  stderr: string
}

export async function launch(
  folder: string,
  args: string[],
  env: Record<string, string>,
  cwd: string,
): Promise<Launched> {
  const child = spawn(join(folder, 'containerd-shim-uvm-v1'), args, {
    cwd,
    env: { ...process.env, PATH: `${folder}:${process.env['PATH']}`, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const [stdout, stderr, code] = await Promise.all([
    buffer(child.stdout),
    buffer(child.stderr),
    new Promise<number | null>((done) => child.once('close', done)),
  ])
  return { code, stdout, stderr: String(stderr) }
}

/** Ids of the daemons whose sockets lie below this directory, which serve until they are ended. */
export function daemonsBelow(directory: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      const words = argumentsOf(pid)
      return words[1]?.endsWith('main.js') === true && words.some((word) => word.startsWith(`${directory}/`))
    })
    .map(Number)
}

function argumentsOf(pid: string): string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0')
  } catch {
    // It has ended.
    return []
  }
}

/** Ends them, and waits until they are gone: one that is dying has no arguments any more, and its sockets still. */
export async function endDaemons(directory: string, signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
  const pids = daemonsBelow(directory)
  for (const pid of pids) process.kill(pid, signal)
  while (pids.some(isThere)) await new Promise((done) => setTimeout(done, 20))
}

function isThere(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

export function addressFile(bundle: string): string {
  return readFileSync(join(bundle, 'address'), 'utf8')
}
