// Every guest resource: its statement, and the manager interface of its methods. One line for each file; a test sees that none is missing.

export * from './block-cims.js'
export * from './lcow-devices.js'
export * from './lcow-directory.js'
export * from './lcow-layers.js'
export * from './lcow-memory.js'
export * from './lcow-network.js'
export * from './scsi.js'
export * from './security-policy.js'
export * from './wcow-directory.js'
export * from './wcow-hv-socket.js'
export * from './wcow-layers.js'
export * from './wcow-network.js'
