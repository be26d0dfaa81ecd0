// Where a control server listens: a Unix socket in a directory that only its user may enter, on Windows a named pipe and a secret from there.

import { createHash, createHmac, timingSafeEqual } from 'node:crypto'
import { join, resolve } from 'node:path'
import { defaultServiceDirectory } from '../native/service-process/directory.js'

/** The name under which the service of a directory is found; programs of one's own take another. */
export const SERVICE_NAME = 'control'

const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/

export interface ControlPlace {
  /** A private directory; default: that of the service process, `defaultServiceDirectory()`. */
  directory?: string
  /** What it is called there; default 'control', which is the name of `uvmctl service`. Letters, digits, '.', '_' and '-'. */
  name?: string
}

export function isControlName(name: unknown): name is string {
  return typeof name === 'string' && NAME.test(name)
}

export function controlDirectory({ directory }: ControlPlace): string {
  return resolve(directory ?? defaultServiceDirectory())
}

export function controlAddress(place: ControlPlace, platform: NodeJS.Platform = process.platform): string {
  const { name = SERVICE_NAME } = place
  const directory = controlDirectory(place)
  if (platform !== 'win32') return join(directory, `${name}.sock`)
  const hash = createHash('sha256').update(`${directory.toLowerCase()}|${name}`).digest('hex').slice(0, 16)
  return `\\\\.\\pipe\\uvm-control-${hash}`
}

/** Requests carry NONCE and PROOF, answers PROOF, where there is a secret. */
export const HEADER = { nonce: 'uvm-nonce', proof: 'uvm-proof' } as const

/** That whoever says `nonce` as `side` knows the secret. */
export function proofOf(secret: Uint8Array, side: 'client' | 'server', nonce: string): string {
  return createHmac('sha256', secret).update(`${side}|${nonce}`).digest('hex')
}

export function isProof(secret: Uint8Array, side: 'client' | 'server', nonce: unknown, proof: unknown): boolean {
  if (typeof nonce !== 'string' || typeof proof !== 'string' || nonce.length < 16) return false
  const [given, right] = [Buffer.from(proof), Buffer.from(proofOf(secret, side, nonce))]
  return given.byteLength === right.byteLength && timingSafeEqual(given, right)
}
