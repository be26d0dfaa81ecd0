// What is done to guests: connections, processes and their streams.

import type { Readable } from 'node:stream'
import { BridgeClosedError, type Guest, type GuestProcess, type schema } from '#dist/index.js'
import { seededRandom } from '#dist/simulation/random.js'
import type { Expected } from './model.js'
import type { Action, Kind } from './plan.js'
import type { Slot } from './slot.js'
import { VM_ACTIONS, type Perform } from './vm-actions.js'

const OK: Expected = { ok: true }

/** A guest that is paused or gone answers nobody; whoever asks it keeps his time. */
const TIMED = { timeoutMs: 500 }

const createGuest: Perform = async (slot, action) => {
  const { vm, model, world } = slot
  if (vm === undefined) return
  const expected: Expected | undefined =
    !model.isCertain || model.guest === 'unsure'
      ? undefined
      : model.guest !== 'none'
        ? { ok: false, code: 'UVM_INVALID_STATE', says: 'guest-exists' }
        : model.isAlive
          ? OK
          : undefined
  const { value } = await slot.call(action, 'createGuest', expected, () => world.host.createGuest(vm))
  if (value === undefined) return
  slot.guest = value
  model.guest = model.isCertain ? 'open' : 'unsure'
  value.on('disconnected', () => {
    if (model.guest === 'connected') model.guest = 'unsure'
    world.say(`${slot.id} disconnected`)
  })
}

function needsGuest(perform: (slot: Slot, action: Action, guest: Guest) => Promise<void>): Perform {
  return async (slot, action) => {
    if (slot.guest === undefined) return createGuest(slot, action)
    await perform(slot, action, slot.guest)
  }
}

const connect: Perform = needsGuest(async (slot, action, guest) => {
  const { model, world } = slot
  slot.mayTimeOut = true
  const isSmooth = world.simulation.weather.refusedDials === 0
  const expected = model.isCertain && model.power === 'running' && model.guest === 'open' && isSmooth ? OK : undefined
  const { error } = await slot.call(action, 'connect', expected, () => guest.createConnection({ timeoutMs: 1000 }))
  if (model.guest === 'open') model.guest = error === undefined ? 'connected' : 'unsure'
})

/** Whether the guest is certain to answer. */
function answers({ model }: Slot): boolean {
  return model.isCertain && model.power === 'running' && model.guest === 'connected'
}

async function read(stream: Readable | null): Promise<string> {
  let text = ''
  try {
    for await (const chunk of stream ?? []) text += String(chunk)
  } catch (error) {
    // It was cut with its connection, or closed with its process: the wait for the exit tells.
    const { code } = error as { code?: unknown }
    if (!(error instanceof BridgeClosedError) && code !== 'ERR_STREAM_PREMATURE_CLOSE') throw error
  }
  return text
}

/** Starts a process, uses it, waits for its exit and closes it. `said` is what it has to print. */
async function useProcess(
  slot: Slot,
  action: Action,
  guest: Guest,
  command: string,
  use: (process: GuestProcess) => Promise<string>,
  said: string | undefined,
): Promise<void> {
  const { model, world } = slot
  slot.mayTimeOut = true
  const isCertain = answers(slot)
  const parameters = {
    CommandArgs: ['sh', '-c', command],
    WorkingDirectory: '/',
    CreateStdInPipe: true,
    CreateStdOutPipe: true,
  }
  const smooth = world.simulation.weather.refusedDials === 0
  const expected = isCertain && smooth ? OK : undefined
  const { value: process } = await slot.call(action, `exec ${command}`, expected, () =>
    guest.createProcess(parameters, TIMED),
  )
  if (process === undefined) return
  for (const stream of [process.stdin, process.stdout]) stream?.on('error', () => undefined)
  const { value, error } = await slot.call(action, 'process', undefined, async () => {
    const [text] = await Promise.all([use(process), process.wait({ timeoutMs: 1000 })])
    return text
  })
  if (isCertain && answers(slot) && slot.guest === guest && said !== undefined) {
    if (value !== said) {
      world.violated(
        `#${action.number} ${slot.id}: ${command} said ${JSON.stringify(value)} (${String(error)}), and not ${JSON.stringify(said)}`,
      )
    }
  }
  await process.close()
  if (error instanceof BridgeClosedError && model.guest === 'connected') model.guest = 'unsure'
}

/** Mostly what is missing before a process can be started, else the attempt itself. */
function onGuest(perform: (slot: Slot, action: Action, guest: Guest) => Promise<void>): Perform {
  const attempt = needsGuest(perform)
  return async (slot, action) => {
    const missing = seededRandom(action.seed ^ 1).chance(0.9) ? missingFor(slot) : undefined
    const steps = {
      create: VM_ACTIONS.create,
      start: VM_ACTIONS.start,
      resume: VM_ACTIONS.resume,
      close: VM_ACTIONS.close,
      createGuest,
      connect,
      closeGuest,
    }
    await (missing === undefined ? attempt : steps[missing]!)(slot, action)
  }
}

