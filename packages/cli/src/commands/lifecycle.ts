// uvmctl start, stop, kill, pause, resume, rm, open: the life of a VM.

import type { Command } from 'commander'
import type { ControlClient } from 'uvm-actors/control'
import { connect } from '../connection.js'
import { print, printNote } from '../output.js'
import { tell, exitCodeOf } from '../failure.js'
import { EXIT, ExitWith } from '../exit-codes.js'
import { seconds, withDirectory, type CommonOptions } from './options.js'

interface LifeOptions extends CommonOptions {
  time?: number
  force?: boolean
}

type Act = (client: ControlClient, vm: string, options: LifeOptions) => Promise<unknown>

interface Verb {
  summary: string
  description: string
  act: Act
  options?: (command: Command) => Command
}

const VERBS: Record<string, Verb> = {
  start: {
    summary: 'start VMs that were made and not started',
    description: 'Starts VMs and connects their guests.',
    act: async (client, vm) => {
      await client.act(vm, 'start')
      await client.act(vm, 'connect')
    },
  },
  stop: {
    summary: 'shut VMs down',
    description: 'Asks the guest to shut down; a VM that has not ended in time is ended.',
    act: async (client, vm, { time }) => {
      const { forced } = (await client.act(vm, 'stop', time === undefined ? {} : { timeoutMs: time })) as {
        forced: boolean
      }
      if (forced) printNote(`uvmctl: ${vm} did not shut down in time and was ended`)
    },
    options: (command) => command.option('-t, --time <seconds>', 'for the guest to shut down (default: 10)', seconds),
  },
  kill: {
    summary: 'end VMs at once',
    description: 'Ends VMs at once, without asking their guests.',
    act: (client, vm) => client.act(vm, 'kill'),
  },
  pause: { summary: 'pause VMs', description: 'Pauses VMs.', act: (client, vm) => client.act(vm, 'pause') },
  resume: {
    summary: 'let paused VMs go on',
    description: 'Lets paused VMs go on.',
    act: (client, vm) => client.act(vm, 'resume'),
  },
  open: {
    summary: 'take a handle on VMs of other programs',
    description: 'Gives the service a handle on VMs that other programs have made.',
    act: (client, vm) => client.act(vm, 'open'),
  },
  rm: {
    summary: 'remove VMs',
    description: 'Gives up VMs that have ended.',
    act: (client, vm, { force = false }) => client.remove(vm, force),
    options: (command) => command.option('-f, --force', 'end those that run'),
  },
}

export function addLifecycle(program: Command): void {
  for (const [name, { summary, description, act, options = (command: Command) => command }] of Object.entries(VERBS)) {
    options(
      withDirectory(
        program
          .command(name)
          .summary(summary)
          .description(`${description} Prints the id of each that it did.`)
          .argument('<vm...>', 'ids of VMs'),
      ),
    ).action(async (vms: string[], given: LifeOptions) => {
      const client = await connect(given)
      let worst: number = EXIT.ok
      // What fails for one is no reason to leave the others.
      for (const vm of vms) {
        try {
          await act(client, vm, given)
          print(vm)
        } catch (error) {
          tell(error)
          worst ||= exitCodeOf(error)
        }
      }
      throw new ExitWith(worst)
    })
  }
}
