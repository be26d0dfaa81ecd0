// The part of a Guest that is one request a method: what is mounted, plugged and configured inside. The table in requests.ts says what
// each of them sends; here are only their types.

import type {
  ConfidentialOptions,
  CWCOWBlockCIMMounts,
  CWCOWCombinedLayers,
  HostComputeEndpoint,
  HostComputeNamespace,
  HvSocketAddress,
  LCOWCombinedLayers,
  LCOWMappedDirectory,
  LCOWMappedVirtualDisk,
  LCOWMappedVPCIDevice,
  LCOWMappedVPMemDevice,
  LCOWNetworkAdapter,
  MappedDirectory,
  RequestType,
  SCSIDevice,
  SecurityPolicyFragment,
  WCOWCombinedLayers,
  WCOWMappedVirtualDisk,
} from '../../../protocol/schema/index.js'
import { Events } from '../../events.js'
import type { CallOptions } from '../../mailbox/contract.js'
import { adapterRequest, guestRequest, type GuestMethodName } from './requests.js'
import type * as managers from './resource-managers.js'

export abstract class GuestResources<E>
  extends Events<E>
  implements
    managers.LCOWNetworkManager,
    managers.WCOWNetworkManager,
    managers.LCOWDirectoryManager,
    managers.WCOWDirectoryManager,
    managers.LCOWScsiManager,
    managers.WCOWScsiManager,
    managers.LCOWLayersManager,
    managers.WCOWLayersManager,
    managers.CIMsManager,
    managers.LCOWDeviceManager,
    managers.SecurityPolicyManager,
    managers.GuestHvSocketManager,
    managers.LCOWMemoryManager
{
  /** One ModifySettings of the table. `request` makes its Request value and may throw InvalidConfigError. */
  protected abstract modify(
    method: GuestMethodName,
    request: (vmId: string) => string,
    options: CallOptions | undefined,
  ): Promise<void>

  #change(method: GuestMethodName, settings: unknown, options: CallOptions | undefined): Promise<void> {
    return this.modify(method, (vmId) => guestRequest(method, vmId, settings), options)
  }

  addLCOWNetworkInterface(settings: LCOWNetworkAdapter, options?: CallOptions): Promise<void> {
    return this.#change('addLCOWNetworkInterface', settings, options)
  }

  removeLCOWNetworkInterface(settings: LCOWNetworkAdapter, options?: CallOptions): Promise<void> {
    return this.#change('removeLCOWNetworkInterface', settings, options)
  }

  addNetworkNamespace(settings: HostComputeNamespace, options?: CallOptions): Promise<void> {
    return this.#change('addNetworkNamespace', settings, options)
  }

  removeNetworkNamespace(settings: HostComputeNamespace, options?: CallOptions): Promise<void> {
    return this.#change('removeNetworkNamespace', settings, options)
  }

  addNetworkInterface(
    adapterId: string,
    requestType: RequestType,
    settings?: HostComputeEndpoint,
    options?: CallOptions,
  ): Promise<void> {
    const method = 'addNetworkInterface'
    return this.modify(method, (vmId) => adapterRequest(method, vmId, adapterId, requestType, settings), options)
  }

  removeNetworkInterface(
    adapterId: string,
    requestType: RequestType,
    settings?: HostComputeEndpoint,
    options?: CallOptions,
  ): Promise<void> {
    const method = 'removeNetworkInterface'
    return this.modify(method, (vmId) => adapterRequest(method, vmId, adapterId, requestType, settings), options)
  }

  addLCOWMappedDirectory(settings: LCOWMappedDirectory, options?: CallOptions): Promise<void> {
    return this.#change('addLCOWMappedDirectory', settings, options)
  }

  removeLCOWMappedDirectory(settings: LCOWMappedDirectory, options?: CallOptions): Promise<void> {
    return this.#change('removeLCOWMappedDirectory', settings, options)
  }

  addMappedDirectory(settings: MappedDirectory, options?: CallOptions): Promise<void> {
    return this.#change('addMappedDirectory', settings, options)
  }

  addLCOWMappedVirtualDisk(settings: LCOWMappedVirtualDisk, options?: CallOptions): Promise<void> {
    return this.#change('addLCOWMappedVirtualDisk', settings, options)
  }

  removeLCOWMappedVirtualDisk(settings: LCOWMappedVirtualDisk, options?: CallOptions): Promise<void> {
    return this.#change('removeLCOWMappedVirtualDisk', settings, options)
  }

  addWCOWMappedVirtualDisk(settings: WCOWMappedVirtualDisk, options?: CallOptions): Promise<void> {
    return this.#change('addWCOWMappedVirtualDisk', settings, options)
  }

  addWCOWMappedVirtualDiskForContainerScratch(settings: WCOWMappedVirtualDisk, options?: CallOptions): Promise<void> {
    return this.#change('addWCOWMappedVirtualDiskForContainerScratch', settings, options)
  }

  removeWCOWMappedVirtualDisk(settings: WCOWMappedVirtualDisk, options?: CallOptions): Promise<void> {
    return this.#change('removeWCOWMappedVirtualDisk', settings, options)
  }

  removeSCSIDevice(settings: SCSIDevice, options?: CallOptions): Promise<void> {
    return this.#change('removeSCSIDevice', settings, options)
  }

  addLCOWCombinedLayers(settings: LCOWCombinedLayers, options?: CallOptions): Promise<void> {
    return this.#change('addLCOWCombinedLayers', settings, options)
  }

  removeLCOWCombinedLayers(settings: LCOWCombinedLayers, options?: CallOptions): Promise<void> {
    return this.#change('removeLCOWCombinedLayers', settings, options)
  }

  addWCOWCombinedLayers(settings: WCOWCombinedLayers, options?: CallOptions): Promise<void> {
    return this.#change('addWCOWCombinedLayers', settings, options)
  }

  removeWCOWCombinedLayers(settings: WCOWCombinedLayers, options?: CallOptions): Promise<void> {
    return this.#change('removeWCOWCombinedLayers', settings, options)
  }

  addCWCOWCombinedLayers(settings: CWCOWCombinedLayers, options?: CallOptions): Promise<void> {
    return this.#change('addCWCOWCombinedLayers', settings, options)
  }

  removeCWCOWCombinedLayers(settings: CWCOWCombinedLayers, options?: CallOptions): Promise<void> {
    return this.#change('removeCWCOWCombinedLayers', settings, options)
  }

  addWCOWBlockCIMs(settings: CWCOWBlockCIMMounts, options?: CallOptions): Promise<void> {
    return this.#change('addWCOWBlockCIMs', settings, options)
  }

  removeWCOWBlockCIMs(settings: CWCOWBlockCIMMounts, options?: CallOptions): Promise<void> {
    return this.#change('removeWCOWBlockCIMs', settings, options)
  }

  addVPCIDevice(settings: LCOWMappedVPCIDevice, options?: CallOptions): Promise<void> {
    return this.#change('addVPCIDevice', settings, options)
  }

  addVPMemDevice(settings: LCOWMappedVPMemDevice, options?: CallOptions): Promise<void> {
    return this.#change('addVPMemDevice', settings, options)
  }

  removeVPMemDevice(settings: LCOWMappedVPMemDevice, options?: CallOptions): Promise<void> {
    return this.#change('removeVPMemDevice', settings, options)
  }

  addSecurityPolicy(settings: ConfidentialOptions, options?: CallOptions): Promise<void> {
    return this.#change('addSecurityPolicy', settings, options)
  }

  injectPolicyFragment(settings: SecurityPolicyFragment, options?: CallOptions): Promise<void> {
    return this.#change('injectPolicyFragment', settings, options)
  }

  updateHvSocketAddress(settings: HvSocketAddress, options?: CallOptions): Promise<void> {
    return this.#change('updateHvSocketAddress', settings, options)
  }

  updateCgroupMemoryLimits(options?: CallOptions): Promise<void> {
    return this.#change('updateCgroupMemoryLimits', undefined, options)
  }
}
