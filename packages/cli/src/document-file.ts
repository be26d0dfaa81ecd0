// A ComputeSystem document from a file, checked before anything is done with it.

import { readFile } from 'node:fs/promises'
import type { schema } from 'uvm-actors'
import { checkDocument, isRecord, parseJson, type DocumentProblem } from 'uvm-actors/tools'
import { UsageError } from './exit-codes.js'

/** JSON from a file, or from standard input for '-'. @throws {UsageError} naming the file */
export async function readJsonFile(file: string): Promise<unknown> {
  const text = await (file === '-' ? readStdin() : readFile(file, 'utf8')).catch((error: NodeJS.ErrnoException) => {
    const why = error.code === 'ENOENT' ? 'there is no such file' : `it cannot be read: ${error.message}`
    throw new UsageError(`${file}: ${why}`)
  })
  try {
    return parseJson(text.replace(/^\ufeff/, ''))
  } catch (error) {
    throw new UsageError(`${file}: ${(error as Error).message}`)
  }
}

async function readStdin(): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of process.stdin) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString('utf8')
}

/** `strict`: members that no version knows are mistakes too. */
export function documentProblems(document: unknown, strict: boolean): DocumentProblem[] {
  return checkDocument('ComputeSystem', document, { strict })
}

/** @throws {UsageError} the first mistake, with its place */
export async function readDocument(file: string): Promise<schema.ComputeSystem> {
  const document = await readJsonFile(file)
  if (!isRecord(document)) throw new UsageError(`${file}: expected a ComputeSystem document`)
  const [problem] = documentProblems(document, false)
  if (problem !== undefined) throw new UsageError(`${file}: ${placeOf(problem)}: ${problem.problem}`)
  return document as schema.ComputeSystem
}

/** '$.VirtualMachine.Chipset' as people write it. */
export function placeOf({ path }: DocumentProblem): string {
  return path === '$' ? 'the document' : path.replace(/^\$\.?/, '')
}
