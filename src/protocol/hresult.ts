// HRESULTs of HCS, of the guest protocol and of the Win32 calls behind them: their names, and how the forms of one code compare.
//
// A code arrives signed (in JSON documents) or unsigned (in documentation), and many HCS codes exist twice: 0x8037nnnn from
// computecore.dll and 0xC037nnnn from older paths, inside documents and from guests. Names and predicates treat both alike.

/** Codes that this library compares or answers with, unsigned. (HCS documentation, public Windows headers.) */
export const HRESULT = {
  S_OK: 0x0000_0000,
  HCS_E_TERMINATED_DURING_START: 0x8037_0100,
  HCS_E_IMAGE_MISMATCH: 0x8037_0101,
  HCS_E_HYPERV_NOT_INSTALLED: 0x8037_0102,
  HCS_E_INVALID_STATE: 0x8037_0105,
  HCS_E_UNEXPECTED_EXIT: 0x8037_0106,
  HCS_E_TERMINATED: 0x8037_0107,
  HCS_E_CONNECT_FAILED: 0x8037_0108,
  HCS_E_CONNECTION_TIMEOUT: 0x8037_0109,
  HCS_E_CONNECTION_CLOSED: 0x8037_010a,
  HCS_E_UNKNOWN_MESSAGE: 0x8037_010b,
  HCS_E_UNSUPPORTED_PROTOCOL_VERSION: 0x8037_010c,
  HCS_E_INVALID_JSON: 0x8037_010d,
  HCS_E_SYSTEM_NOT_FOUND: 0x8037_010e,
  HCS_E_SYSTEM_ALREADY_EXISTS: 0x8037_010f,
  HCS_E_SYSTEM_ALREADY_STOPPED: 0x8037_0110,
  HCS_E_PROTOCOL_ERROR: 0x8037_0111,
  HCS_E_INVALID_LAYER: 0x8037_0112,
  HCS_E_WINDOWS_INSIDER_REQUIRED: 0x8037_0113,
  HCS_E_SERVICE_NOT_AVAILABLE: 0x8037_0114,
  HCS_E_OPERATION_NOT_STARTED: 0x8037_0115,
  HCS_E_OPERATION_ALREADY_STARTED: 0x8037_0116,
  HCS_E_OPERATION_PENDING: 0x8037_0117,
  HCS_E_OPERATION_TIMEOUT: 0x8037_0118,
  HCS_E_OPERATION_SYSTEM_CALLBACK_ALREADY_SET: 0x8037_0119,
  HCS_E_OPERATION_RESULT_ALLOCATION_FAILED: 0x8037_011a,
  HCS_E_ACCESS_DENIED: 0x8037_011b,
  HCS_E_GUEST_CRITICAL_ERROR: 0x8037_011c,
  HCS_E_PROCESS_INFO_NOT_AVAILABLE: 0x8037_011d,
  HCS_E_SERVICE_DISCONNECT: 0x8037_011e,
  HCS_E_PROCESS_ALREADY_STOPPED: 0x8037_011f,
  HCS_E_SYSTEM_NOT_CONFIGURED_FOR_OPERATION: 0x8037_0120,
  HCS_E_OPERATION_ALREADY_CANCELLED: 0x8037_0121,
  /** Exists in the older form only. */
  VMCOMPUTE_OPERATION_PENDING: 0xc037_0103,
  VMCOMPUTE_UNEXPECTED_EXIT: 0xc037_0106,
  E_NOTIMPL: 0x8000_4001,
  E_POINTER: 0x8000_4003,
  E_FAIL: 0x8000_4005,
  E_UNEXPECTED: 0x8000_ffff,
  ERROR_FILE_NOT_FOUND: 0x8007_0002,
  ERROR_PATH_NOT_FOUND: 0x8007_0003,
  E_ACCESSDENIED: 0x8007_0005,
  E_HANDLE: 0x8007_0006,
  ERROR_INVALID_DATA: 0x8007_000d,
  E_OUTOFMEMORY: 0x8007_000e,
  ERROR_SHARING_VIOLATION: 0x8007_0020,
  ERROR_NOT_SUPPORTED: 0x8007_0032,
  E_INVALIDARG: 0x8007_0057,
  ERROR_DISK_FULL: 0x8007_0070,
  ERROR_MOD_NOT_FOUND: 0x8007_007e,
  ERROR_PROC_NOT_FOUND: 0x8007_007f,
  ERROR_FILE_EXISTS: 0x8007_0050,
  ERROR_ALREADY_EXISTS: 0x8007_00b7,
  WAIT_TIMEOUT: 0x8007_0102,
  ERROR_NOT_FOUND: 0x8007_0490,
  ERROR_FILE_CORRUPT: 0x8007_0570,
  ERROR_NO_SYSTEM_RESOURCES: 0x8007_05aa,
  ERROR_COMMITMENT_LIMIT: 0x8007_05af,
  ERROR_TIMEOUT: 0x8007_05b4,
  WSAECONNRESET: 0x8007_2746,
  RPC_S_SERVER_UNAVAILABLE: 0x8007_06ba,
  RPC_S_CALL_FAILED: 0x8007_06be,
  RPC_X_SS_IN_NULL_CONTEXT: 0x8007_06ef,
  WBEM_E_INVALID_PARAMETER: 0x8004_1008,
  FVE_E_LOCKED_VOLUME: 0x8031_0000,
  HCN_E_ENDPOINT_NOT_FOUND: 0x803b_0002,
  HCN_E_ENDPOINT_ALREADY_ATTACHED: 0x803b_0014,
  ERROR_VIRTUAL_DISK_LIMITATION: 0xc03a_001a,
} as const

