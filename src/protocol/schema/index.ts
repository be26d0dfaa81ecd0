// The schema, exported from the package as the namespace `schema`: all documents and enumerations, and the primitives they are made of.

export * from './generated/exports.js'
export type * from './primitives.js'
