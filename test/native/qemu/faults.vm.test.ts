// What is lost while it works: the program, QEMU, the control connection. Every call that it takes along fails with a
// typed error, a VM that ends says so once, and the VM beside it notices nothing.

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { finished } from 'node:stream/promises'
import { fileURLToPath } from 'node:url'
import {
  BridgeClosedError,
  HcsError,
  Host,
  InvalidStateError,
  UVMError,
  type Guest,
  type UtilityVM,
} from '#dist/index.js'
import { rejectsWith } from '../../support/expect.js'
import { assertNothingOpen } from '../../support/host.js'
import { bare, qemuDirectory, qemuMissing } from '../../support/qemu.js'
import { OUTPUT, output, useGuests } from '../../support/qemu-guests.js'
import { ended } from '../../support/service-process.js'

const AT_ONCE = 3
const CONNECTION_CLOSED = 0x8037_010a

const missing = qemuMissing()
const suite = missing === undefined ? describe : describe.skip

/** Work without an end. */
class Load {
  /** What ended the loops, each by itself. */
  readonly errors: Error[] = []
  #isEnding = false
  #rounds = 0
  #seen: (() => void) | undefined
  readonly #loops: Promise<void>[]

  constructor(count: number, work: () => Promise<void>) {
    this.#loops = Array.from({ length: count }, () => this.#loop(work))
  }

