// A fleet that stays: made, changed and used through the service, which holds its VMs until `fleet down`.

import { finished } from 'node:stream/promises'
import type { ControlClient } from 'uvm-actors/control'
import { LineSplitter } from '../lines.js'
import { OWNER } from '../service.js'
import type { PlannedCommand, VmPlan } from './file.js'
import type { FleetObserver } from './report.js'

/** VMs that are made at once. */
const AT_ONCE = 16

export interface KeptVm {
  id: string
  ok: boolean
  error?: string
}

/** Never rejects: what fails is in the answer, and such a VM is taken away. */
export async function keepFleet(
  client: ControlClient,
  plans: readonly VmPlan[],
  observer: FleetObserver,
  signal: AbortSignal,
): Promise<KeptVm[]> {
  const left = [...plans]
  const done: KeptVm[] = []
  const work = async (): Promise<void> => {
    for (let plan = left.shift(); plan !== undefined; plan = left.shift()) {
      const { id } = plan
      try {
        await keep(client, plan, observer, signal)
        observer.stage(id, 'done')
        done.push({ id, ok: true })
      } catch (error) {
        observer.failed(id, error as Error)
        observer.stage(id, 'failed')
        done.push({ id, ok: false, error: (error as Error).message })
      }
    }
  }
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, plans.length) }, work))
  const order = new Map(plans.map(({ id }, at) => [id, at]))
  return done.sort((one, other) => order.get(one.id)! - order.get(other.id)!)
}

async function keep(client: ControlClient, plan: VmPlan, observer: FleetObserver, signal: AbortSignal): Promise<void> {
  const { id, guestOS, document, host, guest, run } = plan
  observer.stage(id, 'booting')
  await client.create({ id, guestOS, document: { ...document, Owner: document.Owner ?? OWNER } }, { signal })
  try {
    observer.stage(id, 'changing')
    for (const call of host) await client.call(id, { on: 'host', ...call }, { signal })
    for (const call of guest) await client.call(id, { on: 'guest', ...call }, { signal })
    observer.stage(id, 'running')
    for (const command of run) await runCommand(client, id, command, observer)
  } catch (error) {
    await client.remove(id, true).catch(() => undefined)
    throw error
  }
}

async function runCommand(
  client: ControlClient,
  id: string,
  { args, commandLine, stdin, expectExit }: PlannedCommand,
  observer: FleetObserver,
): Promise<void> {
  const command = await client.exec(id, {
    ...(args === undefined ? {} : { args }),
    ...(commandLine === undefined ? {} : { commandLine }),
    stdin: stdin !== undefined,
  })
  command.stdin.end(stdin ?? '')
  const streams = (['stdout', 'stderr'] as const).map(async (stream) => {
    const lines = new LineSplitter((line) => observer.output(id, stream, line))
    command[stream].on('data', (chunk: Buffer) => void lines.push(chunk))
    await finished(command[stream])
    lines.end()
  })
  const { exitCode } = await command.exit
  await Promise.all(streams)
  if (exitCode !== expectExit) {
    const what = commandLine ?? (args ?? []).join(' ')
    throw new Error(`the command ${JSON.stringify(what)} ended with ${exitCode}, expected ${expectExit}`)
  }
}
