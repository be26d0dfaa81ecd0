// Orchestration of one's own, tried on virtual time: a VM that is restarted whenever it ends, for a simulated day, with a seed.
import { lcowBuilder, Simulation, type Host, type UtilityVM } from 'uvm-actors'

/** The code under trial knows nothing of simulations: it takes a Host. */
async function keepRunning(host: Host, id: string, restarts: number): Promise<string[]> {
  const ends: string[] = []
  for (let life = 0; life <= restarts; life++) {
    const vm: UtilityVM = await host.createVM(id, lcowBuilder('keeper'))
    await vm.start()
    const exit = await vm.wait()
    ends.push(exit.exitType ?? 'unknown')
    await vm.close()
  }
  return ends
}

const simulation = await Simulation.open({ seed: 7 })
const ends = await simulation.run(
  async (host) => {
    const keeping = keepRunning(host, 'kept', 2)
    for (let life = 0; life < 3; life++) {
      await simulation.sleep(8 * 3_600_000)
      // The next call about the VM finds that its guest has crashed.
      simulation.faults.push({ op: 'properties', id: 'kept', crash: true })
      await using other = await host.openVM('kept').catch(() => undefined)
      simulation.faults.length = 0
      if (other === undefined) console.log('it ended while it was being opened')
    }
    return keeping
  },
  { limitMs: 25 * 3_600_000 },
)
console.log(`${ends.length} lives in ${Math.round(simulation.clock.now() / 3_600_000)} hours: ${ends.join(', ')}`)
await simulation.close()
console.log(`open at the end: ${Object.values(simulation.resources()).join(' ')}`)
