// The guest-side manager interfaces for what is mounted, plugged and configured inside a guest. Guest implements them all; a caller's code
// that takes one can be given a fake. Each method is one request to the guest; the host's half of a change is the VM manager's.

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
import type { CallOptions } from '../../mailbox/contract.js'

export interface LCOWNetworkManager {
  addLCOWNetworkInterface(settings: LCOWNetworkAdapter, options?: CallOptions): Promise<void>
  removeLCOWNetworkInterface(settings: LCOWNetworkAdapter, options?: CallOptions): Promise<void>
}

export interface WCOWNetworkManager {
  addNetworkNamespace(settings: HostComputeNamespace, options?: CallOptions): Promise<void>
  removeNetworkNamespace(settings: HostComputeNamespace, options?: CallOptions): Promise<void>
  /** Two steps: PreAdd with the endpoint before the host's add, Add without settings after it. */
  addNetworkInterface(
    adapterId: string,
    requestType: RequestType,
    settings?: HostComputeEndpoint,
    options?: CallOptions,
  ): Promise<void>
  removeNetworkInterface(
    adapterId: string,
    requestType: RequestType,
    settings?: HostComputeEndpoint,
    options?: CallOptions,
  ): Promise<void>
}

export interface LCOWDirectoryManager {
  /** Mounts a Plan 9 share of the host. */
  addLCOWMappedDirectory(settings: LCOWMappedDirectory, options?: CallOptions): Promise<void>
  removeLCOWMappedDirectory(settings: LCOWMappedDirectory, options?: CallOptions): Promise<void>
}

export interface WCOWDirectoryManager {
  /** Maps a VSMB path to a path of the guest. There is no removal: the share goes with the VM. */
  addMappedDirectory(settings: MappedDirectory, options?: CallOptions): Promise<void>
}

export interface LCOWScsiManager {
  /** Mounts a disk that the host has attached; without MountPath the guest only waits for it. */
  addLCOWMappedVirtualDisk(settings: LCOWMappedVirtualDisk, options?: CallOptions): Promise<void>
  removeLCOWMappedVirtualDisk(settings: LCOWMappedVirtualDisk, options?: CallOptions): Promise<void>
  /** Asks the guest to unplug a device, before the host detaches the disk. */
  removeSCSIDevice(settings: SCSIDevice, options?: CallOptions): Promise<void>
}

export interface WCOWScsiManager {
  addWCOWMappedVirtualDisk(settings: WCOWMappedVirtualDisk, options?: CallOptions): Promise<void>
  /** Formats the disk first. Confidential guests only. */
  addWCOWMappedVirtualDiskForContainerScratch(settings: WCOWMappedVirtualDisk, options?: CallOptions): Promise<void>
  removeWCOWMappedVirtualDisk(settings: WCOWMappedVirtualDisk, options?: CallOptions): Promise<void>
  removeSCSIDevice(settings: SCSIDevice, options?: CallOptions): Promise<void>
}

export interface LCOWLayersManager {
  /** Overlays the layers, with the scratch on top, at the container's root; without a scratch the root is read-only. */
  addLCOWCombinedLayers(settings: LCOWCombinedLayers, options?: CallOptions): Promise<void>
  removeLCOWCombinedLayers(settings: LCOWCombinedLayers, options?: CallOptions): Promise<void>
}

export interface WCOWLayersManager {
  /** The default filter, WCIFS, is left out of the request: older guests refuse a document that names it. */
  addWCOWCombinedLayers(settings: WCOWCombinedLayers, options?: CallOptions): Promise<void>
  removeWCOWCombinedLayers(settings: WCOWCombinedLayers, options?: CallOptions): Promise<void>
  /** The confidential form, which names the container. */
  addCWCOWCombinedLayers(settings: CWCOWCombinedLayers, options?: CallOptions): Promise<void>
  removeCWCOWCombinedLayers(settings: CWCOWCombinedLayers, options?: CallOptions): Promise<void>
}

export interface CIMsManager {
  /** Mounts block CIMs at a volume: the merged one first, then the layers from top to bottom. */
  addWCOWBlockCIMs(settings: CWCOWBlockCIMMounts, options?: CallOptions): Promise<void>
  removeWCOWBlockCIMs(settings: CWCOWBlockCIMMounts, options?: CallOptions): Promise<void>
}

export interface LCOWDeviceManager {
  /** Waits until the PCI device that the host has added shows up in the guest. */
  addVPCIDevice(settings: LCOWMappedVPCIDevice, options?: CallOptions): Promise<void>
  addVPMemDevice(settings: LCOWMappedVPMemDevice, options?: CallOptions): Promise<void>
  removeVPMemDevice(settings: LCOWMappedVPMemDevice, options?: CallOptions): Promise<void>
}

export interface SecurityPolicyManager {
  /** Once in the life of a VM. */
  addSecurityPolicy(settings: ConfidentialOptions, options?: CallOptions): Promise<void>
  injectPolicyFragment(settings: SecurityPolicyFragment, options?: CallOptions): Promise<void>
}

export interface GuestHvSocketManager {
  /** What a Windows guest calls itself and its host; `createConnection` does it on a cold start. */
  updateHvSocketAddress(settings: HvSocketAddress, options?: CallOptions): Promise<void>
}

export interface LCOWMemoryManager {
  /** Has the guest compute the memory limit of its pods anew, after the VM's memory has changed. */
  updateCgroupMemoryLimits(options?: CallOptions): Promise<void>
}
