// Stands between the supervisor and QEMU's control socket: qmp-between PATH, where QEMU listens at PATH.real. After SIGUSR2 the next `stop`
// reaches QEMU and its answer nobody: the connection is cut. It ends with QEMU.

import { connect, createServer } from 'node:net'

const path = process.argv[2]!
let isCutting = false
let hasMet = false
process.on('SIGUSR2', () => (isCutting = true))

const server = createServer((client) => {
  const qemu = connect(`${path}.real`)
  let isCut = false
  const end = (): void => {
    client.destroy()
    qemu.destroy()
  }
  qemu.once('connect', () => (hasMet = true))
  qemu.on('error', () => undefined)
  client.on('error', () => undefined)
  qemu.once('close', () => {
    client.destroy()
    // QEMU does not end a connection before itself.
    if (hasMet && !isCut) server.close()
  })
  client.once('close', () => {
    isCut = true
    qemu.destroy()
  })
  qemu.on('data', (bytes: Buffer) => void client.write(bytes))
  client.on('data', (bytes: Buffer) => {
    const isIt = isCutting && bytes.includes('"execute":"stop"')
    if (isIt) {
      isCutting = false
      isCut = true
    }
    qemu.write(bytes, isIt ? end : undefined)
  })
})
server.listen(path)