export type HResultName = keyof typeof HRESULT

const MESSAGES: Record<HResultName, string> = {
  S_OK: 'success',
  HCS_E_TERMINATED_DURING_START: 'the compute system ended unexpectedly while it was starting',
  HCS_E_IMAGE_MISMATCH: 'the operating system of the image does not fit the host',
  HCS_E_HYPERV_NOT_INSTALLED: 'a feature that virtual machines need is not installed',
  HCS_E_INVALID_STATE: 'the operation is not allowed in the present state',
  HCS_E_UNEXPECTED_EXIT: 'the compute system ended unexpectedly',
  HCS_E_TERMINATED: 'the compute system was ended by force',
  HCS_E_CONNECT_FAILED: 'no connection to the guest could be made',
  HCS_E_CONNECTION_TIMEOUT: 'the guest did not answer in time',
  HCS_E_CONNECTION_CLOSED: 'the connection to the guest closed',
  HCS_E_UNKNOWN_MESSAGE: 'the guest does not know the message',
  HCS_E_UNSUPPORTED_PROTOCOL_VERSION: 'host and guest have no protocol version in common',
  HCS_E_INVALID_JSON: 'the document is not valid',
  HCS_E_SYSTEM_NOT_FOUND: 'there is no compute system with this id',
  HCS_E_SYSTEM_ALREADY_EXISTS: 'the id is in use',
  HCS_E_SYSTEM_ALREADY_STOPPED: 'the compute system is not running any more',
  HCS_E_PROTOCOL_ERROR: 'host and guest disagree about the protocol',
  HCS_E_INVALID_LAYER: 'the layer was not recognised',
  HCS_E_WINDOWS_INSIDER_REQUIRED: 'this needs an Insider build of Windows',
  HCS_E_SERVICE_NOT_AVAILABLE: 'a service or feature that is needed is not available',
  HCS_E_OPERATION_NOT_STARTED: 'the operation was not used yet',
  HCS_E_OPERATION_ALREADY_STARTED: 'the operation is in use',
  HCS_E_OPERATION_PENDING: 'the operation is still running',
  HCS_E_OPERATION_TIMEOUT: 'the wait for the operation ran out',
  HCS_E_OPERATION_SYSTEM_CALLBACK_ALREADY_SET: 'the handle has an event callback already',
  HCS_E_OPERATION_RESULT_ALLOCATION_FAILED: 'there was no memory for the result',
  HCS_E_ACCESS_DENIED: 'the caller is neither an administrator nor a Hyper-V administrator',
  HCS_E_GUEST_CRITICAL_ERROR: 'the guest reported a critical error',
  HCS_E_PROCESS_INFO_NOT_AVAILABLE: 'nothing is known about the process',
  HCS_E_SERVICE_DISCONNECT: 'contact with the compute service was lost',
  HCS_E_PROCESS_ALREADY_STOPPED: 'the process has exited',
  HCS_E_SYSTEM_NOT_CONFIGURED_FOR_OPERATION: 'the compute system was not configured for this',
  HCS_E_OPERATION_ALREADY_CANCELLED: 'the operation was cancelled already',
  VMCOMPUTE_OPERATION_PENDING: 'the operation is still running',
  VMCOMPUTE_UNEXPECTED_EXIT: 'the compute system ended unexpectedly',
  E_NOTIMPL: 'not implemented',
  E_POINTER: 'invalid pointer',
  E_FAIL: 'unspecified failure',
  E_UNEXPECTED: 'unexpected failure',
  ERROR_FILE_NOT_FOUND: 'file not found',
  ERROR_PATH_NOT_FOUND: 'path not found',
  E_ACCESSDENIED: 'access denied',
  E_HANDLE: 'invalid handle',
  ERROR_INVALID_DATA: 'invalid data',
  E_OUTOFMEMORY: 'out of memory',
  ERROR_SHARING_VIOLATION: 'the file is in use',
  ERROR_NOT_SUPPORTED: 'not supported',
  E_INVALIDARG: 'invalid argument',
  ERROR_DISK_FULL: 'the disk is full',
  ERROR_MOD_NOT_FOUND: 'the library was not found',
  ERROR_PROC_NOT_FOUND: 'the library lacks the function',
  ERROR_FILE_EXISTS: 'the file exists already',
  ERROR_ALREADY_EXISTS: 'it exists already',
  WAIT_TIMEOUT: 'the wait ran out',
  ERROR_NOT_FOUND: 'element not found',
  ERROR_FILE_CORRUPT: 'the file is damaged',
  ERROR_NO_SYSTEM_RESOURCES: 'the system has too few resources',
  ERROR_COMMITMENT_LIMIT: 'the host has not enough memory',
  ERROR_TIMEOUT: 'the time ran out',
  WSAECONNRESET: 'the connection was lost',
  RPC_S_SERVER_UNAVAILABLE: 'the service does not answer',
  RPC_S_CALL_FAILED: 'the call to the service failed',
  RPC_X_SS_IN_NULL_CONTEXT: 'the service does not know the handle',
  WBEM_E_INVALID_PARAMETER: 'the memory or processor configuration is not valid',
  FVE_E_LOCKED_VOLUME: 'the volume is locked by BitLocker',
  HCN_E_ENDPOINT_NOT_FOUND: 'the network endpoint does not exist',
  HCN_E_ENDPOINT_ALREADY_ATTACHED: 'the network endpoint is attached already',
  ERROR_VIRTUAL_DISK_LIMITATION: 'a virtual disk must not be compressed, encrypted or sparse',
}

