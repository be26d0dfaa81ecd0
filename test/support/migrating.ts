// A program that moves a VM from one Host to another, closes both, and has nothing to do after that: `node migrating.js PROVIDER [left-open]`.
// Without `left-open` it closes the migration's sockets; with it it only unreferences them.

import { Host } from '#dist/index.js'
import { linux, minimal } from './documents.js'
import { serviceDirectory } from './service-process.js'
import { tcpPair } from './sockets.js'

type Provider = 'computecore' | 'simulated' | 'service-process'
const [provider, leaves] = process.argv.slice(2) as [Provider, string?]

/** A Host on a compute service of its own, and how to close both. */
async function open(): Promise<[Host, () => Promise<void>]> {
  if (provider === 'service-process') {
    const directory = await serviceDirectory()
    const service = await directory.connect()
    const host = await Host.open({ threads: 1, simulated: { service } })
    const close = async (): Promise<void> => {
      await host.close()
      await service.close()
      await directory.remove()
    }
    return [host, close]
  }
  const library = { libraryPath: process.env['DOUBLE']! }
  const host = await Host.open({ threads: 1, provider, ...(provider === 'computecore' && { computecore: library }) })
  return [host, () => host.close()]
}

const [near, closeNear] = await open()
const [far, closeFar] = await open()
const [socket, other] = await tcpPair()
const sides = [{ Origin: 'Source' as const }, { Origin: 'Destination' as const }] as const

const document = provider === 'computecore' ? minimal() : linux('quiet -- /bin/gcs')
delete document.VirtualMachine?.Devices?.Plan9
const source = await near.createVM('moving', document)
await source.start()
await source.initializeLiveMigrationOnSource(sides[0])
if (provider === 'computecore') {
  await source.startLiveMigrationOnSource({ sessionId: 1, socket: 0x7fff_1234n })
  await source.startLiveMigrationTransfer(sides[0])
  await source.finalizeLiveMigration({ ...sides[0], FinalizedOperation: 'Stop' })
} else {
  const there = { ...document, VirtualMachine: { ...document.VirtualMachine, MigrationOptions: sides[1] } }
  const destination = await far.createVM('moving', there)
  const guest = await far.createGuest(destination)
  await Promise.all([
    destination.startWithMigrationOptions({ sessionId: 1, socket: other }),
    source.startLiveMigrationOnSource({ sessionId: 1, socket }),
  ])
  await Promise.all([source.startLiveMigrationTransfer(sides[0]), destination.startLiveMigrationTransfer(sides[1])])
  await source.finalizeLiveMigration({ ...sides[0], FinalizedOperation: 'Stop' })
  await destination.finalizeLiveMigration({ ...sides[1], FinalizedOperation: 'Resume' })
  await guest.createConnection({ coldStart: false })
  console.log(`it goes on: ${(await destination.propertiesV2([])).State}`)
}
await closeNear()
await closeFar()
for (const end of [socket, other]) {
  // Still the caller's: nobody here has ended them.
  if (end.destroyed) throw new Error('a socket of the caller was destroyed')
  if (leaves === undefined) end.destroy()
  else end.unref()
}
console.log('closed')
