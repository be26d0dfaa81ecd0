// The namespace `schema` of the package: all of this folder, and what files of the protocol outside of it add.

export * from './generated/elsewhere.js'
export * from './index.js'
