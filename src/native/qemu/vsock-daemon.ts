// The vhost-user daemon that gives a VM its sockets: one for each, since it has the guest's memory in its hands.

import { existsSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { HRESULT } from '../../protocol/hresult.js'
import type { Clock } from '../clock.js'
import { refusal, type HcsFailure } from '../simulated/failure.js'
import { OwnedProcess, tailOf } from './owned-process.js'
import { textOf } from './qemu-failure.js'

export interface DaemonSurroundings {
  readonly clock: Clock
  /** The program. */
  readonly daemon: string
  /** The VM's own directory. */
  readonly directory: string
  /** Where the daemon listens for the host, and dials it. */
  readonly udsPath: string
}

/** Where the daemon listens for QEMU, and what it says, in the VM's directory. */
export const DAEMON_FILES = { vsock: 'vsock', log: 'vsock.log' } as const
const LOOK_MS = 10
const DAEMON_MS = 10_000

/** Starts the daemon and waits until it listens. @throws {HcsFailure} it does not come up */
export async function startDaemon(around: DaemonSurroundings): Promise<OwnedProcess> {
  const { directory, daemon: file, udsPath, clock } = around
  const socket = join(directory, DAEMON_FILES.vsock)
  const log = join(directory, DAEMON_FILES.log)
  // What a daemon that was killed leaves behind keeps the next one from listening.
  for (const path of [socket, udsPath]) rmSync(path, { force: true })
  const fail = async (why: string): Promise<HcsFailure> =>
    refusal(HRESULT.HCS_E_SERVICE_NOT_AVAILABLE, `the vsock daemon ${file} ${why}: ${await tailOf(log)}`)
  let daemon: OwnedProcess
  try {
    const args = ['--guest-cid=3', `--socket=${socket}`, `--uds-path=${udsPath}`]
    daemon = await OwnedProcess.start(file, args, log)
  } catch (error) {
    throw refusal(HRESULT.HCS_E_SERVICE_NOT_AVAILABLE, `the vsock daemon cannot be started: ${textOf(error)}`)
  }
  const since = clock.now()
  while (!existsSync(socket)) {
    if (daemon.isGone) throw await fail('ended at its start')
    if (clock.now() - since > DAEMON_MS) {
      daemon.kill()
      throw await fail('does not listen')
    }
    await new Promise<void>((resolve) => clock.after(LOOK_MS, resolve))
  }
  return daemon
}
