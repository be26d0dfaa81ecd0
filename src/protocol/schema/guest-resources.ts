// Settings of the guest resources, Linux (LCOW) and Windows (WCOW, confidential CWCOW).

import type { HostedSystem } from './compute-system.js'
import type { Layer } from './container.js'
import type { FileSystemFilterType, SignalValueWCOW } from './enums.js'
import type { Int64 } from './int64.js'
import type { OciLinuxResources, OciSpec, OciWindowsResources } from './oci.js'

/** Layers and scratch to join into a container's root file system in a Linux guest. */
export interface LCOWCombinedLayers {
  ContainerID?: string | undefined
  ContainerRootPath?: string | undefined
  Layers?: Layer[] | undefined
  ScratchPath?: string | undefined
}

/** WCOW combined layers. */
export interface WCOWCombinedLayers {
  ContainerRootPath?: string | undefined
  Layers?: Layer[] | undefined
  ScratchPath?: string | undefined
  FilterType?: FileSystemFilterType | undefined
}

/** CWCOW combined layers. */
export interface CWCOWCombinedLayers {
  ContainerID?: string | undefined
  /** Always on the wire. */
  CombinedLayers?: WCOWCombinedLayers | undefined
}

/** CWCOW hosted system. */
export interface CWCOWHostedSystem {
  /** Always on the wire. */
  Spec?: OciSpec | undefined
  /** Always on the wire. */
  CWCOWHostedSystem?: HostedSystem | undefined
}

/** A SCSI disk for a Linux guest to unplug. */
export interface SCSIDevice {
  /** uint8. */
  Controller?: number | undefined
  /** uint8. */
  Lun?: number | undefined
}

/** A SCSI disk to mount in a Linux guest. */
export interface LCOWMappedVirtualDisk {
  MountPath?: string | undefined
  /** uint8. */
  Lun?: number | undefined
  /** uint8. */
  Controller?: number | undefined
  /** uint64. */
  Partition?: Int64 | undefined
  ReadOnly?: boolean | undefined
  Encrypted?: boolean | undefined
  Options?: string[] | undefined
  BlockDev?: boolean | undefined
  /** Deprecated. */
  VerityInfo?: DeviceVerityInfo | undefined
  EnsureFilesystem?: boolean | undefined
  Filesystem?: string | undefined
}

/** Block CIM device. */
export interface BlockCIMDevice {
  /** Always on the wire. */
  CimName?: string | undefined
  /** int32; always on the wire. */
  Lun?: number | undefined
}

/** CWCOW block CIM mounts. */
export interface CWCOWBlockCIMMounts {
  BlockCIMs?: BlockCIMDevice[] | undefined
  /** GUID text; always on the wire. */
  VolumeGUID?: string | undefined
  /** uint32. */
  MountFlags?: number | undefined
  ContainerID?: string | undefined
}

/** A SCSI disk to mount in a Windows guest. */
export interface WCOWMappedVirtualDisk {
  ContainerPath?: string | undefined
  /** int32. */
  Lun?: number | undefined
}

/** LCOW mapped directory. */
export interface LCOWMappedDirectory {
  MountPath?: string | undefined
  /** int32. */
  Port?: number | undefined
  ShareName?: string | undefined
  ReadOnly?: boolean | undefined
}

/** LCOWVP mem mapping info. */
export interface LCOWVPMemMappingInfo {
  /** uint64 (bytes). */
  DeviceOffsetInBytes?: Int64 | undefined
  /** uint64 (bytes). */
  DeviceSizeInBytes?: Int64 | undefined
}

/** Device verity info. */
export interface DeviceVerityInfo {
  /** int64 (bytes). */
  Ext4SizeInBytes?: Int64 | undefined
  /** int64. */
  Version?: Int64 | undefined
  Algorithm?: string | undefined
  SuperBlock?: boolean | undefined
  RootDigest?: string | undefined
  Salt?: string | undefined
  /** int64. */
  BlockSize?: Int64 | undefined
}

/** LCOW mapped VP mem device. */
export interface LCOWMappedVPMemDevice {
  /** uint32. */
  DeviceNumber?: number | undefined
  MountPath?: string | undefined
  MappingInfo?: LCOWVPMemMappingInfo | undefined
  /** Deprecated. */
  VerityInfo?: DeviceVerityInfo | undefined
}

/** LCOW mapped VPCI device. */
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
  /** uint16. */
  EncapOverhead?: number | undefined
  VPCIAssigned?: boolean | undefined
  IPConfigs?: LCOWIPConfig[] | undefined
  Routes?: LCOWRoute[] | undefined
  PolicyBasedRouting?: boolean | undefined
  EnableLowMetric?: boolean | undefined
}

/** LCOWIP config. */
export interface LCOWIPConfig {
  IPAddress?: string | undefined
  /** uint8. */
  PrefixLength?: number | undefined
}

/** LCOW route. */
export interface LCOWRoute {
  NextHop?: string | undefined
  DestinationPrefix?: string | undefined
  /** uint16. */
  Metric?: number | undefined
}

/** LCOW container constraints. */
export interface LCOWContainerConstraints {
  /** Always on the wire. */
  Windows?: OciWindowsResources | undefined
  /** Always on the wire. */
  Linux?: OciLinuxResources | undefined
}

/** Signal process options LCOW. */
export interface SignalProcessOptionsLCOW {
  /** int64. */
  Signal?: Int64 | undefined
}

/** Signal process options WCOW. */
export interface SignalProcessOptionsWCOW {
  Signal?: SignalValueWCOW | undefined
}

/** Confidential options. */
export interface ConfidentialOptions {
  EnforcerType?: string | undefined
  EncodedSecurityPolicy?: string | undefined
  EncodedUVMReference?: string | undefined
  EncodedUVMHashEnvelopeReference?: string | undefined
}

/** Security policy fragment. */
export interface SecurityPolicyFragment {
  Fragment?: string | undefined
  MediaType?: string | undefined
}
