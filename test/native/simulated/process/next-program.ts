// The next program has the VMs of the one before it: after kill -9 under many VMs, and after an upgrade, as docs/upgrade.md has it.

import assert from 'node:assert/strict'
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { Host, InvalidStateError, isNotExist, type Recovery } from '#dist/index.js'
import { temporaryDirectory, type TemporaryDirectory } from '../../../support/child.js'
import { rejection } from '../../../support/expect.js'
import { assertNothingOpen } from '../../../support/host.js'
import { serviceDirectory, type ServiceDirectory } from '../../../support/service-process.js'

const OWNER = 'contract'

/** @param count VMs of the program that is killed */
export function testNextProgram(count: number): void {
  describe('the next program of a service process', () => {
    let directory: ServiceDirectory
    let temporary: TemporaryDirectory
    let child: ChildProcess | undefined

    beforeEach(async () => {
      directory = await serviceDirectory()
      temporary = await temporaryDirectory()
    })
    afterEach(async function () {
      if (child?.exitCode === null && child.signalCode === null) {
        child.kill('SIGKILL')
        await once(child, 'exit')
      }
      await temporary.remove()
      if (this.currentTest?.state === 'failed') await directory.abandon()
      else await directory.remove()
    })

    /** Resolves with the pid of the process that runs in each VM. */
    async function owner(count: number, how = 'is killed'): Promise<Record<string, number>> {
      const file = fileURLToPath(new URL('./fleet-owner.js', import.meta.url))
      const journal = `${temporary.path}/journal`
      child = spawn(process.execPath, [file, directory.path, journal, String(count), how], {
        stdio: ['pipe', 'pipe', 'inherit'],
      })
      let text = ''
      child.stdout!.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
      while (!text.includes('\n')) {
        await Promise.race([
          once(child.stdout!, 'data'),
          once(child, 'exit').then(() => assert.fail('the program ended')),
        ])
      }
      return JSON.parse(text) as Record<string, number>
    }

    async function whenEnded(host: Host, id: string): Promise<void> {
      while ((await host.listVMs({ Ids: [id] })).length > 0);
    }

    /** All of them run on, with what ran inside, whose exits are heard; everything can be closed. */
    async function assertWhole(recovery: Recovery, pids: Record<string, number>): Promise<void> {
      const ids = Object.keys(pids)
      assert.deepEqual(recovery.vms.map(({ id }) => id).sort(), ids.sort())
      assert.equal(recovery.guests.length, ids.length)
      assert.deepEqual(recovery.processes.map(({ pid }) => pid).sort(), Object.values(pids).sort())
      await Promise.all(
        recovery.guests.map(async (guest) => {
          const cat = await guest.createProcess({ CommandLine: 'cat /kept', CreateStdOutPipe: true })
          let id = ''
          for await (const chunk of cat.stdout!) id += String(chunk)
          assert.equal(id.trim() in pids, true)
          await guest.execInUVM({ commandLine: 'sh -c "echo > /go"' })
        }),
      )
      const exits = await Promise.all(recovery.processes.map((process) => process.wait()))
      assert.deepEqual(new Set(exits.map(({ known, exitCode }) => `${exitCode} ${known}`)), new Set(['7 true']))
    }

    it(`has all ${count} after kill -9, with their guests, processes and exits; what ended meanwhile is told`, async () => {
      const pids = await owner(count)
      const service = await directory.connect({ start: false })
      const between = await Host.open({ threads: 1, simulated: { service } })
      const dead = once(child!, 'exit')
      child!.kill('SIGKILL')
      await dead
      await whenEnded(between, 'goes')
      const ends = await between.openVM('ends')
      await ends.terminate()
      await ends.close()
      await between.close()
      const host = await Host.open({ threads: 2, journal: `${temporary.path}/journal`, simulated: { service } })
      try {
        const recovery = await host.recover({ owner: OWNER, adopt: 'all' })
        assert.deepEqual(
          recovery.failed.map(({ id, error }) => [id, error instanceof InvalidStateError && error.state]).sort(),
          [
            ['ends', 'exited'],
            ['goes', 'exited'],
          ],
        )
        await assertWhole(recovery, pids)
        await Promise.all(recovery.vms.map((vm) => vm.terminate()))
        await Promise.all(recovery.vms.map((vm) => vm.close()))
        await assertNothingOpen(host)
        assert.equal(isNotExist(await rejection(host.openVM('vm-0'))), true)
      } finally {
        await host.close()
        await service.close()
      }
      process.kill(service.pid, 'SIGTERM')
    })

    it('after an upgrade: the old one leaves its VMs and closes in order, and the new one goes on with them', async () => {
      const pids = await owner(5, 'leaves')
      const gone = once(child!, 'exit')
      child!.stdin!.end()
      assert.deepEqual(await gone, [0, null])
      const service = await directory.connect({ start: false })
      const host = await Host.open({ threads: 1, journal: `${temporary.path}/journal`, simulated: { service } })
      try {
        const recovery = await host.recover({
          owner: OWNER,
          adopt: ({ Id }) => (Id === 'ends' ? 'reap' : 'adopt'),
        })
        // `goes` went with its last handle, on purpose: nobody misses it.
        assert.deepEqual(recovery.failed, [])
        assert.deepEqual(recovery.reaped, ['ends'])
        await assertWhole(recovery, pids)
        await Promise.all(recovery.vms.map((vm) => vm.terminate()))
      } finally {
        await host.close()
        await service.close()
      }
      process.kill(service.pid, 'SIGTERM')
    })
  })
}
