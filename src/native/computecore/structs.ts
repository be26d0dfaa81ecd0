// The C structs of computecore.dll that cross the FFI. A test compares sizes and offsets with those of the C compiler.

import koffi, { type TypeObject } from 'koffi'

/** Delivered to event callbacks; valid only during the callback. `Type` is unsigned: the groups have the top bit set. */
export const HcsEventStruct = koffi.struct({ Type: 'uint32_t', EventData: 'void *', Operation: 'void *' })

/** Filled in by the functions that tell about processes. Handles: 0 or all ones when absent. */
export const HcsProcessInformation = koffi.struct({
  ProcessId: 'uint32_t',
  Reserved: 'uint32_t',
  StdInput: 'void *',
  StdOutput: 'void *',
  StdError: 'void *',
})

/** HCS_CREATE_OPTIONS_1, of the create call with a namespace. */
export const HcsCreateOptions = koffi.struct({
  Version: 'int32_t',
  UserToken: 'void *',
  SecurityDescriptor: 'void *',
  CallbackOptions: 'uint32_t',
  CallbackContext: 'void *',
  Callback: 'void *',
})

export const EventCallback = koffi.proto('void', ['void *', 'void *'])
export const OperationCompletion = koffi.proto('void', ['void *', 'void *'])

/** Offset of `EventData`, bytes: where an event callback finds the address of its document. */
export const EVENT_DATA_OFFSET = koffi.offsetof(HcsEventStruct, 'EventData')

/** Size, then the offset of each member, in order. */
export function layoutOf(struct: TypeObject): number[] {
  return [koffi.sizeof(struct), ...Object.values(struct.members ?? {}).map((member) => member.offset)]
}
