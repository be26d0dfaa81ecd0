// Guest calls against an answering guest in another process: ours from the main thread and inside the actor, the bare hop, and the
// barest client.

import { join } from 'node:path'
import { BarestClient, MODIFY, modifyBody } from '../bridge/barest.js'
import { openHop } from '../bridge/hop.js'
import { insideCall } from '../bridge/inside.js'
import { acceptPeer } from '../bridge/listen.js'
import { DISK, Rig } from '../bridge/rig.js'
import { Closing } from '../core/closing.js'
import { CALL_METRICS, load } from '../core/load.js'
import type { Suite } from '../core/suite.js'
import { peerKind } from '../peer/start.js'

const OUTSTANDING = [1, 16, 256, 4096]

/** As ours makes it of the same arguments. */
const REQUEST = { RequestType: 'Add', ResourceType: 'MappedVirtualDisk', Settings: DISK }

export const bridge: Suite = {
  name: 'bridge',
  about: 'calls of a guest in another process that answers at once, beside the barest client and the bare hop',
  async run(bench) {
    bench.note(peerKind())
    await using closing = new Closing()
    const rig = closing.add(await Rig.open(), (open) => open.close())
    const { guest } = await rig.boot('recorded')
    const { guest: unrecorded } = await rig.boot('unrecorded', { recorder: false })
    const alone = async (name: string) =>
      closing.add(await acceptPeer(join(rig.directory, name)), (peer) => peer.close())
    const inside = insideCall((await alone('inside_0')).socket)
    const barest = new BarestClient((await alone('barest_0')).socket)
    const hop = closing.add(await openHop(join(rig.directory, 'hop_0')), (open) => open.close())
    const calls: Record<string, () => Promise<unknown>> = {
      'ours, main thread': () => guest.addLCOWMappedVirtualDisk(DISK),
      'ours, no recorder': () => unrecorded.addLCOWMappedVirtualDisk(DISK),
      'ours, inside the actor': () => inside(REQUEST),
      'bare hop': () => hop.call(REQUEST),
      'barest client': () => barest.call(MODIFY, modifyBody(REQUEST)),
    }
    for (const outstanding of OUTSTANDING) {
      if (outstanding > 256 && bench.isLate) break
      const count = outstanding === 1 ? bench.size(2000, 200) : bench.size(20_000, outstanding > 256 ? 5000 : 1500)
      await bench.ask({
        name: 'guest call',
        params: { outstanding },
        metrics: CALL_METRICS,
        contenders: Object.entries(calls).map(([name, call]) => ({
          name,
          sample: () => load(call, count, outstanding),
        })),
      })
    }
  },
}
