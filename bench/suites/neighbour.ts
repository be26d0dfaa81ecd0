// What a quiet VM feels of its neighbours on the same actor thread: one whose guest floods, one whose caller spins.

import { join } from 'node:path'
import type { Guest } from '#dist/index.js'
import { openHop } from '../bridge/hop.js'
import { DISK, Rig } from '../bridge/rig.js'
import { Closing } from '../core/closing.js'
import { CALL_METRICS, load } from '../core/load.js'
import type { Bench, Contender, Suite } from '../core/suite.js'
import { canExecute, peerKind } from '../peer/start.js'

const SPINNERS = 64
/** More than the suite can take. */
const FLOOD_BYTES = 2 ** 50

/** Calls without a pause. The function that is returned ends it, and says how many were answered. */
function spin(guest: Guest): () => Promise<number> {
  let isOver = false
  let answered = 0
  const spinning = Promise.all(
    Array.from({ length: SPINNERS }, async () => {
      while (!isOver) {
        await guest.addLCOWMappedVirtualDisk(DISK)
        answered++
      }
    }),
  )
  return async () => {
    isOver = true
    await spinning
    return answered
  }
}

async function ask(bench: Bench, name: string, contenders: readonly Contender[]): Promise<void> {
  const { p50, p99 } = CALL_METRICS
  await bench.ask({ name, params: {}, metrics: { p50, p99 }, contenders })
}

export const neighbour: Suite = {
  name: 'neighbour',
  about:
    "a quiet VM's calls while another's guest floods and a third's caller spins, beside a bare hop under the same load",
  async run(bench) {
    bench.note(peerKind())
    if (!canExecute()) return bench.note('neighbour needs gcc, and was left out')
    await using closing = new Closing()
    const rig = closing.add(await Rig.open(), (open) => open.close())
    const { guest: quiet } = await rig.boot('quiet')
    const { guest: flooding } = await rig.boot('flooding')
    const { guest: busy } = await rig.boot('busy')
    const hop = closing.add(await openHop(join(rig.directory, 'hop_0')), (open) => open.close())
    const count = bench.size(500, 100)
    const contenders: Contender[] = [
      { name: 'ours, quiet VM', sample: () => load(() => quiet.addLCOWMappedVirtualDisk(DISK), count, 1) },
      { name: 'bare hop', sample: () => load(() => hop.call(DISK), count, 1) },
    ]
    await ask(bench, 'alone', contenders)
    const flood = await flooding.createProcess({ CommandArgs: ['run', `bytes=${FLOOD_BYTES}`], CreateStdOutPipe: true })
    let flooded = 0
    flood.stdout?.on('data', (chunk: Uint8Array) => (flooded += chunk.byteLength))
    await ask(bench, 'beside a flood', contenders)
    const stop = spin(busy)
    try {
      await ask(bench, 'beside a flood and a spinning caller', contenders)
    } finally {
      const answered = await stop()
      bench.note(`the flood was ${Math.round(flooded / 1e6)} MB, and the spinning caller had ${answered} answers`)
      await flood.close()
    }
  },
}
