// How many calls a second a mailbox carries, and how long one takes, beside a bare MessagePort and plain Comlink.

import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { CALL_METRICS, load } from '../core/load.js'
import type { Suite } from '../core/suite.js'
import { openContenders } from '../mailbox/contenders.js'

const OUTSTANDING = [1, 16, 64, 512]
const PATH = 'VirtualMachine/Devices/Scsi'

export const mailbox: Suite = {
  name: 'mailbox',
  about: 'calls between threads through a mailbox, a bare MessagePort with ids, and plain Comlink',
  async run(bench) {
    const worker = new Worker(new URL('../mailbox/peer.js', import.meta.url))
    await once(worker, 'online')
    const contenders = openContenders(worker)
    try {
      for (const outstanding of OUTSTANDING) {
        // One at a time is much slower: fewer calls take as long.
        const calls = outstanding === 1 ? bench.size(2000, 300) : bench.size(20_000, 2000)
        await bench.ask({
          name: 'echo',
          params: { outstanding },
          metrics: CALL_METRICS,
          contenders: contenders.map(({ name, call }) => ({
            name,
            sample: () => load((sequence) => call({ sequence, path: PATH }), calls, outstanding),
          })),
        })
      }
    } finally {
      await Promise.all(contenders.map((contender) => contender.close()))
      await worker.terminate()
    }
  },
}
