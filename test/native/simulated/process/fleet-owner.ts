// A program that owns many VMs on a service process: run by next-program.ts. It prints one line when all is there, and then lives until
// it is killed, or with `leaves` closes in order at the end of its standard input.

import { once } from 'node:events'
import { Host } from '#dist/index.js'
import { linux, minimal } from '../../../support/documents.js'

const UNTIL_GO = 'sh -c "until test -e /go; do sleep 0.1; done; exit 7"'

const [directory, journal, countText, how] = process.argv.slice(2)
const count = Number(countText)
const host = await Host.open({ threads: 2, journal: journal!, simulated: { serviceDirectory: directory! } })
const ids = Array.from({ length: count }, (_, at) => `vm-${at}`)
const pids = await Promise.all(
  ids.map(async (id) => {
    const document = linux('quiet -- -e 1 /bin/vsockexec -r -e 109 /bin/gcs -v4')
    const vm = await host.createVM(id, { ...document, ShouldTerminateOnLastHandleClosed: false })
    const guest = await host.createGuest(vm)
    await vm.start()
    await guest.createConnection()
    await guest.execInUVM({ commandLine: `sh -c "echo ${id} > /kept"` })
    const { pid } = await guest.createProcess({ CommandLine: UNTIL_GO })
    return [id, pid]
  }),
)
// One that ends with its owner, and one that will end while nobody holds it.
await host.createVM('goes', minimal({}, { ShouldTerminateOnLastHandleClosed: true }))
await host.createVM('ends', minimal({}, { ShouldTerminateOnLastHandleClosed: false }))
console.log(JSON.stringify(Object.fromEntries(pids)))
if (how === 'leaves') {
  process.stdin.resume()
  await once(process.stdin, 'end')
  await host.close()
  process.exit(0)
}
setInterval(() => undefined, 60_000)
