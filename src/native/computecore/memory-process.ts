// The working set of a VM's memory process (vmmem): what a VM with virtual backing holds of the host, which the compute service does not
// tell. The process is found by its name and by the VM's own account, NT VIRTUAL MACHINE\<runtime id>.

import { guidToWindowsBytes } from '../../protocol/guid.js'

/** What is asked of Windows. */
export interface ProcessCalls {
  /** Every process, as a snapshot has it. */
  list(): readonly { pid: number; name: string }[]
  /** The bytes of the SID whom a process belongs to; undefined when it cannot be told. */
  ownerOf(pid: number): Uint8Array | undefined
  /** Bytes of memory that the process holds; undefined when it has gone. */
  workingSetOf(pid: number): number | undefined
}

const NAMES: ReadonlySet<string> = new Set(['vmmem', 'vmmem.exe'])

const SID_REVISION = 1
/** SECURITY_NT_AUTHORITY. */
const NT_AUTHORITY = 5
/** SECURITY_VIRTUALSERVER_ID_BASE_RID, and 1 for one VM. */
const VM_PREFIX = [83, 1] as const

/** The SID of a VM's account: S-1-5-83-1 and the four words of its runtime id, as Windows lays the GUID out. @throws {RangeError} no GUID */
export function vmSid(runtimeId: string): Uint8Array {
  const guid = guidToWindowsBytes(runtimeId)
  const bytes = new Uint8Array(8 + 4 * 6)
  const view = new DataView(bytes.buffer)
  bytes.set([SID_REVISION, 6, 0, 0, 0, 0, 0, NT_AUTHORITY])
  VM_PREFIX.forEach((word, index) => view.setUint32(8 + 4 * index, word, true))
  bytes.set(guid, 16)
  return bytes
}

/** Bytes; undefined when the VM has no memory process, or it belongs to somebody whom we may not look at. */
export function workingSet(calls: ProcessCalls, runtimeId: string): number | undefined {
  const wanted = vmSid(runtimeId)
  for (const { pid, name } of calls.list()) {
    if (!NAMES.has(name.toLowerCase())) continue
    const owner = calls.ownerOf(pid)
    if (owner === undefined || owner.byteLength !== wanted.byteLength) continue
    if (owner.every((byte, index) => byte === wanted[index])) return calls.workingSetOf(pid)
  }
  return undefined
}
