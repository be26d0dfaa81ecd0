// An actor in a thread of its own that fails in every way there is: `fail` throws the error of that name.

import { workerData, type MessagePort } from 'node:worker_threads'
import * as errors from '#dist/errors.js'
import { exposeActor } from '#dist/actors/mailbox/expose.js'

export interface FailingRequests {
  fail: { input: { name: string }; output: undefined }
}

const EVENT: errors.HcsErrorEvent = {
  Message: 'Invalid JSON document',
  Provider: '17103e3f-3c6e-4677-bb17-3b267eb5be57',
  EventId: 11000,
  Flags: 1,
  Source: 'HCS',
  StackTrace: 'here',
  Data: [{ Type: 'String', Value: '$.Owner' }],
}
const RECORD: errors.ErrorRecord = {
  Result: -1070137074,
  Message: 'gone',
  ModuleName: 'gcs',
  FileName: 'a.go',
  Line: 7,
}
const root = Object.assign(new RangeError('the root'), { syscall: 'read', odd: () => 1 })
const closed = new errors.BridgeClosedError({ op: 'guest.x', id: 'vm', cause: root })

/** One of each, with every field set. */
export const FAILURES: Record<string, () => unknown> = {
  InvalidConfigError: () =>
    new errors.InvalidConfigError({ op: 'vm.x', id: 'vm', path: 'lun', value: 1n << 70n, reason: 'no', cause: root }),
  InvalidStateError: () => new errors.InvalidStateError({ op: 'vm.x', id: 'vm', state: 'closed', reason: 'closed' }),
  HcsError: () =>
    new errors.HcsError({
      op: 'vm.addSCSIDisk',
      id: 'vm',
      hresult: -1070137075,
      events: [EVENT],
      path: 'VirtualMachine/Devices',
      attribution: [{ OperationFailure: { Detail: 'Modify' } }],
      detail: 'the document is not valid',
      cause: root,
    }),
  GuestRPCError: () =>
    new errors.GuestRPCError({ op: 'guest.x', id: 'vm', result: -1070137074, errorMessage: 'gone', records: [RECORD] }),
  ProtocolError: () => new errors.ProtocolError({ op: 'guest.x', id: 'vm', reason: 'nonsense', cause: root }),
  BridgeClosedError: () => closed,
  GuestConnectionUnavailableError: () =>
    new errors.GuestConnectionUnavailableError({ op: 'guest.x', id: 'vm', cause: closed }),
  UnsupportedGuestError: () => new errors.UnsupportedGuestError({ op: 'guest.x', id: 'vm', reason: 'other guest' }),
  OperationTimeoutError: () =>
    new errors.OperationTimeoutError({ op: 'vm.x', id: 'vm', timeoutMs: 0.5, reason: 'start', sent: false }),
  AbortError: () => new errors.AbortError({ op: 'vm.x', id: 'vm', cause: 'because' }),
  OverloadedError: () => new errors.OverloadedError({ op: 'vm.x', id: 'vm', limit: 3 }),
  ActorLostError: () => new errors.ActorLostError({ op: 'vm.x', id: 'vm', cause: root }),
  ProviderUnavailableError: () => new errors.ProviderUnavailableError({ op: 'host.open', reason: 'no DLL' }),
  ImageError: () =>
    new errors.ImageError({ op: 'host.open', reason: 'no-go', what: 'not on PATH: go', help: 'install it' }),
  SimulationStuckError: () =>
    new errors.SimulationStuckError({
      op: 'vm.start',
      id: 'vm',
      reason: 'nothing is left',
      waiting: ['vm "vm": start'],
    }),
  aggregate: () => new AggregateError([closed, 'text'], 'two failures'),
  foreign: () => Object.assign(new Error('system'), { code: 'ENOENT', errno: -2 }),
  text: () => 'only text',
  nothing: () => undefined,
}

const port = (workerData as { errorsPort?: MessagePort } | null)?.errorsPort
if (port !== undefined) {
  exposeActor<FailingRequests, Record<string, never>>(
    port,
    {
      fail: ({ name }) => {
        throw FAILURES[name]?.()
      },
    },
    { onStop: () => Promise.resolve() },
  )
}
