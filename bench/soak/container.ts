// A Linux container inside a soaking VM: made, started, used by a process with stdio, ended and closed.

import type { CallOptions, Guest } from '#dist/index.js'
import type { Tally } from './tally.js'

const ACCOUNT = { cwd: '/', user: { uid: 0, gid: 0 }, env: ['PATH=/usr/sbin:/usr/bin:/sbin:/bin'] }

export interface ContainerUse {
  readonly tally: Tally
  /** Of the VM. */
  readonly id: string
  readonly guest: Guest
  readonly number: number
  readonly timed: CallOptions
}

export async function useContainer({ tally, id, guest, number, timed }: ContainerUse): Promise<void> {
  const name = `c${number}`
  const bundle = `/run/gcs/c/${name}`
  const document = {
    SchemaVersion: { Major: 2, Minor: 1 },
    OciBundlePath: bundle,
    OciSpecification: {
      ociVersion: '1.1.0',
      process: { ...ACCOUNT, args: ['sleep', '1000'] },
      root: { path: `${bundle}/rootfs` },
      mounts: [{ destination: '/proc', type: 'proc', source: 'proc' }],
      linux: { namespaces: ['mount', 'pid', 'ipc', 'uts', 'network'].map((type) => ({ type })) },
    },
    ScratchDirPath: `${bundle}/scratch`,
  }
  const root = ['mkdir', '-p', `${bundle}/rootfs`]
  if ((await tally.call('exec', id, () => guest.execInUVM({ args: root }, timed))) === undefined) return
  const made = await tally.call('createContainer', id, () => guest.createContainer(name, document, timed))
  if (made === undefined) return
  const { value: container } = made
  try {
    if ((await tally.call('container.start', id, () => container.start(timed))) === undefined) return
    // Without a command of its own: the container's init.
    const init = await tally.call('container.createProcess', id, () => container.createProcess({}, timed))
    if (init === undefined) return
    const initExit = tally.call('wait of an init', id, () => init.value.wait(timed))
    const parameters = { CreateStdOutPipe: true, OciProcess: { ...ACCOUNT, args: ['sh', '-c', `echo ${name}`] } }
    const started = await tally.call('container.createProcess', id, () => container.createProcess(parameters, timed))
    if (started !== undefined) {
      const { value: process } = started
      process.stdout?.on('error', () => undefined).resume()
      await tally.call('wait of a process', id, () => process.wait(timed))
      await tally.must('close of a process', id, () => process.close())
    }
    const exit = tally.call('container.wait', id, () => container.wait(timed))
    if (number % 2 === 0) await tally.call('kill', id, () => init.value.kill(timed))
    else await tally.call('container.terminate', id, () => container.terminate(timed))
    await exit
    await initExit
    await tally.must('close of a process', id, () => init.value.close())
  } finally {
    await tally.must('container.close', id, () => container.close())
  }
  await tally.call('deleteContainerState', id, () => guest.deleteContainerState(name, timed))
}
