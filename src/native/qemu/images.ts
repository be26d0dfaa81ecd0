// Disk images: which driver of QEMU reads one, and whether it is what its name says. The name alone decides: a guest can write into a raw
// disk whatever begins a format that names other files, and must not have those opened at the next attachment.

import { open, stat } from 'node:fs/promises'
import { extname } from 'node:path'
import { HRESULT } from '../../protocol/hresult.js'
import type { Attachment } from '../../protocol/schema/index.js'
import { refusal, type HcsFailure } from '../simulated/failure.js'
import { pathRefusal } from './refusals.js'

export type DiskDriver = 'raw' | 'qcow2' | 'vhdx' | 'vpc'

/** A disk as QEMU is told of it. */
export interface DiskPlan {
  /** 0..3 */
  readonly controller: number
  readonly lun: number
  readonly path: string
  readonly driver: DiskDriver
  /** A device of the host rather than a file. */
  readonly isDevice: boolean
  readonly readOnly: boolean
  readonly isCd: boolean
}

const DRIVERS: Readonly<Record<string, DiskDriver>> = {
  '.vhdx': 'vhdx',
  '.avhdx': 'vhdx',
  '.vhd': 'vpc',
  '.qcow2': 'qcow2',
}

/** What an image of the format begins with; a VHD of fixed size ends with it. */
const MARKS: Readonly<Record<Exclude<DiskDriver, 'raw'>, string>> = {
  vhdx: 'vhdxfile',
  vpc: 'conectix',
  qcow2: 'QFI\u00fb',
}
const VHD_FOOTER_BYTES = 512

export function driverOf(path: string, type: Attachment['Type']): DiskDriver {
  // A device of the host, and an ISO image, are what they are.
  return type === 'PassThru' || type === 'Iso' ? 'raw' : (DRIVERS[extname(path).toLowerCase()] ?? 'raw')
}

/**
 * Looks at the file of an attachment.
 *
 * @param at its place in the document or the request
 * @throws {HcsFailure} naming the place
 */
export async function planDisk(
  { Type, Path: path = '', ReadOnly }: Attachment,
  place: { controller: number; lun: number; at: string },
): Promise<DiskPlan> {
  const { controller, lun, at } = place
  const fail = (code: number, why: string): HcsFailure => refusal(code, `${at}: ${why}`)
  if (Type === 'ExtensibleVirtualDisk') throw fail(HRESULT.ERROR_NOT_SUPPORTED, 'QEMU has nothing of the kind')
  if (path === '') throw fail(HRESULT.E_INVALIDARG, 'a path is wanted')
  const foreign = pathRefusal(at, path)
  if (foreign !== undefined) throw foreign
  const found = await stat(path).catch((error: unknown) => {
    throw fail(codeOfFile(error), `${path} cannot be opened`)
  })
  const isDevice = found.isBlockDevice()
  if (!isDevice && !found.isFile()) throw fail(HRESULT.E_INVALIDARG, `${path} is neither a file nor a disk`)
  const driver = driverOf(path, Type)
  if (driver !== 'raw' && !(await hasMark(path, driver, found.size))) {
    throw fail(HRESULT.ERROR_FILE_CORRUPT, `${path} is no ${extname(path).slice(1)} image`)
  }
  const isCd = Type === 'Iso'
  return { controller, lun, path, driver, isDevice, isCd, readOnly: isCd || ReadOnly === true }
}

async function hasMark(path: string, driver: Exclude<DiskDriver, 'raw'>, size: number): Promise<boolean> {
  const mark = Buffer.from(MARKS[driver], 'latin1')
  const file = await open(path, 'r').catch((error: unknown) => {
    throw refusal(codeOfFile(error), `${path} cannot be opened`)
  })
  try {
    const at = async (position: number): Promise<boolean> => {
      if (position < 0) return false
      const { bytesRead, buffer } = await file.read(Buffer.alloc(mark.length), 0, mark.length, position)
      return bytesRead === mark.length && buffer.equals(mark)
    }
    return (await at(0)) || (driver === 'vpc' && (await at(size - VHD_FOOTER_BYTES)))
  } finally {
    await file.close()
  }
}

/** The HRESULT for a file that cannot be opened. */
export function codeOfFile(error: unknown): number {
  switch ((error as NodeJS.ErrnoException | null)?.code) {
    case 'ENOENT':
      return HRESULT.ERROR_FILE_NOT_FOUND
    case 'ENOTDIR':
      return HRESULT.ERROR_PATH_NOT_FOUND
    case 'EACCES':
    case 'EPERM':
      return HRESULT.E_ACCESSDENIED
    default:
      return HRESULT.E_FAIL
  }
}
