// What this host has: a QEMU that is new enough, and KVM that runs machines. That /dev/kvm is there says little: inside a virtual machine it
// often opens and runs nothing.

import { execFile, spawn } from 'node:child_process'
import { promisify } from 'node:util'
import { ProviderUnavailableError } from '../../errors.js'
import type { Clock } from '../clock.js'

const run = promisify(execFile)

/** Oldest version that understands all that it is told. */
const OLDEST = [7, 2] as const
const VERSION_MS = 30_000
/** How long the firmware may take under KVM until it has looked for something to boot, milliseconds. */
const PROBE_MS = 10_000
/** What it says then. Its first words mean little: there are hosts whose KVM comes so far and no further. */
const LAST_WORD = 'No bootable device'
/** Of what the firmware says, characters. */
const MAX_SAID = 4096
const INSTALL = 'on Debian: apt-get install qemu-system-x86'

/** @returns its version @throws {ProviderUnavailableError} there is none, it is too old, or this is no x86-64 */
export async function probeBinary(binary: string): Promise<string> {
  if (process.arch !== 'x64' || process.platform !== 'linux') {
    throw new ProviderUnavailableError({
      reason: `the provider 'qemu' runs on Linux on x86-64, and this is ${process.platform} on ${process.arch}`,
    })
  }
  let said: string
  try {
    said = (await run(binary, ['--version'], { timeout: VERSION_MS })).stdout
  } catch (cause) {
    const why = (cause as NodeJS.ErrnoException).code === 'ENOENT' ? 'it is not there' : String(cause)
    throw new ProviderUnavailableError({ reason: `${binary} cannot be run: ${why}; ${INSTALL}`, cause })
  }
  const found = /version (\d+)\.(\d+)(?:\.\d+)*/.exec(said)
  if (found === null)
    throw new ProviderUnavailableError({ reason: `${binary} does not say which version of QEMU it is` })
  const [major, minor] = [Number(found[1]), Number(found[2])]
  if (major < OLDEST[0] || (major === OLDEST[0] && minor < OLDEST[1])) {
    throw new ProviderUnavailableError({
      reason: `${binary} is QEMU ${major}.${minor}, and ${OLDEST.join('.')} or later is needed`,
    })
  }
  return found[0].slice('version '.length)
}

/** @throws {ProviderUnavailableError} 'kvm' was asked for and runs nothing */
export async function chooseAccelerator(
  wanted: 'auto' | 'kvm' | 'tcg',
  binary: string,
  clock: Clock,
): Promise<'kvm' | 'tcg'> {
  if (wanted === 'tcg') return 'tcg'
  const works = await runsUnderKvm(binary, clock)
  if (works) return 'kvm'
  if (wanted === 'auto') return 'tcg'
  throw new ProviderUnavailableError({
    reason: `a machine does not run under KVM here; accelerator 'tcg' emulates the processor, which is slow`,
  })
}

/** Whether the firmware of a machine gets to its end, on the processor that VMs have. */
function runsUnderKvm(binary: string, clock: Clock): Promise<boolean> {
  const args = ['-no-user-config', '-nodefaults', '-display', 'none', '-machine', 'pc', '-accel', 'kvm', '-cpu', 'host']
  const console = ['-chardev', 'stdio,id=said,signal=off', '-device', 'isa-debugcon,iobase=0x402,chardev=said']
  const child = spawn(binary, [...args, ...console], { stdio: ['ignore', 'pipe', 'ignore'], cwd: '/' })
  return new Promise<boolean>((resolve) => {
    const timer = clock.after(PROBE_MS, () => child.kill('SIGKILL'))
    let works = false
    let said = ''
    child.stdout.setEncoding('latin1').on('data', (text: string) => {
      said = (said + text).slice(-MAX_SAID)
      if (!said.includes(LAST_WORD)) return
      works = true
      child.kill('SIGKILL')
    })
    child.once('error', () => resolve(false))
    child.once('close', () => {
      timer.clear()
      resolve(works)
    })
  })
}
