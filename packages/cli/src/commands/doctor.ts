// uvmctl doctor: what this machine offers, and what to do about what is missing.

import type { Command } from 'commander'
import { spawnSync } from 'node:child_process'
import { accessSync, closeSync, constants, openSync } from 'node:fs'
import { availableParallelism, freemem, release, totalmem } from 'node:os'
import { delimiter, join } from 'node:path'
import { defaultServiceDirectory, Host, SimulatedService } from 'uvm-actors'
import { connect } from '../connection.js'
import { EXIT, ExitWith } from '../exit-codes.js'
import { printList, type Column } from '../output.js'
import { withDirectory, withOutput, type CommonOptions, type PrintOptions } from './options.js'

interface Finding {
  what: string
  /** 'missing' is no failure: something else is used instead, or is not to be had here. */
  state: 'ok' | 'missing' | 'wrong'
  found: string
  /** What would help; empty where nothing is wrong. */
  advice: string
}

const COLUMNS: Column<Finding>[] = [
  { head: '', of: ({ state }) => ({ ok: 'ok', missing: '-', wrong: 'WRONG' })[state] },
  { head: 'WHAT', of: ({ what }) => what },
  { head: 'FOUND', of: ({ found }) => found },
  { head: 'WHAT TO DO', of: ({ advice }) => advice },
]

export function addDoctor(program: Command): void {
  withOutput(
    withDirectory(
      program
        .command('doctor')
        .summary('say what this machine offers')
        .description(
          'Says what this machine offers and what to do about what is missing. Exit code 1 when something is wrong.',
        ),
    ),
  ).action(async (options: CommonOptions & PrintOptions) => {
    const findings = [...machine(), await provider(), ...virtualisation(), ...(await services(options))]
    printList(findings, COLUMNS, options)
    if (findings.some(({ state }) => state === 'wrong')) throw new ExitWith(EXIT.failed)
  })
}

const ok = (what: string, found: string): Finding => ({ what, state: 'ok', found, advice: '' })
const missing = (what: string, found: string, advice: string): Finding => ({ what, state: 'missing', found, advice })
const wrong = (what: string, found: string, advice: string): Finding => ({ what, state: 'wrong', found, advice })

function machine(): Finding[] {
  const gib = (bytes: number): string => `${(bytes / 1024 ** 3).toFixed(1)} GiB`
  const files = openFiles()
  return [
    ok('Node.js', `${process.version} on ${process.platform} ${process.arch}, ${release()}`),
    ok('processors', String(availableParallelism())),
    ok('memory', `${gib(totalmem())}, ${gib(freemem())} free`),
    ...(files === undefined
      ? []
      : files < 4096
        ? [wrong('open files', String(files), 'a guest takes up to four sockets: ulimit -n 65536')]
        : [ok('open files', String(files))]),
  ]
}

function openFiles(): number | undefined {
  if (process.platform === 'win32') return undefined
  const { stdout } = spawnSync('sh', ['-c', 'ulimit -n'], { encoding: 'utf8' })
  const limit = stdout.trim()
  return limit === 'unlimited' ? Infinity : /^\d+$/.test(limit) ? Number(limit) : undefined
}

async function provider(): Promise<Finding> {
  const what = 'provider'
  try {
    const host = await Host.open()
    await host.close()
    return ok(what, process.platform === 'win32' ? 'computecore.dll' : 'simulated (the default off Windows)')
  } catch (error) {
    return wrong(what, (error as Error).message, 'on Windows: enable Hyper-V and be in "Hyper-V Administrators"')
  }
}

function virtualisation(): Finding[] {
  if (process.platform !== 'linux') return []
  const qemu = findProgram('qemu-system-x86_64')
  return [
    qemu === undefined
      ? missing('QEMU', 'no qemu-system-x86_64', 'for real VMs: apt install qemu-system-x86')
      : ok('QEMU', qemu),
    canUse('/dev/kvm')
      ? ok('KVM', '/dev/kvm')
      : missing('KVM', 'no /dev/kvm that this user may use', 'VMs run by software emulation, slowly'),
    canUse('/dev/vhost-vsock')
      ? ok('vsock', '/dev/vhost-vsock')
      : missing('vsock', 'no /dev/vhost-vsock', 'modprobe vhost_vsock; else a daemon is used'),
  ]
}

function canUse(path: string): boolean {
  try {
    // A device may be there with nothing behind it.
    closeSync(openSync(path, constants.O_RDWR))
    return true
  } catch {
    return false
  }
}

function findProgram(name: string): string | undefined {
  for (const folder of (process.env['PATH'] ?? '').split(delimiter)) {
    const path = join(folder, name)
    try {
      accessSync(path, constants.X_OK)
      return path
    } catch {
      // Not there.
    }
  }
  return undefined
}

async function services(options: CommonOptions): Promise<Finding[]> {
  const directory = options.directory ?? defaultServiceDirectory()
  const why = (error: unknown): string => (error as Error).message
  const compute = await SimulatedService.connect({ directory, start: false })
    .then(async (service) => {
      await service.close()
      return ok('service process', directory)
    })
    .catch((error: unknown) => missing('service process', why(error), 'it is started when it is needed'))
  const control = await connect(options)
    .then(({ info, address }) => ok('uvmctl service', `${address}, pid ${info.pid}, version ${info.version}`))
    .catch((error: unknown) => missing('uvmctl service', why(error), '`uvmctl run` starts one'))
  return [ok('service directory', directory), compute, control]
}
