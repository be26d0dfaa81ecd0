// The callback thread: the one JavaScript thread that native threads call back to. It runs nothing else, so that they never wait long.
//
// koffi queues a callback from a foreign thread to the thread that registered it. When that thread has ended, the next callback aborts
// the process; and a native thread that has just been answered still runs koffi's code for a moment, which nothing here can see. So this
// thread is started once and stays for the life of the process. Its queue holds max_async_calls callbacks, one more crashes: the setting
// is the most that koffi allows, and must be made before anything of koffi is used in the thread.

import koffi from 'koffi'
import { parentPort, type MessagePort } from 'node:worker_threads'
import { EVENT_DATA_OFFSET, EventCallback, OperationCompletion } from './structs.js'
import { CONTEXTS_PER_CLIENT, type CallbackNotice, type CallbackThreadMessage } from './callbacks.js'

const MAX_CALLBACKS = 4096
/** Memory that koffi sets aside for each callback that waits, bytes. The least it takes: the callbacks here get two pointers. */
const CALLBACK_STACK = 64 * 1024
const CALLBACK_HEAP = 16 * 1024

koffi.config({ max_async_calls: MAX_CALLBACKS, async_stack_size: CALLBACK_STACK, async_heap_size: CALLBACK_HEAP })

const ports = new Map<number, MessagePort>()

/** Contexts that belong to nobody, or to somebody who left, are dropped. Never throws: koffi takes no callback after an exception. */
function forward(context: unknown, notice: (number: number) => CallbackNotice): void {
  try {
    const number = Number(context as bigint | null)
    ports.get(Math.floor(number / CONTEXTS_PER_CLIENT))?.postMessage(notice(number))
  } catch {
    // Nobody to tell: what cannot be read is as good as not sent.
  }
}

const completion = koffi.register(
  (_operation: unknown, context: unknown) => forward(context, (number) => ({ context: number })),
  koffi.pointer(OperationCompletion),
)

const event = koffi.register(
  (told: bigint | null, context: unknown) =>
    forward(context, (number) => {
      if (told === null) throw new TypeError('an event callback without an event')
      // Owned by HCS and valid only during the callback: copied here.
      const data = koffi.decode(told, EVENT_DATA_OFFSET, 'void *') as bigint | null
      return {
        context: number,
        type: koffi.decode.uint32(told),
        data: data === null ? '' : koffi.decode.string16(data),
      }
    }),
  koffi.pointer(EventCallback),
)

parentPort?.on('message', (message: CallbackThreadMessage) => {
  if ('join' in message) {
    const { join, port } = message
    ports.set(join, port)
    port.once('close', () => ports.delete(join))
    port.unref()
  }
})

parentPort?.postMessage({ completion, event })
