// computecore.dll: loading it, and resolving each function on first use. A missing one is an ordinary error, never a crash at load.

import koffi, { type LibraryHandle } from 'koffi'
import { join } from 'node:path'
import { HRESULT } from '../../protocol/hresult.js'
import { NativeFailure } from './failure.js'
import { CORE, FUNCTIONS, type FunctionName } from './functions.js'
import type { Ledger } from './ledger.js'
import { windowsBuild } from './windows-build.js'

/** What a koffi function takes and gives here: handles and addresses are BigInts, 0 and NULL are null. */
export type NativeValue = bigint | number | string | null | [bigint | null]

export interface NativeFunction {
  (...args: NativeValue[]): unknown
  /** Runs on a thread of libuv's pool. */
  async: (...args: [...NativeValue[], (error: unknown, result: unknown) => void]) => void
}

/** The system directory only: a DLL of that name elsewhere on the path must not be loaded. */
function defaultPath(): string {
  return join(process.env['SystemRoot'] ?? 'C:\\Windows', 'System32', 'computecore.dll')
}

/** A text for the DLL. No document is NULL there, never an empty string; text after a NUL would be lost. */
export function nullable(text: string): string | null {
  if (text.includes('\0')) throw new NativeFailure(HRESULT.E_INVALIDARG, '{"ErrorMessage":"the text contains NUL"}')
  return text === '' ? null : text
}

export class ComputeCore {
  readonly #library: LibraryHandle
  readonly #path: string
  readonly #ledger: Ledger
  readonly #functions = new Map<FunctionName, NativeFunction>()
  readonly #localFree: NativeFunction

  /** @throws {NativeFailure} no such library, or one that lacks what every call needs */
  constructor(libraryPath: string | undefined, ledger: Ledger) {
    this.#ledger = ledger
    if (libraryPath === undefined && process.platform !== 'win32') {
      throw unavailable(
        HRESULT.ERROR_MOD_NOT_FOUND,
        `computecore.dll is part of Windows, since build ${FUNCTIONS.HcsCreateOperation.build}; this host runs ${process.platform}`,
      )
    }
    this.#path = libraryPath ?? defaultPath()
    try {
      this.#library = koffi.load(this.#path)
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : String(cause)
      throw unavailable(
        HRESULT.ERROR_MOD_NOT_FOUND,
        `${this.#path} cannot be loaded (${why}); it is part of Windows since build ${FUNCTIONS.HcsCreateOperation.build}, with the ` +
          `feature Hyper-V, Virtual Machine Platform or Containers${thisBuild()}`,
      )
    }
    for (const name of CORE) this.get(name)
    this.#localFree = this.#resolveLocalFree()
  }

  /** @throws {NativeFailure} 0x8007007F: the library lacks the function */
  get(name: FunctionName): NativeFunction {
    const known = this.#functions.get(name)
    if (known !== undefined) return known
    const { declaration, build } = FUNCTIONS[name]
    let resolved: NativeFunction
    try {
      resolved = this.#library.func(declaration) as unknown as NativeFunction
    } catch {
      throw unavailable(
        HRESULT.ERROR_PROC_NOT_FOUND,
        `${this.#path} lacks the function ${name}, which appears with Windows build ${build}${thisBuild()}`,
      )
    }
    this.#functions.set(name, resolved)
    return resolved
  }

  /** Documents are freed with LocalFree: of kernel32, or of a library that brings its own. */
  #resolveLocalFree(): NativeFunction {
    const declaration = 'void *LocalFree(void *memory)'
    try {
      return this.#library.func(declaration) as unknown as NativeFunction
    } catch {
      if (process.platform === 'win32') return koffi.load('kernel32.dll').func(declaration) as unknown as NativeFunction
      throw unavailable(HRESULT.ERROR_PROC_NOT_FOUND, `${this.#path} lacks the function LocalFree`)
    }
  }

  /** The text of a document the DLL gave out, which is freed; '' for none. */
  takeDocument(address: bigint | null): string {
    if (address === null || address === 0n) return ''
    this.#ledger.add('documents', 1)
    try {
      return koffi.decode.string16(address)
    } finally {
      this.#localFree(address)
      this.#ledger.add('documents', -1)
    }
  }
}

function unavailable(hresult: number, reason: string): NativeFailure {
  return new NativeFailure(hresult, '', reason)
}

function thisBuild(): string {
  const build = windowsBuild()
  return build === undefined ? '' : `; this is build ${build}`
}
