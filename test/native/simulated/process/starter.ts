// A program that finds or starts a service, prints its process id, and stays.

import { SimulatedService } from '#dist/index.js'

const service = await SimulatedService.connect({ directory: process.argv[2]!, start: { graceMs: 1 } })
console.log(service.pid)
setInterval(() => undefined, 60_000)
