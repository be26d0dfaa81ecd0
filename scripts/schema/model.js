// What is read out of the sources and written into the tables.

/** @import ts from 'typescript' */

/**
 * @typedef {{ file: string, rows: string[] }} Document rows: see src/protocol/schema/field-table.ts
 * @typedef {{ file: string, words: string[] | undefined }} Enumeration words: undefined where the values are numbers
 * @typedef {{ documents: Map<string, Document>, enumerations: Map<string, Enumeration> }} Schema
 * @typedef {ts.InterfaceDeclaration | ts.TypeAliasDeclaration} Declaration
 * @typedef {Map<string, { file: string, name: string }>} Imports what each local name is where it was declared
 * @typedef {{ file: string, node: Declaration, imports: Imports }} Declared a document not read yet
 */

/** All that is exported below it belongs to the schema. */
export const FOLDER = 'src/protocol/schema/'

/** What the schema cannot say. The message begins with the file. */
export class Refusal extends Error {}
