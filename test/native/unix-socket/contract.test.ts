import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { UnixSocketTransport } from '#dist/native/unix-socket/transport.js'
import { transportContract } from '../../contract/transport.js'

transportContract({
  name: 'Unix sockets',
  open: async () => {
    const directory = await mkdtemp(join(tmpdir(), 'uvm-t-'))
    const transport = new UnixSocketTransport(directory)
    return {
      transport,
      close: async () => {
        await transport.close()
        await rm(directory, { recursive: true })
      },
    }
  },
})
