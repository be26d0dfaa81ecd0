// The stdio ports of the actors that follow each other at one guest.

import assert from 'node:assert/strict'
import { Host, SimulatedGuest } from '#dist/index.js'
import { PortBlocks } from '#dist/actors/port-blocks.js'
import { FIRST_STDIO_PORT } from '#dist/protocol/hvsocket.js'
import { temporaryDirectory } from '../support/child.js'
import { linux } from '../support/documents.js'
import { useHost } from '../support/host.js'

const BLOCK = 2 ** 20

const MODULE = new URL('../fakes/unruly-provider.js', import.meta.url)

/** The lowest port of a process in a first Guest of a VM that is closed with its VM. */
async function firstPortOfOne(host: Host, document: object, dial: () => SimulatedGuest): Promise<number> {
  const vm = await host.createVM('vm', document)
  const guest = await host.createGuest(vm)
  await vm.start()
  const inside = dial()
  await guest.createConnection()
  const echo = await guest.createProcess({ CommandArgs: ['echo'], CreateStdOutPipe: true })
  const ports = Object.values(echo.save().ports).filter((port) => port !== undefined)
  await vm.close()
  await inside.stop()
  return Math.min(...ports)
}

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

    it('are forgotten with a VM that goes with its last handle, whose exit nobody hears, and kept of one that stays', async () => {
      const directory = await temporaryDirectory()
      const runtimeId = '3f2504e0-4f89-41d3-9a0c-0305e82c3301'
      const host = await Host.open({
        provider: { module: MODULE, options: { runtimeId } },
        transport: 'unix',
        socketDirectory: directory.path,
      })
      try {
        const dial = (): SimulatedGuest =>
          SimulatedGuest.start({ guestOS: 'linux', transport: directory.path, runtimeId })
        const goes = { ...linux('quiet'), ShouldTerminateOnLastHandleClosed: true }
        const stays = { ...linux('quiet'), ShouldTerminateOnLastHandleClosed: false }
        const ports = []
        for (const document of [goes, goes, stays, stays]) ports.push(await firstPortOfOne(host, document, dial))
        assert.deepEqual(
          ports,
          [0, 0, 0, BLOCK].map((offset) => FIRST_STDIO_PORT + offset),
        )
      } finally {
        await host.close()
        await directory.remove()
      }
    })
  })
})
