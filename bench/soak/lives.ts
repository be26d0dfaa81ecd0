// The lives of VMs: each is made, used in some way, and closed. What is done in one is decided by its number and the seed; what comes of it
// is a matter of time, of the service's faults and of the threads that are lost meanwhile. All of it may fail, nothing may hang.

import { lcowBuilder, wcowBuilder, type Guest, type Host, type UtilityVM } from '#dist/index.js'
import { seededRandom, type Random } from '#dist/simulation/random.js'
import { flood } from './flood.js'
import { useContainer } from './container.js'
import type { Tally } from './tally.js'

export interface Surroundings {
  readonly host: Host
  readonly tally: Tally
  /** Of the Host: where its guests dial. */
  readonly socketDirectory: string
  /** No life begins anything new any more. */
  readonly signal: AbortSignal
}

/** A guest that is gone answers nobody; whoever asks it keeps his time, milliseconds. */
const PATIENCE_MS = 20_000
const TIMED = { timeoutMs: PATIENCE_MS }
const MOST_ACTIONS = 6

interface Life extends Surroundings {
  readonly id: string
  readonly random: Random
  readonly vm: UtilityVM
}

interface GuestLife extends Life {
  readonly guest: Guest
}

type Action = (life: GuestLife) => Promise<unknown>

/** With how many of a hundred lives each is led. */
const KINDS = [
  ['linux', 50],
  ['windows', 15],
  ['bare', 18],
  ['impatient', 8],
  ['flooding', 4],
  ['left', 5],
] as const
type Kind = (typeof KINDS)[number][0]

function kindOf(random: Random): Kind {
  let left = random.next() * KINDS.reduce((sum, [, weight]) => sum + weight, 0)
  for (const [kind, weight] of KINDS) if ((left -= weight) < 0) return kind
  return 'linux'
}

/** Leads one life from its creation to the last close. Never rejects. */
export async function live(surroundings: Surroundings, seed: number, number: number): Promise<void> {
  const { host, tally } = surroundings
  const random = seededRandom(Math.imul(seed, 0x85eb_ca6b) ^ number)
  const kind = kindOf(random)
  const id = `${kind}-${number}`
  tally.event(`lives: ${kind}`)
  const builder =
    kind === 'windows'
      ? wcowBuilder('soak', { osFiles: 'C:\\os\\Files', scratchPath: 'C:\\scratch.vhdx' })
      : lcowBuilder('soak', { memoryMB: 512, processors: 1 })
  const made = await tally.call('createVM', id, () => host.createVM(id, builder))
  if (made === undefined) return
  const life: Life = { ...surroundings, id, random, vm: made.value }
  try {
    if (kind === 'bare') await bare(life)
    else if (kind === 'impatient') await impatient(life)
    else await withGuest(life, kind)
  } finally {
    await tally.must('close', id, () => life.vm.close())
  }
}

async function end({ tally, id, random, vm }: Life): Promise<void> {
  const exit = tally.call('wait', id, () => vm.wait(TIMED))
  if (random.chance(0.3)) await tally.call('shutdown', id, () => vm.shutdown(TIMED))
  await tally.call('terminate', id, () => vm.terminate(TIMED))
  await exit
}

/** A VM without a Guest: every step of its own life. */
async function bare(life: Life): Promise<void> {
  const { tally, id, random, vm, host } = life
  if ((await tally.call('start', id, () => vm.start(TIMED))) === undefined) return
  await tally.call('properties', id, () => vm.propertiesV2(['Memory'], TIMED))
  if ((await tally.call('pause', id, () => vm.pause(TIMED))) !== undefined) {
    const path = `\\\\soak\\${random.below(8)}.vmrs`
    if (random.chance(0.2)) {
      await tally.call('save', id, () => vm.save({ SaveType: 'ToFile', SaveStateFilePath: path }, TIMED))
    }
    await tally.call('resume', id, () => vm.resume(TIMED))
  }
  const second = await tally.call('openVM', id, () => host.openVM(id, TIMED))
  if (second !== undefined) await tally.must('close', id, () => second.value.close())
  await tally.call('listVMs', id, () => host.listVMs({ Ids: [id] }, TIMED))
  if (random.chance(0.8)) await end(life)
}

/** Calls whose callers give up at once: their late results are made good. */
async function impatient({ tally, id, random, vm, host, signal }: Life): Promise<void> {
  const given = (): { timeoutMs: number } => ({ timeoutMs: 1 + random.below(30) })
  await tally.call('createVM, given up', `${id}-late`, async () => {
    const other = await host.createVM(`${id}-late`, lcowBuilder('soak'), given())
    await other.close()
  })
  await tally.call('start, given up', id, () => vm.start(given()))
  for (let count = 0; count < 4 && !signal.aborted; count++) {
    const controller = new AbortController()
    const call = tally.call('updateMemory, aborted', id, () => vm.updateMemory(512, { signal: controller.signal }))
    if (random.chance(0.5)) await new Promise((resolve) => setImmediate(resolve))
    controller.abort()
    await call
  }
  await tally.call('terminate, given up', id, () => vm.terminate(given()))
}

