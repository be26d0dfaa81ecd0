// A program that is bundled: it boots a VM, runs something in its guest, and says how it went.

import { Host, lcowBuilder, useWorker, type HostOptions, type UVMError } from 'uvm-actors'

const [options = '{}', worker] = process.argv.slice(2)

async function life(): Promise<number> {
  if (worker !== undefined) useWorker(worker)
  const host = await Host.open(JSON.parse(options) as HostOptions)
  try {
    const vm = await host.createVM('bundled', lcowBuilder('bundled'))
    const guest = await host.createGuest(vm)
    await vm.start()
    await guest.createConnection()
    const code = await guest.execInUVM({ args: ['sh', '-c', 'exit 7'] })
    await vm.terminate()
    return code
  } finally {
    await host.close()
  }
}

life().then(
  (code) => console.log(code),
  (error: unknown) => console.log(JSON.stringify([(error as UVMError).code, (error as UVMError).message])),
)
