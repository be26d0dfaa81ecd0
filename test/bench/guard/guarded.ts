// What a guest call costs in things that can be counted, in a process of its own whose heap is never collected: Guest, mailbox, actor,
// connection and a guest that answers at once, all on one thread, so that nothing depends on how fast the machine is.
//
// Usage: guarded OUTSTANDING WAVES RECORDER; the counts, one call's share each, are printed as JSON.

import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { connect, Socket } from 'node:net'
import { join } from 'node:path'
import { PerformanceObserver } from 'node:perf_hooks'
import { MessagePort } from 'node:worker_threads'
import { startGuestActor } from '#dist/actors/gcs/actor.js'
import type { GuestNotices, GuestRequests } from '#dist/actors/gcs/contract.js'
import { Guest } from '#dist/actors/gcs/proxy.js'
import { openMailbox } from '#dist/actors/mailbox/caller.js'
import { newChannel } from '#dist/actors/mailbox/channel.js'
import { systemClock } from '#dist/native/clock.js'
import { UnixSocketTransport } from '#dist/native/unix-socket/transport.js'
import { FakeProvider } from '../../fakes/provider.js'
import { RUNTIME_ID } from '../../fakes/guest.js'
import { environment } from '../../fakes/vm.js'
import { frame, LINUX_CAPABILITIES, TYPE } from '../../peer/peer.js'

const [outstanding = 1, waves = 1] = process.argv.slice(2, 4).map(Number)
const isRecorded = process.argv[4] === 'recorded'
const NULL_ID = '00000000-0000-0000-0000-000000000000'
const WARM_UP_CALLS = 2000
const HEADER_BYTES = 16

/** Answers whatever came at once in one write, and allocates next to nothing. */
function answerAll(socket: Socket): void {
  const success = frame(0x2010_0a01, 0n, `{"Result":0,"ActivityId":"${NULL_ID}"}`)
  const negotiated = frame(
    0x2010_0b01,
    0n,
    JSON.stringify({ Result: 0, ActivityId: NULL_ID, Version: 4, Capabilities: LINUX_CAPABILITIES }),
  )
  const out = Buffer.alloc(1024 * 1024)
  let rest: Buffer = Buffer.alloc(0)
  socket.on('data', (chunk: Buffer) => {
    const bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk])
    let fill = 0
    let at = 0
    while (bytes.length - at >= HEADER_BYTES && bytes.length - at >= bytes.readUInt32LE(at + 4)) {
      const answer = bytes.readUInt32LE(at) === TYPE.negotiate ? negotiated : success
      answer.copy(out, fill)
      bytes.copy(out, fill + 8, at + 8, at + HEADER_BYTES)
      fill += answer.length
      at += bytes.readUInt32LE(at + 4)
    }
    rest = bytes.subarray(at)
    if (fill > 0) socket.write(out.subarray(0, fill))
  })
}

// --------------------------------------------------------------------------------------------------------------------- counting

const counts = { writes: 0, messages: 0, wakeUps: 0, collections: 0 }
let isAwake = false

/** Something came from outside: the thread would have been woken for it, unless it was awake. */
function woken(): void {
  if (isAwake) return
  isAwake = true
  counts.wakeUps++
  setImmediate(() => (isAwake = false))
}

const directory = await mkdtemp('/tmp/guard-')
const { local, remote } = newChannel()
for (const port of [local, remote]) port.on('message', woken)
const posted = MessagePort.prototype.postMessage
MessagePort.prototype.postMessage = function (this: MessagePort, ...args: Parameters<typeof posted>): void {
  counts.messages++
  posted.apply(this, args)
}

const actor = startGuestActor(
  remote,
  {
    vmId: 'vm',
    runtimeId: RUNTIME_ID,
    guestOS: 'linux',
    serviceId: '40000000-facb-11e6-bd58-64006a7986d3',
    entropy: false,
    log: false,
    requestTimeoutMs: 300_000,
    onRequestTimeout: 'reject',
    modifyConcurrency: Infinity,
    ...(isRecorded ? { recorder: { frames: 128, bytes: 32 * 1024 } } : {}),
  },
  { ...environment(new FakeProvider()), clock: systemClock, transport: new UnixSocketTransport(directory) },
)
const mailbox = openMailbox<GuestRequests, GuestNotices>(local)
const hooks = { disconnected: () => undefined, reconnected: () => undefined, closed: () => undefined }
const guest = new Guest({ vmId: 'vm', guestOS: 'linux', mailbox, hooks })
await mailbox.call('arm', {}, { op: 'host.createGuest', id: 'vm' })
const peer = connect(join(directory, `${RUNTIME_ID}.vsock_1073741824`))
await once(peer, 'connect')
answerAll(peer)
await guest.createConnection()
const write = Socket.prototype.write
Socket.prototype.write = function (this: Socket, ...args: never[]): boolean {
  if (this !== peer) counts.writes++
  return (write as (...all: never[]) => boolean).apply(this, args)
}
peer.on('data', woken)

async function wave(): Promise<void> {
  const calls: Promise<void>[] = []
  for (let lun = 0; lun < outstanding; lun++) {
    calls.push(guest.addLCOWMappedVirtualDisk({ Controller: 0, Lun: lun % 64, MountPath: '/mnt/data' }))
  }
  await Promise.all(calls)
}

for (let count = 0; count < WARM_UP_CALLS; count += outstanding) await wave()
const observer = new PerformanceObserver((list) => (counts.collections += list.getEntries().length))
observer.observe({ entryTypes: ['gc'] })
await new Promise(setImmediate)
const before = { ...counts, heap: process.memoryUsage().heapUsed }
for (let count = 0; count < waves; count++) await wave()
const after = { ...counts, heap: process.memoryUsage().heapUsed }
await new Promise(setImmediate)
observer.disconnect()

const calls = outstanding * waves
console.log(
  JSON.stringify({
    writes: (after.writes - before.writes) / calls,
    messages: (after.messages - before.messages) / calls,
    wakeUps: (after.wakeUps - before.wakeUps) / calls,
    bytes: (after.heap - before.heap) / calls,
    collections: counts.collections - before.collections,
  }),
)
await guest.close()
await actor.ended
peer.destroy()
await rm(directory, { recursive: true })
