// How a Linux guest behaves: one export for each resource it must know, under the name of its statement.

export { securityPolicy, securityPolicyFragment } from '../../security-policy.js'
export { lcowCombinedLayers } from './combined-layers.js'
export { lcowMappedDirectory } from './mapped-directory.js'
export { lcowNetwork } from './network.js'
export { lcowPodMemory } from './pod-memory.js'
export { lcowMappedVirtualDisk, scsiDevice } from './scsi.js'
export { lcowVpciDevice } from './vpci.js'
export { lcowVpmemDevice } from './vpmem.js'
