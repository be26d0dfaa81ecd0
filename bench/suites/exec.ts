// Short processes, one after the other and several at once: started, their few bytes of output read, waited for.

import { Rig } from '../bridge/rig.js'
import { Closing } from '../core/closing.js'
import { CALL_METRICS, load } from '../core/load.js'
import type { Suite } from '../core/suite.js'
import { canExecute, peerKind } from '../peer/start.js'
import { openBareStreams } from '../stdio/bare.js'
import { runOurs } from '../stdio/ours.js'

const OUTPUT_BYTES = 16

export const exec: Suite = {
  name: 'exec',
  about: 'short processes with a few bytes of output, beside the barest client on its own sockets',
  async run(bench) {
    bench.note(peerKind())
    if (!canExecute()) return bench.note('exec needs gcc, and was left out')
    await using closing = new Closing()
    const rig = closing.add(await Rig.open(), (open) => open.close())
    const { guest } = await rig.boot('exec')
    const bare = closing.add(await openBareStreams(rig.directory), (open) => open.close())
    for (const outstanding of [1, 32]) {
      const count = outstanding === 1 ? bench.size(300, 30) : bench.size(2000, 150)
      await bench.ask({
        name: 'execs',
        params: { outstanding },
        metrics: { ...CALL_METRICS, calls: { unit: 'execs/s', better: 'more' } },
        contenders: [
          { name: 'ours', sample: () => load(() => runOurs(guest, 'stdout', OUTPUT_BYTES), count, outstanding) },
          { name: 'bare worker', sample: () => load(() => bare.worker('stdout', OUTPUT_BYTES), count, outstanding) },
          { name: 'barest client', sample: () => load(() => bare.direct('stdout', OUTPUT_BYTES), count, outstanding) },
        ],
      })
    }
  },
}
