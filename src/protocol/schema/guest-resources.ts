// Settings of the guest resources, Linux (LCOW) and Windows (WCOW, confidential CWCOW).

import type { HostedSystem } from './compute-system.js'
import type { Layer } from './container.js'
import type { FileSystemFilterType, SignalValueWCOW } from './enums.js'
import type { Always, Guid, Int32, Int64, UInt16, UInt32, UInt64, UInt8 } from './primitives.js'
import type { OciLinuxResources, OciSpec, OciWindowsResources } from './oci.js'

/** Layers and scratch to join into a container's root file system in a Linux guest. */
export interface LCOWCombinedLayers {
  ContainerID?: string | undefined
  ContainerRootPath?: string | undefined
  Layers?: Layer[] | undefined
  ScratchPath?: string | undefined
}

export interface WCOWCombinedLayers {
  ContainerRootPath?: string | undefined
  Layers?: Layer[] | undefined
  ScratchPath?: string | undefined
  FilterType?: FileSystemFilterType | undefined
}

export interface CWCOWCombinedLayers {
  ContainerID?: string | undefined
  CombinedLayers?: Always<WCOWCombinedLayers>
}

export interface CWCOWHostedSystem {
  Spec?: Always<OciSpec>
  CWCOWHostedSystem?: Always<HostedSystem>
}

/** A SCSI disk for a Linux guest to unplug. */
export interface SCSIDevice {
  Controller?: UInt8 | undefined
  Lun?: UInt8 | undefined
}

/** A SCSI disk to mount in a Linux guest. */
export interface LCOWMappedVirtualDisk {
  MountPath?: string | undefined
  Lun?: UInt8 | undefined
  Controller?: UInt8 | undefined
  Partition?: UInt64 | undefined
  ReadOnly?: boolean | undefined
  Encrypted?: boolean | undefined
  Options?: string[] | undefined
  BlockDev?: boolean | undefined
  /** Deprecated. */
  VerityInfo?: DeviceVerityInfo | undefined
  EnsureFilesystem?: boolean | undefined
  Filesystem?: string | undefined
}

export interface BlockCIMDevice {
  CimName?: Always<string>
  Lun?: Always<Int32>
}

export interface CWCOWBlockCIMMounts {
  BlockCIMs?: BlockCIMDevice[] | undefined
  VolumeGUID?: Always<Guid>
  MountFlags?: UInt32 | undefined
  ContainerID?: string | undefined
}

/** A SCSI disk to mount in a Windows guest. */
export interface WCOWMappedVirtualDisk {
  ContainerPath?: string | undefined
  Lun?: Int32 | undefined
}

export interface LCOWMappedDirectory {
  MountPath?: string | undefined
  Port?: Int32 | undefined
  ShareName?: string | undefined
  ReadOnly?: boolean | undefined
}

export interface LCOWVPMemMappingInfo {
  DeviceOffsetInBytes?: UInt64 | undefined
  DeviceSizeInBytes?: UInt64 | undefined
}

export interface DeviceVerityInfo {
  Ext4SizeInBytes?: Int64 | undefined
  Version?: Int64 | undefined
  Algorithm?: string | undefined
  SuperBlock?: boolean | undefined
  RootDigest?: string | undefined
  Salt?: string | undefined
  BlockSize?: Int64 | undefined
}

export interface LCOWMappedVPMemDevice {
  DeviceNumber?: UInt32 | undefined
  MountPath?: string | undefined
  MappingInfo?: LCOWVPMemMappingInfo | undefined
  /** Deprecated. */
  VerityInfo?: DeviceVerityInfo | undefined
}

export interface LCOWMappedVPCIDevice {
  VMBusGUID?: string | undefined
}

/** A network adapter to configure in a Linux guest. */
export interface LCOWNetworkAdapter {
  NamespaceID?: string | undefined
  ID?: string | undefined
  MacAddress?: string | undefined
  /** The whole search list, comma-separated. */
  DNSSuffix?: string | undefined
  /** Comma-separated. */
  DNSServerList?: string | undefined
  EncapOverhead?: UInt16 | undefined
  VPCIAssigned?: boolean | undefined
  IPConfigs?: LCOWIPConfig[] | undefined
  Routes?: LCOWRoute[] | undefined
  PolicyBasedRouting?: boolean | undefined
  EnableLowMetric?: boolean | undefined
}

export interface LCOWIPConfig {
  IPAddress?: string | undefined
  PrefixLength?: UInt8 | undefined
}

export interface LCOWRoute {
  NextHop?: string | undefined
  DestinationPrefix?: string | undefined
  Metric?: UInt16 | undefined
}

export interface LCOWContainerConstraints {
  Windows?: Always<OciWindowsResources>
  Linux?: Always<OciLinuxResources>
}

export interface SignalProcessOptionsLCOW {
  Signal?: Int64 | undefined
}

export interface SignalProcessOptionsWCOW {
  Signal?: SignalValueWCOW | undefined
}

export interface ConfidentialOptions {
  EnforcerType?: string | undefined
  EncodedSecurityPolicy?: string | undefined
  EncodedUVMReference?: string | undefined
  EncodedUVMHashEnvelopeReference?: string | undefined
}

export interface SecurityPolicyFragment {
  Fragment?: string | undefined
  MediaType?: string | undefined
}
