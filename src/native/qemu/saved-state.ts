// Saved states: a head that says what machine it was, then QEMU's stream. As a file of the caller's, whole; as a template beside the memory,
// which lies in a file of its own and is copied for each VM that starts from it.

import { open, readlink, readdir, rename, unlink, type FileHandle } from 'node:fs/promises'
import { createReadStream } from 'node:fs'
import { join } from 'node:path'
import { HRESULT } from '../../protocol/hresult.js'
import { isRecord } from '../../protocol/json.js'
import { HcsFailure, refusal } from '../simulated/failure.js'
import { packState, unpackState } from '../simulated/state/codec.js'
import { codeOfFile } from './images.js'
import type { Machine } from './machine.js'
import { readState, writeState } from './migration-stream.js'
import type { HardwareRecord } from './state-directory.js'

const MAGIC = Buffer.from('uvm-actors qemu state 1\n')
/** Longest head, bytes. */
const MAX_HEAD = 16 * 1024 * 1024
const LENGTH_BYTES = 4
/** Pieces that memory is copied in: what is zero in whole is left out, bytes. */
const PIECE_BYTES = 256 * 1024

/** What a machine must be to take the state. */
export interface StateHead {
  /** What `movable` gave. */
  readonly live: unknown
  readonly hardware: HardwareRecord
  readonly processors: number
  readonly hasKernel: boolean
}

interface Saving {
  readonly path: string
  readonly head: StateHead
  readonly directory: string
  readonly withoutMemory: boolean
}

/** Writes the file whole or not at all. @throws {HcsFailure} */
export async function saveMachine(machine: Machine, { path, head, directory, withoutMemory }: Saving): Promise<void> {
  const draft = `${path}.${process.pid}.new`
  let file: FileHandle | undefined
  try {
    // The guest's memory is in it.
    file = await open(draft, 'wx', 0o600)
    const packed = packState(head)
    const length = Buffer.alloc(LENGTH_BYTES)
    length.writeUInt32BE(packed.length)
    for (const part of [MAGIC, length, packed]) await file.appendFile(part)
    const written = file
    await writeState(machine, (bytes) => written.appendFile(bytes), { directory, withoutMemory })
    await file.close()
    await rename(draft, path)
  } catch (error) {
    await file?.close().catch(() => undefined)
    if (file !== undefined) await unlink(draft).catch(() => undefined)
    if (error instanceof HcsFailure) throw error
    throw refusal(writeCodeOf(error), `${path} cannot be written: ${(error as Error).message}`)
  }
}

/** A state that was opened; its machine is made by its head. */
export class OpenedState {
  private constructor(
    readonly head: StateHead,
    readonly path: string,
    private readonly offset: number,
  ) {}

  /** @throws {HcsFailure} no such file, or none of ours */
  static async open(path: string): Promise<OpenedState> {
    let file: FileHandle
    try {
      file = await open(path, 'r')
    } catch (error) {
      throw refusal(codeOfFile(error), `${path} cannot be opened`)
    }
    const damaged = refusal(HRESULT.ERROR_FILE_CORRUPT, `${path} is no saved state of this provider`)
    try {
      const start = Buffer.alloc(MAGIC.length + LENGTH_BYTES)
      const { bytesRead } = await file.read(start, 0, start.length, 0)
      const bytes = start.readUInt32BE(MAGIC.length)
      if (bytesRead < start.length || !start.subarray(0, MAGIC.length).equals(MAGIC) || bytes > MAX_HEAD) throw damaged
      const packed = Buffer.alloc(bytes)
      if ((await file.read(packed, 0, bytes, start.length)).bytesRead < bytes) throw damaged
      let head: unknown
      try {
        head = unpackState(packed)
      } catch {
        throw damaged
      }
      if (!isRecord(head) || !isRecord(head['hardware']) || typeof head['processors'] !== 'number') throw damaged
      return new OpenedState(head as unknown as StateHead, path, start.length + bytes)
    } finally {
      await file.close()
    }
  }

  /** @throws {HcsFailure} */
  async restore(machine: Machine, directory: string, withoutMemory: boolean): Promise<void> {
    await readState(machine, createReadStream(this.path, { start: this.offset }), { directory, withoutMemory })
  }
}

// ------------------------------------------------------------------------------------------------------------------- memory

/** The file that is the memory of a machine, as its process has it open. @throws {HcsFailure} it cannot be found */
export async function memoryFileOf(machine: Machine, ramPath: string): Promise<string> {
  const directory = `/proc/${machine.pid}/fd`
  for (const fd of await readdir(directory).catch(() => [])) {
    const target = await readlink(join(directory, fd)).catch(() => '')
    if (target.startsWith('/memfd:memory-backend-memfd') || target.startsWith(ramPath)) return join(directory, fd)
  }
  throw refusal(HRESULT.E_FAIL, 'the memory of the machine cannot be found')
}

/** Copies memory; what is zero takes no room. @throws {HcsFailure} */
export async function copyMemory(from: string, to: string): Promise<void> {
  const zero = Buffer.alloc(PIECE_BYTES)
  const buffer = Buffer.alloc(PIECE_BYTES)
  let source: FileHandle | undefined
  let target: FileHandle | undefined
  try {
    source = await open(from, 'r')
    target = await open(to, 'wx', 0o600)
    const { size } = await source.stat()
    await target.truncate(size)
    for (let at = 0; at < size; at += PIECE_BYTES) {
      const { bytesRead } = await source.read(buffer, 0, PIECE_BYTES, at)
      const piece = buffer.subarray(0, bytesRead)
      if (!piece.equals(zero.subarray(0, bytesRead))) await writeAll(target, piece, at)
    }
  } catch (error) {
    if (target !== undefined) await unlink(to).catch(() => undefined)
    throw refusal(writeCodeOf(error), `the memory cannot be copied to ${to}: ${(error as Error).message}`)
  } finally {
    await source?.close()
    await target?.close()
  }
}

/** A disk that is about to be full takes less than it is given, and says so only of the next piece. */
async function writeAll(target: FileHandle, bytes: Buffer, at: number): Promise<void> {
  for (let done = 0; done < bytes.length;) {
    const { bytesWritten } = await target.write(bytes, done, bytes.length - done, at + done)
    done += bytesWritten
  }
}

function writeCodeOf(error: unknown): number {
  const { code } = error as NodeJS.ErrnoException
  return code === 'ENOSPC' || code === 'EDQUOT' ? HRESULT.ERROR_DISK_FULL : codeOfFile(error)
}
