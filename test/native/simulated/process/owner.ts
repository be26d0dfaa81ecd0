// A program that owns VMs on a service process and is killed: run by survival.test.ts. It prints one line of JSON when all is there.

import { Host } from '#dist/index.js'
import { linux, minimal } from '../../../support/documents.js'

const directory = process.argv[2]!
const host = await Host.open({
  threads: 1,
  simulated: {
    serviceDirectory: directory,
    // The VM `ends` ends a while after its owner has asked for a change, whether or not the owner is still there.
    faults: [{ op: 'modify', id: 'ends', delayMs: 400, exit: 'GracefulExit' }],
  },
})
const stays = await host.createVM('stays', { ...linux(), ShouldTerminateOnLastHandleClosed: false })
const goes = await host.createVM('goes', minimal({}, { ShouldTerminateOnLastHandleClosed: true }))
const ends = await host.createVM('ends', minimal({}, { ShouldTerminateOnLastHandleClosed: false }))
const guest = await host.createGuest(stays)
await Promise.all([stays.start(), goes.start(), ends.start()])
await guest.createConnection()
await guest.execInUVM({ commandLine: 'sh -c "echo kept > /kept"' })
const process7 = await guest.createProcess({ CommandLine: 'sh -c "until test -e /go; do sleep 0.1; done; exit 7"' })
const saved = process7.save()
ends.updateMemory(512).catch(() => undefined)
console.log(JSON.stringify({ runtimeId: stays.runtimeId, saved: { ...saved, waitId: String(saved.waitId) } }))
setInterval(() => undefined, 60_000)
