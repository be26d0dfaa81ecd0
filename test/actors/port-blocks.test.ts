// The stdio ports of the actors that follow each other at one guest.

import assert from 'node:assert/strict'
import { PortBlocks } from '#dist/actors/port-blocks.js'
import { FIRST_STDIO_PORT } from '#dist/protocol/hvsocket.js'
import { linux } from '../support/documents.js'
import { useHost } from '../support/host.js'

const BLOCK = 2 ** 20

describe('the stdio ports of a guest', () => {
  it('begin where the vsock ports of stdio do, for the first actor of each VM', () => {
    const blocks = new PortBlocks()
    assert.equal(blocks.next('a'), FIRST_STDIO_PORT)
    assert.equal(blocks.next('b'), FIRST_STDIO_PORT)
  })

  it('begin a block further for each actor, from where a program before this had come to', () => {
    const blocks = new PortBlocks()
    const base = FIRST_STDIO_PORT + 5000
    assert.deepEqual(
      [blocks.next('a', base), blocks.next('a', base), blocks.next('a', base)],
      [base, base + BLOCK, base + 2 * BLOCK],
    )
  })

  it('stay ports, and begin again after the last block', () => {
    const blocks = new PortBlocks()
    const seen = new Set<number>()
    for (let actor = 0; actor < 3071; actor++) seen.add(blocks.next('a'))
    assert.equal(seen.size, 3071)
    assert.ok(Math.max(...seen) + BLOCK <= 2 ** 32)
    assert.equal(blocks.next('a'), FIRST_STDIO_PORT)
  })

  it('begin at the first once the VM is gone', () => {
    const blocks = new PortBlocks()
    blocks.next('a')
    blocks.forget('a')
    assert.equal(blocks.next('a'), FIRST_STDIO_PORT)
  })

  it('are kept of a bounded number of VMs: the one longest without a new actor is forgotten', () => {
    const blocks = new PortBlocks()
    for (const id of ['old', 'kept', 'old']) blocks.next(id)
    for (let vm = 0; vm < 2 ** 16 - 1; vm++) blocks.next(`${vm}`)
    assert.equal(blocks.next('old'), FIRST_STDIO_PORT + 2 * BLOCK)
    assert.equal(blocks.next('kept'), FIRST_STDIO_PORT)
  })

  describe('of a Host', () => {
    const test = useHost()

    it('are never those of the Guest before: what it asked for may be dialled late', async () => {
      const vm = await test.create(linux('quiet'))
      const first = await test.host.createGuest(vm)
      await vm.start()
      await first.createConnection()
      const cat = await first.createProcess({ CommandArgs: ['cat'], CreateStdInPipe: true, CreateStdOutPipe: true })
      const used = Object.values(cat.save().ports).filter((port) => port !== undefined)
      assert.ok(used.length > 0)
      await first.close()
      const second = await test.host.createGuest(vm)
      await second.createConnection()
      const next = await second.createProcess({ CommandArgs: ['echo', 'mine'], CreateStdOutPipe: true })
      const ports = Object.values(next.save().ports).filter((port) => port !== undefined)
      assert.ok(Math.min(...ports) > Math.max(...used), `${ports.join()} after ${used.join()}`)
      assert.equal((await next.stdout?.toArray())?.join(''), 'mine\n')
    })
  })
})
