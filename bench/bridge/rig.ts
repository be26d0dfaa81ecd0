// A Host with VMs whose guests are answering guests in processes of their own.

import { mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { Host, UtilityVMBuilder, type Guest, type GuestOptions, type HostOptions, type UtilityVM } from '#dist/index.js'
import { startPeer, type RunningPeer } from '../peer/start.js'

const BRIDGE_PORT = 0x4000_0000

export interface RigVm {
  vm: UtilityVM
  guest: Guest
}

/** A directory for sockets; names in it stay below the longest path of a socket. */
export async function socketDirectory(): Promise<{ path: string; remove(): Promise<void> }> {
  const path = await mkdtemp('/tmp/bench-')
  return { path, remove: () => rm(path, { recursive: true, force: true }) }
}

export function linuxVm(name: string): UtilityVMBuilder {
  return new UtilityVMBuilder(name, 'linux')
    .setLinuxKernelDirectBoot({
      KernelFilePath: 'C:\\uvm\\vmlinux',
      InitRdPath: 'C:\\uvm\\initrd.img',
      KernelCmdLine: '',
    })
    .setMemoryLimit(256)
    .setProcessorLimits({ Count: 1 })
}

/** The call that the benchmarks make: one ModifySettings and its answer. */
export const DISK = { Controller: 0, Lun: 1, MountPath: '/mnt/data' }

export class Rig {
  readonly #peers: RunningPeer[] = []

  private constructor(
    readonly host: Host,
    readonly directory: string,
    private readonly removeDirectory: () => Promise<void>,
  ) {}

  static async open(options: HostOptions = {}): Promise<Rig> {
    const { path, remove } = await socketDirectory()
    const host = await Host.open({
      provider: 'simulated',
      transport: 'unix',
      socketDirectory: path,
      threads: 1,
      simulated: { guest: 'none' },
      ...options,
    })
    return new Rig(host, path, remove)
  }

  async boot(name: string, options: GuestOptions = {}): Promise<RigVm> {
    const vm = await this.host.createVM(name, linuxVm(name))
    const guest = await this.host.createGuest(vm, {
      entropy: false,
      log: false,
      modifyConcurrency: Infinity,
      ...options,
    })
    await vm.start()
    this.#peers.push(startPeer(join(this.directory, `${vm.runtimeId}.vsock_${BRIDGE_PORT}`)))
    await guest.createConnection()
    return { vm, guest }
  }

  async close(): Promise<void> {
    await this.host.close()
    await Promise.all(this.#peers.map((peer) => peer.stop()))
    await this.removeDirectory()
  }
}
