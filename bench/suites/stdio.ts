// How many bytes a second the streams of processes carry, beside a bare worker that transfers the same chunks and a direct pipe.

import { Rig } from '../bridge/rig.js'
import { Closing } from '../core/closing.js'
import type { Sample, Suite } from '../core/suite.js'
import { canExecute, peerKind } from '../peer/start.js'
import { openBareStreams, type Direction } from '../stdio/bare.js'
import { runOurs } from '../stdio/ours.js'

const MB = 1e6
const MIB = 2 ** 20

async function rate(processes: number, bytes: number, run: (bytes: number) => Promise<void>): Promise<Sample> {
  const each = Math.ceil(bytes / processes)
  const cpu = process.cpuUsage()
  const startMs = performance.now()
  await Promise.all(Array.from({ length: processes }, () => run(each)))
  const seconds = (performance.now() - startMs) / 1000
  const { user, system } = process.cpuUsage(cpu)
  const megabytes = (each * processes) / MB
  return { rate: megabytes / seconds, cpu: (user + system) / 1000 / megabytes }
}

export const stdio: Suite = {
  name: 'stdio',
  about: 'bytes through the streams of processes, beside a bare worker that transfers the same chunks',
  async run(bench) {
    bench.note(peerKind())
    if (!canExecute()) return bench.note('stdio needs gcc, and was left out')
    await using closing = new Closing()
    const rig = closing.add(await Rig.open(), (open) => open.close())
    const { guest } = await rig.boot('stdio')
    const bare = closing.add(await openBareStreams(rig.directory), (open) => open.close())
    const bytes = bench.size(256, 16) * MIB
    for (const processes of [1, 32]) {
      for (const direction of ['stdout', 'stdin'] as Direction[]) {
        await bench.ask({
          name: direction,
          params: { processes },
          metrics: { rate: { unit: 'MB/s', better: 'more' }, cpu: { unit: 'ms of CPU a MB', better: 'less' } },
          contenders: [
            { name: 'ours', sample: () => rate(processes, bytes, (each) => runOurs(guest, direction, each)) },
            { name: 'bare worker', sample: () => rate(processes, bytes, (each) => bare.worker(direction, each)) },
            { name: 'direct pipe', sample: () => rate(processes, bytes, (each) => bare.direct(direction, each)) },
          ],
        })
      }
    }
  },
}
