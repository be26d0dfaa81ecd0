// Processes of a Windows host, through kernel32 and advapi32.

import koffi from 'koffi'
import type { ProcessCalls } from './memory-process.js'

const SNAPSHOT_OF_PROCESSES = 2
const QUERY_LIMITED_INFORMATION = 0x1000
const TOKEN_QUERY = 8
const TOKEN_USER = 1
/** PROCESSENTRY32W: its size, and where the pid and the name are. */
const ENTRY = { bytes: 568, pid: 8, name: 44, nameBytes: 520 } as const
/** PROCESS_MEMORY_COUNTERS: its size, and where the working set is. */
const COUNTERS = { bytes: 72, workingSet: 16 } as const
/** TOKEN_USER begins with a pointer to the SID, which follows in the same buffer. */
const TOKEN_USER_BYTES = 128
const SID_AFTER = 16
const INVALID_HANDLE = -1n

type Call = (...args: (bigint | number | Uint8Array | [bigint | null] | [number])[]) => unknown

/** @throws {Error} not on Windows */
export function windowsProcesses(): ProcessCalls {
  const kernel = koffi.load('kernel32.dll')
  const advapi = koffi.load('advapi32.dll')
  const func = (library: typeof kernel, declaration: string): Call => library.func(declaration) as unknown as Call
  const snapshot = func(kernel, 'intptr_t CreateToolhelp32Snapshot(uint32_t flags, uint32_t pid)')
  const first = func(kernel, 'int32_t Process32FirstW(intptr_t snapshot, _Inout_ uint8_t *entry)')
  const next = func(kernel, 'int32_t Process32NextW(intptr_t snapshot, _Inout_ uint8_t *entry)')
  const open = func(kernel, 'intptr_t OpenProcess(uint32_t access, int32_t inherit, uint32_t pid)')
  const close = func(kernel, 'int32_t CloseHandle(intptr_t handle)')
  const memory = func(
    kernel,
    'int32_t K32GetProcessMemoryInfo(intptr_t process, _Out_ uint8_t *counters, uint32_t bytes)',
  )
  const token = func(advapi, 'int32_t OpenProcessToken(intptr_t process, uint32_t access, _Out_ intptr_t *token)')
  const information = func(
    advapi,
    'int32_t GetTokenInformation(intptr_t token, int32_t class, _Out_ uint8_t *buffer, uint32_t bytes, _Out_ uint32_t *length)',
  )

  const using = <T>(handle: unknown, use: (handle: bigint) => T | undefined): T | undefined => {
    const value = BigInt(handle as bigint | number)
    if (value === 0n || value === INVALID_HANDLE) return undefined
    try {
      return use(value)
    } finally {
      close(value)
    }
  }

  return {
    list: () =>
      using(snapshot(SNAPSHOT_OF_PROCESSES, 0), (handle) => {
        const found: { pid: number; name: string }[] = []
        const entry = Buffer.alloc(ENTRY.bytes)
        entry.writeUInt32LE(ENTRY.bytes, 0)
        for (let more = first(handle, entry); more !== 0; more = next(handle, entry)) {
          const text = entry.toString('utf16le', ENTRY.name, ENTRY.name + ENTRY.nameBytes)
          found.push({ pid: entry.readUInt32LE(ENTRY.pid), name: text.slice(0, text.indexOf('\0')) })
        }
        return found
      }) ?? [],
    ownerOf: (pid) =>
      using(open(QUERY_LIMITED_INFORMATION, 0, pid), (process) => {
        const out: [bigint | null] = [null]
        if (token(process, TOKEN_QUERY, out) === 0) return undefined
        return using(out[0] ?? 0n, (handle) => {
          const buffer = Buffer.alloc(TOKEN_USER_BYTES)
          if (information(handle, TOKEN_USER, buffer, buffer.byteLength, [0]) === 0) return undefined
          const words = buffer.readUInt8(SID_AFTER + 1)
          return Uint8Array.from(buffer.subarray(SID_AFTER, SID_AFTER + 8 + 4 * words))
        })
      }),
    workingSetOf: (pid) =>
      using(open(QUERY_LIMITED_INFORMATION, 0, pid), (process) => {
        const counters = Buffer.alloc(COUNTERS.bytes)
        counters.writeUInt32LE(COUNTERS.bytes, 0)
        if (memory(process, counters, counters.byteLength) === 0) return undefined
        return Number(counters.readBigUInt64LE(COUNTERS.workingSet))
      }),
  }
}
