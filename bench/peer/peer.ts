// The answering guest where there is no gcc: answers every request with success, all that were read at once in one write. Executes
// nothing: the suites that need processes are left out.

import { connect, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

const NEGOTIATE = 0x1010_0b01
const ACTIVITY = '"ActivityId":"00000000-0000-0000-0000-000000000000"'
const SUCCESS = Buffer.from(`{"Result":0,${ACTIVITY}}`)
const NEGOTIATED = Buffer.from(
  `{"Result":0,${ACTIVITY},"Version":4,"Capabilities":{"SupportedSchemaVersions":[{"Major":2,"Minor":1}],"RuntimeOsType":"linux","GuestDefinedCapabilities":{}}}`,
)

async function dial(path: string): Promise<Socket> {
  for (;;) {
    const socket = connect({ path })
    const isConnected = await new Promise<boolean>((resolve) => {
      socket.once('connect', () => resolve(true))
      socket.once('error', () => resolve(false))
    })
    if (isConnected) return socket
    await sleep(1)
  }
}

function answer(frame: Buffer): Buffer[] {
  const type = frame.readUInt32LE(0)
  const body = type === NEGOTIATE ? NEGOTIATED : SUCCESS
  const header = Buffer.from(frame.subarray(0, 16))
  header.writeUInt32LE(((type & 0x0fff_ffff) | 0x2000_0000) >>> 0, 0)
  header.writeUInt32LE(16 + body.length, 4)
  return [header, body]
}

const socket = await dial(process.argv[2] ?? '')
let bytes: Buffer = Buffer.alloc(0)
socket.on('data', (chunk: Buffer) => {
  bytes = bytes.length === 0 ? chunk : Buffer.concat([bytes, chunk])
  const answers: Buffer[] = []
  while (bytes.length >= 16 && bytes.length >= bytes.readUInt32LE(4)) {
    const size = bytes.readUInt32LE(4)
    answers.push(...answer(bytes.subarray(0, size)))
    bytes = bytes.subarray(size)
  }
  socket.write(Buffer.concat(answers))
})
