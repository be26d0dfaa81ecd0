// All that a program does with a guest, a container and a process inside, as interfaces: Guest, Container and GuestProcess implement them,
// and so can classes of anybody's own.

import type { GuestOS } from '../../protocol/guest-os.js'
import type * as managers from '../../protocol/guest-resources/all.js'
import type { LcowProcessParameters, ProcessParameters } from '../../protocol/schema/index.js'
import type { EventsLike } from '../events-like.js'
import type { CallOptions } from '../mailbox/contract.js'
import type { ContainerEvents } from './container/container-events.js'
import type { GuestEvents } from './guest-events.js'
import type {
  ContainerHandle,
  CreateContainerOptions,
  GuestManager,
  GuestProcessHandle,
  SavedProcess,
} from './managers.js'

/** What code takes that is to work with a GuestProcess and with a fake of one: no member is private. */
export interface GuestProcessLike extends GuestProcessHandle, AsyncDisposable {}

/** What code takes that is to work with a Container and with a fake of one: no member is private. */
export interface ContainerLike extends ContainerHandle, EventsLike<ContainerEvents>, AsyncDisposable {
  createProcess(parameters: ProcessParameters | LcowProcessParameters, options?: CallOptions): Promise<GuestProcessLike>
}

/** What code takes that is to work with a Guest and with a fake of one: no member is private. */
export interface GuestLike
  extends
    GuestManager,
    managers.CIMsManager,
    managers.GuestHvSocketManager,
    managers.LCOWDeviceManager,
    managers.LCOWDirectoryManager,
    managers.LCOWLayersManager,
    managers.LCOWMemoryManager,
    managers.LCOWNetworkManager,
    managers.LCOWScsiManager,
    managers.SecurityPolicyManager,
    managers.WCOWDirectoryManager,
    managers.WCOWLayersManager,
    managers.WCOWNetworkManager,
    managers.WCOWScsiManager,
    EventsLike<GuestEvents>,
    AsyncDisposable {
  readonly guestOS: GuestOS
  createContainer(id: string, config: unknown, options?: CreateContainerOptions & CallOptions): Promise<ContainerLike>
  openContainer(id: string, options?: CallOptions): Promise<ContainerLike>
  createProcess(parameters: ProcessParameters | LcowProcessParameters, options?: CallOptions): Promise<GuestProcessLike>
  openProcess(saved: SavedProcess, options?: CallOptions): Promise<GuestProcessLike>
  /** Writes the recording of the connection, or of the last one, to a file. */
  saveRecording(path: string, options?: CallOptions): Promise<void>
}
