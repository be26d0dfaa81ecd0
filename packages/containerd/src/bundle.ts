// The OCI bundle of a container: what containerd has written for it.

import { open } from 'node:fs/promises'
import { join } from 'node:path'
import type { schema } from 'uvm-actors'
import { TtrpcError } from 'uvm-ttrpc'

/** Bytes of a config.json at most; real ones have tens of thousands. */
export const MAX_CONFIG_BYTES = 4 * 1024 * 1024

export interface Spec extends schema.OciSpec {
  annotations?: Record<string, string>
}

/**
 * @param bundle absolute path
 * @throws {TtrpcError} NOT_FOUND without a config.json, INVALID_ARGUMENT when it is too large or no JSON object
 */
export async function readSpec(bundle: string): Promise<Spec> {
  const path = join(bundle, 'config.json')
  const text = await readLimited(path)
  let spec: unknown
  try {
    spec = JSON.parse(text)
  } catch {
    throw new TtrpcError('INVALID_ARGUMENT', `${path} is no JSON`)
  }
  if (typeof spec !== 'object' || spec === null || Array.isArray(spec))
    throw new TtrpcError('INVALID_ARGUMENT', `${path} holds no OCI specification`)
  return spec as Spec
}

async function readLimited(path: string): Promise<string> {
  const file = await open(path).catch((error: NodeJS.ErrnoException) => {
    throw new TtrpcError('NOT_FOUND', `${path}: ${error.code ?? error.message}`, { cause: error })
  })
  try {
    const { size } = await file.stat()
    if (size > MAX_CONFIG_BYTES)
      throw new TtrpcError('INVALID_ARGUMENT', `${path} has ${size} bytes; at most ${MAX_CONFIG_BYTES} are read`)
    // Not more than that either when it grows meanwhile.
    const buffer = Buffer.alloc(size)
    const { bytesRead } = await file.read(buffer, 0, size, 0)
    return buffer.toString('utf8', 0, bytesRead)
  } finally {
    await file.close()
  }
}
