// Real VMs for tests: a supervisor in a directory of its own, documents, and what this machine lacks.

import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { QemuService, type ComputeSystem, type QemuOptions } from '#dist/index.js'
import { SCSI } from './documents.js'
import { ended, isAlive, whenDirectory } from './service-process.js'

const BINARY = 'qemu-system-x86_64'
const GRACE_MS = 1

/** Why no VM can be had here; undefined when one can. */
export function qemuMissing(): string | undefined {
  if (process.platform !== 'linux' || process.arch !== 'x64') return 'VMs of QEMU are for Linux on x86-64'
  const { error, status } = spawnSync(BINARY, ['--version'], { stdio: 'ignore' })
  return error === undefined && status === 0
    ? undefined
    : `there is no ${BINARY}; apt-get install qemu-system-x86 brings it`
}

export interface Image {
  kernel: string
  initrd: string
  daemon: string
}

let image: Image | string | undefined

/** The guest image and the vsock daemon, built unless they are there; a string says why they cannot be had. */
export function guestImage(): Image | string {
  return (image ??= findImage())
}

function findImage(): Image | string {
  const given = process.env['UVM_VM_IMAGE']
  if (given !== undefined) {
    const found = {
      kernel: join(given, 'vmlinuz'),
      initrd: join(given, 'initrd.img'),
      daemon: join(given, 'uvm-vsock'),
    }
    const missing = Object.values(found).find((path) => !existsSync(path))
    return missing === undefined ? found : `UVM_VM_IMAGE: there is no ${missing}`
  }
  const tool = fileURLToPath(new URL('../../../packages/cli/dist/main.js', import.meta.url))
  if (!existsSync(tool))
    return 'there is no command that builds a guest image; UVM_VM_IMAGE can name a directory with one'
  const { status, stdout, stderr } = spawnSync(process.execPath, [tool, 'image', 'build', '--json'], {
    encoding: 'utf8',
  })
  if (status !== 0) return stderr.trim().split('\n').at(-1) ?? 'the guest image cannot be built'
  const { kernel, initrd, daemon } = JSON.parse(stdout) as Partial<Image>
  if (kernel === undefined || initrd === undefined || daemon === undefined) return 'there is no vsock daemon'
  return { kernel, initrd, daemon }
}

/** A machine with nothing to boot: its firmware looks for something, and waits. */
export function bare(more: Partial<NonNullable<ComputeSystem['VirtualMachine']>> = {}, top = {}): ComputeSystem {
  return {
    Owner: 'qemu test',
    SchemaVersion: { Major: 2, Minor: 1 },
    ShouldTerminateOnLastHandleClosed: true,
    ...top,
    VirtualMachine: {
      StopOnReset: true,
      Chipset: {},
      ComputeTopology: { Memory: { SizeInMB: 64 }, Processor: { Count: 1 } },
      Devices: { Scsi: { [SCSI[0]]: {} } },
      ...more,
    },
  }
}

/** A Linux guest with its agent. */
export function guestDocument(
  { kernel, initrd }: Image,
  more: Partial<NonNullable<ComputeSystem['VirtualMachine']>> = {},
  top = {},
): ComputeSystem {
  return bare(
    {
      Chipset: {
        LinuxKernelDirect: {
          KernelFilePath: kernel,
          InitRdPath: initrd,
          KernelCmdLine:
            'panic=-1 quiet pci=off 8250_core.nr_uarts=0 -- -e 1 /bin/vsockexec -r -e 109 /bin/gcs -v4 -log-format json -loglevel info',
        },
      },
      ComputeTopology: { Memory: { SizeInMB: 256 }, Processor: { Count: 1 } },
      Devices: { Scsi: { [SCSI[0]]: {} }, HvSocket: {}, Plan9: {} },
      ...more,
    },
    top,
  )
}

export interface QemuDirectory {
  readonly path: string
  connect(): Promise<QemuService>
  /** Pids of QEMU and its daemons, of VMs of this directory. */
  processes(): Promise<number[]>
  /** The same with their command lines. */
  commandLines(): Promise<Map<number, string>>
  /** Resolves once the supervisor and all it had are gone; fails when anything is left. */
  remove(): Promise<void>
}

export async function qemuDirectory(options: QemuOptions = {}): Promise<QemuDirectory> {
  const path = await mkdtemp('/tmp/t-')
  const pids = new Set<number>()
  const commandLines = async (): Promise<Map<number, string>> => {
    const found = new Map<number, string>()
    for (const name of await readdir('/proc')) {
      if (!/^\d+$/.test(name)) continue
      const line = await readFile(`/proc/${name}/cmdline`, 'utf8').catch(() => '')
      const isService = line.includes('service-process/entry.js')
      if (line.includes(`${path}/`) && !isService && Number(name) !== process.pid) found.set(Number(name), line)
    }
    return found
  }
  const processes = async (): Promise<number[]> => [...(await commandLines()).keys()]
  return {
    path,
    processes,
    commandLines,
    connect: async () => {
      // A processor that is emulated is the same everywhere.
      const start = { accelerator: 'tcg' as const, ...options, graceMs: GRACE_MS }
      const service = await QemuService.connect({ directory: path, start })
      pids.add(service.pid)
      return service
    },
    remove: async () => {
      try {
        await whenDirectory(path, (names) => !names.includes('service.sock') && !names.includes('service.lock'))
        for (const pid of pids) await ended(pid)
        // One that could not be started says so there.
        const files = (await readdir(path)).filter((name) => pids.size > 0 || name !== 'service.log')
        const left = [...(await processes()), ...files]
        if (left.length > 0) throw new Error(`left: ${left.join(' ')}`)
      } finally {
        for (const pid of [...pids, ...(await processes())]) if (isAlive(pid)) process.kill(pid, 'SIGKILL')
        await rm(path, { recursive: true, force: true })
      }
    },
  }
}
