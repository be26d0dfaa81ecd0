// Orchestration of one's own: a VM that serves something, deployed with its disk mounted and its health seen to, or not at all. It takes
// interfaces, so that tests can give it fakes, and a simulation a Host on virtual time.
import { isTimeout, lcowBuilder, type GuestLike, type HostLike, type UtilityVMLike } from 'uvm-actors'

export interface Deployment {
  vm: UtilityVMLike
  guest: GuestLike
  /** How many VMs it took. */
  attempts: number
}

/** The VM came up and does not serve. */
export class UnhealthyError extends Error {
  override readonly name = 'UnhealthyError'
}

export interface DeployOptions {
  /** VMs that are tried, one after the other; default 3. */
  attempts?: number
  /** Milliseconds for a guest to connect, default 60000. */
  connectMs?: number
}

/** Deploys it, trying again with a new VM as long as `attempts` last. Nothing of a VM that failed is left. */
export async function deploy(
  host: HostLike,
  id: string,
  disk: string,
  { attempts = 3, connectMs = 60_000 }: DeployOptions = {},
): Promise<Deployment> {
  for (let attempt = 1; ; attempt++) {
    try {
      return { ...(await bring(host, id, disk, connectMs)), attempts: attempt }
    } catch (error) {
      if (attempt === attempts) throw error
    }
  }
}

async function bring(
  host: HostLike,
  id: string,
  disk: string,
  connectMs: number,
): Promise<Omit<Deployment, 'attempts'>> {
  const vm = await host.createVM(id, lcowBuilder('deployer', { memoryMB: 512 }))
  try {
    const guest = await host.createGuest(vm)
    await vm.start()
    await guest.createConnection({ timeoutMs: connectMs })
    await vm.addSCSIDisk({ Type: 'VirtualDisk', Path: disk }, 0, 1)
    await guest.addLCOWMappedVirtualDisk({ Controller: 0, Lun: 1, MountPath: '/run/data' })
    const health = await guest.exec({ args: ['uname', '-r'] }, { timeoutMs: 10_000 })
    if (health.exitCode !== 0) throw new UnhealthyError(`${id} answers ${health.exitCode}: ${health.stderr.toString()}`)
    return { vm, guest }
  } catch (error) {
    await vm.terminate().catch((failure: unknown) => {
      // It goes with its last handle all the same.
      if (!isTimeout(failure)) throw failure
    })
    await vm.close()
    throw error
  }
}