const NAMES: ReadonlyMap<number, HResultName> = new Map(
  (Object.entries(HRESULT) as [HResultName, number][]).map(([name, code]) => [code, name]),
)

/** The unsigned form of a signed or unsigned code. */
export function unsigned(code: number): number {
  return code >>> 0
}

/** The signed 32-bit form, as JSON documents carry it. */
export function signed(code: number): number {
  return code | 0
}

/** The unsigned code with an older HCS form (0xC037nnnn) turned into its newer twin; every other code as it is. */
export function canonical(code: number): number {
  const value = unsigned(code)
  return value >>> 16 === 0xc037 ? (value & ~0x4000_0000) >>> 0 : value
}

/** `0x8037010E`: eight digits, upper case. */
export function hexCode(code: number): string {
  return `0x${unsigned(code).toString(16).toUpperCase().padStart(8, '0')}`
}

/** The name of a code in either sign and either HCS form; the hexadecimal form when it has none. */
export function hresultName(code: number): string {
  return NAMES.get(canonical(code)) ?? NAMES.get(unsigned(code)) ?? hexCode(code)
}

/** What a code means, in a few words; undefined when we do not know it. */
export function hresultMessage(code: number): string | undefined {
  const name = NAMES.get(canonical(code)) ?? NAMES.get(unsigned(code))
  return name === undefined ? undefined : MESSAGES[name]
}

/** `HCS_E_SYSTEM_NOT_FOUND (0x8037010E): there is no compute system with this id`. */
export function describeHresult(code: number): string {
  const name = hresultName(code)
  const hex = hexCode(code)
  const message = hresultMessage(code)
  return `${name === hex ? hex : `${name} (${hex})`}${message === undefined ? '' : `: ${message}`}`
}
