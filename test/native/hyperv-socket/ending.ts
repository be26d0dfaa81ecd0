// A program that ends while its acceptor thread waits for a connection: `node ending.js <how>`.

import { randomUUID } from 'node:crypto'
import { vsockServiceId } from '#dist/protocol/hvsocket.js'
import { FAMILIES, openRig } from './rig.js'

const { acceptor, transport } = await openRig(FAMILIES[0]!)
const address = { runtimeId: randomUUID(), serviceId: vsockServiceId(1) }
const listener = await transport.listen(address)
const [accepted, dialled] = await Promise.all([listener.accept(), transport.dial(address)])
accepted.end('adopted')
dialled.resume()
await new Promise((resolve) => dialled.once('end', resolve))
listener.accept().catch(() => undefined)
const wait = (): Promise<never> => new Promise(() => undefined)

switch (process.argv[2]) {
  case 'exit':
    process.exit(7)
  case 'throw':
    setImmediate(() => {
      throw new Error('nobody catches this')
    })
    await wait()
    break
  case 'natural':
    dialled.destroy()
    accepted.destroy()
    await transport.close()
    // The acceptor thread is left running; it keeps nobody.
    process.exitCode = 9 + acceptor.threads
}
