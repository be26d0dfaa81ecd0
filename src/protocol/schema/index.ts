// The schema: all documents and enumerations of this folder, and the primitives they are made of.

export * from './generated/exports.js'
export type * from './primitives.js'
