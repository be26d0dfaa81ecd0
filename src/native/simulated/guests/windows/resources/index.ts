// How a Windows guest behaves: one export for each resource it must know, under the name of its statement.

export { securityPolicy, securityPolicyFragment } from '../../security-policy.js'
export { wcowBlockCims } from './block-cims.js'
export { cwcowCombinedLayers, wcowCombinedLayers } from './combined-layers.js'
export { wcowHvSocket } from './hv-socket.js'
export { wcowMappedDirectory } from './mapped-directory.js'
export { wcowMappedVirtualDisk, wcowScratchDisk } from './mapped-disk.js'
export { networkNamespace, wcowNetwork } from './network.js'

/** A host may ask any guest to unplug a disk; a Windows guest does not know how and says so. */
export const scsiDevice = undefined