async function withGuest(life: Life, kind: Kind): Promise<void> {
  const { tally, id, random, vm, host, signal } = life
  const made = await tally.call('createGuest', id, () => host.createGuest(vm, { requestTimeoutMs: PATIENCE_MS }))
  if (made === undefined) return
  const guest = made.value
  guest.on('log', () => tally.event('log entries'))
  guest.on('disconnected', (error) => tally.event(error === undefined ? 'guests closed' : 'guests lost'))
  guest.on('reconnected', () => tally.event('guests back'))
  const all: GuestLife = { ...life, guest }
  if ((await tally.call('start', id, () => vm.start(TIMED))) === undefined) return
  if ((await tally.call('createConnection', id, () => guest.createConnection(TIMED))) === undefined) return
  if (kind === 'flooding') await flood(all)
  const actions = kind === 'windows' ? WINDOWS : LINUX
  for (let left = 1 + random.below(MOST_ACTIONS); left > 0 && !signal.aborted; left--) await random.pick(actions)(all)
  // Some are closed with everything in them: whoever closes a VM need do nothing before.
  if (kind === 'left') {
    void tally.call('exec, left', id, () => guest.exec({ args: ['sleep', '1000'] }))
    return
  }
  if (random.chance(0.5)) await tally.must('close the guest', id, () => guest.close())
  await end(life)
}

/** What a command has to print, if it runs to its end. */
async function says({ tally, id, guest }: GuestLife, request: object, wanted: string): Promise<void> {
  const ran = await tally.call('exec', id, () => guest.exec(request, TIMED))
  if (ran === undefined) return
  const { exitCode, stdout } = ran.value
  const said = stdout.toString().trim()
  if (exitCode === 0 && said !== wanted) {
    tally.wrong(`${id}: ${JSON.stringify(request).slice(0, 100)} said ${JSON.stringify(said.slice(0, 100))}`)
  }
}

const echo: Action = (life) => says(life, { args: ['sh', '-c', `echo ${life.id}`] }, life.id)

const cat: Action = (life) => {
  const text = life.id.padEnd(1 + life.random.below(life.random.chance(0.1) ? 1_000_000 : 20_000), 'x')
  return says(life, { args: ['cat'], stdin: text }, text)
}

/** A process that ends when its input does. */
const fed: Action = async ({ tally, id, guest }) => {
  const parameters = { CommandArgs: ['cat'], WorkingDirectory: '/', CreateStdInPipe: true, CreateStdOutPipe: true }
  const started = await tally.call('createProcess', id, () => guest.createProcess(parameters, TIMED))
  if (started === undefined) return
  const { value: process } = started
  process.stdout?.on('error', () => undefined).resume()
  process.stdin?.on('error', () => undefined).write(id)
  const exit = tally.call('wait of a process', id, () => process.wait(TIMED))
  await tally.call('closeStdin', id, () => process.closeStdin(TIMED))
  await exit
  await tally.must('close of a process', id, () => process.close())
}

/** Output that nobody reads, of a process that nobody waits for. */
const unread: Action = async ({ tally, id, guest }) => {
  const parameters = { CommandArgs: ['yes', id], WorkingDirectory: '/', CreateStdOutPipe: true, CreateStdInPipe: true }
  const started = await tally.call('createProcess', id, () => guest.createProcess(parameters, TIMED))
  if (started === undefined) return
  for (const stream of [started.value.stdout, started.value.stdin]) stream?.on('error', () => undefined)
  await tally.must('close of a process', id, () => started.value.close())
}

const disk: Action = async ({ tally, id, vm, guest, random }) => {
  const lun = 1 + random.below(8)
  const path = { Type: 'VirtualDisk', Path: `\\\\soak\\${id}.vhdx` } as const
  const MountPath = `/mnt/${lun}`
  if ((await tally.call('addSCSIDisk', id, () => vm.addSCSIDisk(path, 0, lun, TIMED))) === undefined) return
  const mount = { Controller: 0, Lun: lun, MountPath }
  if ((await tally.call('mount', id, () => guest.addLCOWMappedVirtualDisk(mount, TIMED))) !== undefined) {
    await tally.call('unmount', id, () => guest.removeLCOWMappedVirtualDisk(mount, TIMED))
  }
  await tally.call('removeSCSIDisk', id, () => vm.removeSCSIDisk(0, lun, TIMED))
}

const changes: Action = async ({ tally, id, vm, random }) => {
  const calls = Array.from({ length: 1 + random.below(8) }, () =>
    tally.call('updateMemory', id, () => vm.updateMemory(512 + 2 * random.below(100), TIMED)),
  )
  await Promise.all(calls)
}

const stop: Action = async ({ tally, id, vm }) => {
  if ((await tally.call('pause', id, () => vm.pause(TIMED))) === undefined) return
  await tally.call('resume', id, () => vm.resume(TIMED))
}

const stacks: Action = ({ tally, id, guest }) => tally.call('dumpStacks', id, () => guest.dumpStacks(TIMED))

const properties: Action = ({ tally, id, vm }) => tally.call('properties', id, () => vm.propertiesV2([], TIMED))

const again: Action = async ({ tally, id, guest }) => {
  if ((await tally.call('closeConnection', id, () => guest.closeConnection(TIMED))) === undefined) return
  await tally.call('createConnection', id, () => guest.createConnection(TIMED))
}

const containers: Action = ({ tally, id, guest, random }) =>
  useContainer({ tally, id, guest, number: random.below(1_000_000), timed: TIMED })

const LINUX = [echo, echo, cat, cat, fed, unread, disk, changes, stop, stacks, properties, again, containers]

const WINDOWS: readonly Action[] = [
  (life) => says(life, { commandLine: `cmd /c echo ${life.id}` }, life.id),
  changes,
  stop,
  stacks,
  properties,
]
