// The vhost-user daemon that gives a VM its sockets: one for each, since it has the guest's memory in its hands.

import { execFile } from 'node:child_process'
import { existsSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
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
/** From here on the end of a guest's stream can be told from that of the daemon. */
const OLDEST = [0, 2] as const
/** Of what another program says of itself, characters. */
const MOST_SAID = 80

const run = promisify(execFile)
/** Programs that have said that they are new enough. */
const fit = new Set<string>()

/** @throws {HcsFailure} it cannot be run, or is another program or too old: streams that it carries could be cut without a sign of it */
async function checkDaemon(file: string): Promise<void> {
  if (fit.has(file)) return
  let said: string
  try {
    said = (await run(file, ['--version'], { timeout: DAEMON_MS })).stdout.trim()
  } catch (error) {
    throw refusal(HRESULT.HCS_E_SERVICE_NOT_AVAILABLE, `the vsock daemon cannot be started: ${textOf(error)}`)
  }
  const [, major = -1, minor = -1] = (/^uvm-vsock (\d+)\.(\d+)/.exec(said) ?? []).map(Number)
  if (major < OLDEST[0] || (major === OLDEST[0] && minor < OLDEST[1])) {
    throw refusal(
      HRESULT.HCS_E_SERVICE_NOT_AVAILABLE,
      `the vsock daemon ${file} says that it is ${JSON.stringify(said.slice(0, MOST_SAID))}, and uvm-vsock ${OLDEST.join('.')} or later is needed`,
    )
  }
  fit.add(file)
}

/** Starts the daemon and waits until it listens. @throws {HcsFailure} it does not come up */
export async function startDaemon(around: DaemonSurroundings): Promise<OwnedProcess> {
  const { directory, daemon: file, udsPath, clock } = around
  await checkDaemon(file)
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
