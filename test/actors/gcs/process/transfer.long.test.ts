// A gigabyte through a guest process, in each direction, in the threads of a real Host.

import assert from 'node:assert/strict'
import { useScriptedHost } from '../../../support/scripted-host.js'
import { transfer } from '../../../support/transfer.js'

const MIB = 1024 * 1024

describe('a gigabyte of stdio', () => {
  const test = useScriptedHost()

  for (const direction of ['stdout', 'stdin'] as const) {
    it(`1 GiB through ${direction} arrives whole, in bounded memory`, async () => {
      const scripted = await test.guest()
      const peer = await scripted.connect()
      // What the first chunks cost once (buffers, compiled code) is not growth.
      await transfer(scripted, peer, direction, 16)
      const peakBytes = await transfer(scripted, peer, direction, 1024)
      assert(peakBytes < 128 * MIB, `resident memory grew by ${Math.round(peakBytes / MIB)} MiB`)
    })
  }
})