  async #loop(work: () => Promise<void>): Promise<void> {
    try {
      while (!this.#isEnding) {
        await work()
        this.#rounds++
        this.#seen?.()
      }
    } catch (error) {
      this.errors.push(error as Error)
      this.#seen?.()
    }
  }

  /** Resolves when as many rounds more are done. */
  async rounds(count: number): Promise<void> {
    const wanted = this.#rounds + count
    while (this.#rounds < wanted) {
      if (this.errors.length === this.#loops.length) throw new AggregateError(this.errors, 'nothing goes on')
      await new Promise<void>((resolve) => (this.#seen = resolve))
    }
  }

  /** Resolves when every loop has failed. */
  async broken(): Promise<void> {
    await Promise.all(this.#loops)
  }

  async end(): Promise<void> {
    this.#isEnding = true
    await Promise.all(this.#loops)
  }
}

/** Processes with much to say. */
const busy = (guest: Guest): Load =>
  new Load(AT_ONCE, async () => assert.equal(`${await output(guest, 'seq 20000')}\n`, OUTPUT))

/** Processes that say nothing: every error is one of a call. */
const calling = (guest: Guest): Load =>
  new Load(AT_ONCE, async () => {
    const process = await guest.createProcess({ CommandArgs: ['true'] })
    await process.wait()
  })

const assertTyped = (errors: readonly Error[]): void => {
  for (const error of errors) if (!(error instanceof UVMError)) assert.fail(error.stack ?? String(error))
}

const exitsOf = (vm: UtilityVM): string[] => {
  const exits: string[] = []
  vm.on('exit', ({ exitType }) => exits.push(exitType))
  return exits
}

suite(`guests of QEMU under load${missing === undefined ? '' : `: ${missing}`}`, () => {
  const guests = useGuests()
  const { clone } = guests

  /** Runs two VMs under load, does something to the first, and sees the other go on. */
  async function beside(
    work: (vm: UtilityVM, guest: Guest, load: Load, exits: readonly string[]) => Promise<void>,
  ): Promise<void> {
    await clone('other', async (other, beyond) => {
      const [otherExits, otherLoad] = [exitsOf(other), busy(beyond)]
      let disconnects = 0
      beyond.on('disconnected', () => disconnects++)
      await clone('one', async (vm, guest) => {
        const [exits, talk, load] = [exitsOf(vm), busy(guest), calling(guest)]
        await Promise.all([talk.rounds(AT_ONCE), load.rounds(AT_ONCE), otherLoad.rounds(AT_ONCE)])
        await work(vm, guest, load, exits)
        await talk.end()
        // Output that was cut has failed: had it come to an end, it would be missed here.
        assertTyped(talk.errors)
        await otherLoad.rounds(2 * AT_ONCE)
      })
      await otherLoad.end()
      assert.deepEqual([otherLoad.errors, otherExits, disconnects], [[], [], 0])
      assert.equal((await other.propertiesV2([])).State, 'Running')
    })
    assert.deepEqual(await guests.directory.processes(), [])
  }

  it('whose QEMU is killed fail every call with a typed error, and tell one UnexpectedExit', async () => {
    await beside(async (vm, guest, load, exits) => {
      const { qemu, daemon } = await guests.pidsOf(vm)
      process.kill(qemu, 'SIGKILL')
      assert.equal((await vm.wait()).exitType, 'UnexpectedExit')
      await load.broken()
      assert.equal(load.errors.length, AT_ONCE)
      assertTyped(load.errors)
      await assert.rejects(output(guest, 'true'), UVMError)
      await assert.rejects(vm.pause(), HcsError)
      await ended(daemon)
      assert.deepEqual(exits, ['UnexpectedExit'])
      await guest.close()
      const names = await readdir(guests.directory.path, { recursive: true })
      assert.deepEqual(
        names.filter((name) => name.includes(vm.runtimeId)),
        [],
      )
    })
  })

  it('whose vsock daemon is killed are told which output was cut, dial again by another, and run on', async () => {
    await beside(async (vm, guest, load, exits) => {
      // None of them ends by itself.
      const outputs = await Promise.all(
        Array.from({ length: AT_ONCE }, async () => {
          const { stdout } = await guest.createProcess({ CommandArgs: ['yes'], CreateStdOutPipe: true })
          await once(stdout!, 'readable')
          return stdout!.resume()
        }),
      )
      const readings = outputs.map((stdout) => finished(stdout))
      for (const reading of readings) reading.catch(() => undefined)
      const reconnected = new Promise<void>((resolve) => guest.once('reconnected', () => resolve()))
      process.kill((await guests.pidsOf(vm)).daemon, 'SIGKILL')
      for (const reading of readings) await rejectsWith(reading, BridgeClosedError)
      await reconnected
      await load.end()
      assertTyped(load.errors)
      assert.equal(`${await output(guest, 'seq 20000')}\n`, OUTPUT)
      assert.deepEqual(exits, [])
      assert.equal((await vm.propertiesV2([])).State, 'Running')
      await vm.terminate()
    })
  })

  it('of a program that was killed are taken over where they are to stay, and ended where they asked for it', async () => {
    const { directory, service, host, image } = guests
    const home = await mkdtemp('/tmp/t-')
    const journal = `${home}/journal`
    const state = await readdir(`${directory.path}/qemu`)
    const names = await readdir(directory.path)
    const file = fileURLToPath(new URL('./guest-owner.js', import.meta.url))
    const owner = spawn(process.execPath, [file, directory.path, journal, JSON.stringify(image)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const gone = once(owner, 'exit')
    let pids: number[]
    try {
      assert.equal(String((await once(owner.stdout, 'data'))[0]), 'all run\n')
      pids = await directory.processes()
      // The program itself names the directory too.
      assert.equal(pids.filter((pid) => pid !== owner.pid).length, 6)
    } finally {
      owner.kill('SIGKILL')
      await gone
    }
    while ((await host.listVMs({ Ids: ['goes'] })).length > 0);
    assert.equal((await directory.processes()).length, 4)
    const next = await Host.open({ provider: 'qemu', threads: 1, journal, qemu: { service } })
    assert.deepEqual((await next.listVMs({ Owners: ['guest owner'] })).map(({ Id, State }) => [Id, State]).sort(), [
      ['stays-1', 'Running'],
      ['stays-2', 'Running'],
    ])
    const found = await next.recover({ owner: 'guest owner', adopt: 'all', timeoutMs: 300_000 })
    assert.deepEqual(
      found.failed.map(({ id, error }) => [id, error instanceof InvalidStateError && error.state]),
      [['goes', 'exited']],
    )
    assert.deepEqual(found.vms.map(({ id }) => id).sort(), ['stays-1', 'stays-2'])
    for (const vm of found.vms) {
      const guest = next.guestOf(vm) ?? assert.fail(`${vm.id} has no guest`)
      assert.equal(await output(guest, 'cat /name && kill -0 $(cat /pid)'), vm.id)
      assert.equal(`${await output(guest, 'seq 20000')}\n`, OUTPUT)
    }
    for (const vm of found.vms) {
      await vm.pause()
      await vm.resume()
      await vm.terminate()
      assert.equal((await vm.wait()).exitType, 'ForcedExit')
    }
    await Promise.all(found.guests.map((guest) => guest.close()))
    await Promise.all(found.vms.map((vm) => vm.close()))
    await assertNothingOpen(next)
    await next.close()
    await Promise.all(pids.map(ended))
    assert.deepEqual(await directory.processes(), [])
    assert.deepEqual(await readdir(`${directory.path}/qemu`), state)
    assert.deepEqual((await readdir(directory.path)).sort(), names.sort())
    await rm(home, { recursive: true })
  })
})

suite(`the control connection${missing === undefined ? '' : `: ${missing}`}`, () => {
  it('that is cut takes one call along, whose outcome is unknown; the VM goes on', async () => {
    const home = await mkdtemp('/tmp/t-')
    const between = fileURLToPath(new URL('./qmp-between.js', import.meta.url))
    const binary = `${home}/qemu`
    await writeFile(binary, wrapper(between), { mode: 0o755 })
    const directory = await qemuDirectory({ binary })
    const service = await directory.connect()
    const host = await Host.open({ provider: 'qemu', threads: 1, qemu: { service } })
    try {
      const [vm, other] = [await host.createVM('one', bare()), await host.createVM('other', bare())]
      const exits = [exitsOf(vm), exitsOf(other)]
      await Promise.all([vm.start(), other.start()])
      const pids = await directory.processes()
      assert.equal(pids.length, 4)
      const betweens = [...(await directory.commandLines())].filter(([, line]) => line.includes(between))
      const [pid] = betweens.find(([, line]) => line.includes(vm.runtimeId)) ?? assert.fail('nobody stands between')

      const turning = (of: UtilityVM) => async (): Promise<void> => {
        await of.pause()
        await of.resume()
      }
      const asking = async (): Promise<void> => void (await vm.propertiesV2(['Statistics', 'Memory']))
      const loads = [new Load(1, turning(vm)), new Load(AT_ONCE, asking), new Load(1, turning(other))] as const
      await Promise.all(loads.map((load) => load.rounds(1)))
      process.kill(pid, 'SIGUSR2')
      await loads[0].broken()
      const [error] = loads[0].errors
      assert(error instanceof HcsError && error.hresult === CONNECTION_CLOSED, String(error))
      assert.match(error.message, /contact with QEMU was lost, the outcome is unknown/)
      await loads[2].rounds(1)
      await Promise.all([loads[1].end(), loads[2].end()])
      for (const lost of loads[1].errors)
        assert(lost instanceof HcsError && lost.hresult === CONNECTION_CLOSED, lost.stack)
      assert.deepEqual(loads[2].errors, [])

      // It is as it was said to be before the call, and takes the same again.
      await vm.pause()
      await vm.resume()
      assert.equal((await vm.propertiesV2([])).State, 'Running')
      assert.deepEqual(exits, [[], []])
      for (const each of [vm, other]) {
        await each.terminate()
        await each.wait()
        await each.close()
      }
      assert.deepEqual(exits, [['ForcedExit'], ['ForcedExit']])
      for (const each of pids) await ended(each)
      await assertNothingOpen(host)
    } finally {
      await host.close()
      await service.close()
      await directory.remove()
      await rm(home, { recursive: true })
    }
  })
})

/** QEMU with something in front of its control socket. */
const wrapper = (between: string): string => `#!/bin/sh
count=$#
while [ $count -gt 0 ]; do
  word=$1
  shift
  count=$((count - 1))
  case $word in
    socket,id=qmp,path=*)
      path=\${word#socket,id=qmp,path=}
      path=\${path%%,*}
      '${process.execPath}' '${between}' "$path" &
      word=socket,id=qmp,path=$path.real,server=on,wait=off ;;
  esac
  set -- "$@" "$word"
done
exec qemu-system-x86_64 "$@"
`