function missingFor({
  vm,
  guest,
  model,
}: Slot): 'create' | 'start' | 'resume' | 'close' | 'createGuest' | 'connect' | 'closeGuest' | undefined {
  if (vm === undefined) return 'create'
  if (!model.isCertain) return undefined
  if (model.power === 'gone' || model.power === 'lost') return 'close'
  if (guest === undefined) return 'createGuest'
  if (model.power === 'created') return 'start'
  if (model.power === 'paused') return 'resume'
  if (model.guest === 'unsure') return 'closeGuest'
  return model.guest === 'open' ? 'connect' : undefined
}

const echo: Perform = onGuest((slot, action, guest) =>
  useProcess(slot, action, guest, `echo ${action.number}`, (process) => read(process.stdout), `${action.number}\n`),
)

const cat: Perform = onGuest((slot, action, guest) => {
  const random = seededRandom(action.seed)
  const text = 'x'.repeat(1 + random.below(random.chance(0.2) ? 1_000_000 : 20_000))
  return useProcess(
    slot,
    action,
    guest,
    'cat',
    async (process) => {
      process.stdin?.end(text)
      return read(process.stdout)
    },
    text,
  )
})

const killed: Perform = onGuest((slot, action, guest) =>
  useProcess(
    slot,
    action,
    guest,
    'sleep 1000',
    async (process) => {
      await slot.world.simulation.sleep(5)
      await process.kill(TIMED).catch(() => undefined)
      return read(process.stdout)
    },
    undefined,
  ),
)

/** Output that nobody reads holds up nothing. */
const unread: Perform = onGuest((slot, action, guest) =>
  useProcess(
    slot,
    action,
    guest,
    'seq 1 2000',
    async (process) => {
      process.stdout?.destroy()
      return ''
    },
    undefined,
  ),
)

/** The whole life of a container: its init, a command beside it, its end. */
const container: Perform = onGuest(async (slot, action, guest) => {
  const { world, model } = slot
  slot.mayTimeOut = true
  const isCertain = answers(slot) && world.simulation.weather.refusedDials === 0
  const id = `c-${action.number}`
  const { value, error } = await slot.call(action, `container ${id}`, undefined, async () => {
    await guest.execInUVM({ args: ['mkdir', '-p', `/run/gcs/c/${id}/rootfs`] }, TIMED)
    const made = await guest.createContainer(id, containerOf(id), TIMED)
    try {
      await made.start(TIMED)
      const init = await made.createProcess({}, TIMED)
      const beside = await made.createProcess({ OciProcess: ociProcess(['echo', id]), CreateStdOutPipe: true }, TIMED)
      beside.stdout?.on('error', () => undefined)
      const [text] = await Promise.all([read(beside.stdout), beside.wait({ timeoutMs: 1000 })])
      await beside.close()
      await made.shutdown(TIMED)
      const { exitCode } = await init.wait({ timeoutMs: 1000 })
      await init.close()
      await made.wait({ timeoutMs: 1000 })
      return `${text}${exitCode}`
    } finally {
      await made.close()
      await guest.deleteContainerState(id, TIMED).catch(() => undefined)
    }
  })
  if (!isCertain || !answers(slot) || slot.guest !== guest) return
  if (value !== `${id}\n143`) {
    world.violated(`#${action.number} ${slot.id}: container ${id} came to ${JSON.stringify(value)} (${String(error)})`)
  }
  if (error instanceof BridgeClosedError && model.guest === 'connected') model.guest = 'unsure'
})

function ociProcess(args: string[]): schema.OciProcess {
  return { args, cwd: '/', env: ['PATH=/bin:/usr/bin'], user: { uid: 0, gid: 0 } }
}

function containerOf(id: string): object {
  return {
    SchemaVersion: { Major: 2, Minor: 1 },
    OciBundlePath: `/run/gcs/c/${id}`,
    OciSpecification: {
      ociVersion: '1.1.0',
      process: ociProcess(['sh', '-c', "trap 'exit 143' TERM; sleep 1000 & wait"]),
      root: { path: `/run/gcs/c/${id}/rootfs` },
      mounts: [{ destination: '/proc', type: 'proc', source: 'proc' }],
      linux: { namespaces: [{ type: 'pid' }, { type: 'mount' }] },
    },
    ScratchDirPath: `/run/gcs/c/${id}/scratch`,
  }
}

const disconnect: Perform = needsGuest(async (slot, action, guest) => {
  slot.mayTimeOut = true
  if (slot.model.guest === 'connected') slot.model.guest = 'unsure'
  await slot.call(action, 'closeConnection', undefined, () => guest.closeConnection(TIMED))
})

const closeGuest: Perform = needsGuest(async (slot, action, guest) => {
  slot.guest = undefined
  await slot.call(action, 'close the guest', OK, () => guest.close())
  slot.model.guest = slot.model.isCertain && slot.outstanding.size === 0 ? 'none' : 'unsure'
})

export const GUEST_ACTIONS: Partial<Record<Kind, Perform>> = {
  createGuest,
  connect,
  echo,
  cat,
  killed,
  unread,
  disconnect,
  closeGuest,
  container,
}
