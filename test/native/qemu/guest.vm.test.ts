// Real Linux guests under QEMU, with the real agent. One boots; everything else starts from it, or goes on with it.

import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { truncate, writeFile } from 'node:fs/promises'
import { guestDocument, qemuMissing } from '../../support/qemu.js'
import { OUTPUT, output, useGuests } from '../../support/qemu-guests.js'

const ENDPOINT = '7a1c4f7e-2f5b-4b52-8a55-2c6f1c0d9e11'
const NIC = '0f3a5c6e-1b2d-4e5f-8a9b-0c1d2e3f4a5b'

/** Containers that run one after the other. */
const ROUNDS = Number(process.env['UVM_VM_ROUNDS'] ?? 100)

const missing = qemuMissing()
const suite = missing === undefined ? describe : describe.skip

suite(`guests of QEMU${missing === undefined ? '' : `: ${missing}`}`, () => {
  const guests = useGuests({ networks: { [ENDPOINT]: { type: 'user' } } })
  const { clone, started } = guests

  it('start from a template with what it remembered, and with random numbers of their own', async () => {
    const seen: string[] = []
    for (const id of ['clone-1', 'clone-2']) {
      await clone(id, async (vm, guest) => {
        assert.equal(await output(guest, 'cat /made-in'), 'template')
        assert.equal((await vm.propertiesV2([])).State, 'Running')
        seen.push(await output(guest, 'head -c 16 /dev/urandom | od -An -tx1'))
        // The clock is not that of the moment of saving.
        const seconds = Number(await output(guest, 'date +%s'))
        assert(Math.abs(seconds - Date.now() / 1000) < 120, `the guest says ${seconds}`)
      })
    }
    assert.notEqual(seen[0], seen[1])
  })

  it('mount disks of every format that are added while they run, and give them back', async () => {
    const raw = `${guests.directory.path}/disk.img`
    await writeFile(raw, '')
    await truncate(raw, 16 * 1024 * 1024)
    execFileSync('mkfs.ext4', ['-q', '-F', raw])
    const disks = [raw]
    for (const [format, ending] of [
      ['vhdx', 'vhdx'],
      ['vpc', 'vhd'],
      ['qcow2', 'qcow2'],
    ] as const) {
      const path = `${guests.directory.path}/disk.${ending}`
      execFileSync('qemu-img', ['convert', '-f', 'raw', '-O', format, raw, path])
      disks.push(path)
    }
    await clone('disks', async (vm, guest) => {
      for (const [lun, path] of disks.entries()) {
        await vm.addSCSIDisk({ Type: 'VirtualDisk', Path: path }, 0, lun)
        const mounted = { Controller: 0, Lun: lun, MountPath: `/mnt/${lun}` }
        await guest.addLCOWMappedVirtualDisk(mounted)
        assert.equal(await output(guest, `echo ${lun} > /mnt/${lun}/f && cat /mnt/${lun}/f`), String(lun))
        await guest.removeLCOWMappedVirtualDisk(mounted)
        await vm.removeSCSIDisk(0, lun)
      }
    })
    for (const path of disks) execFileSync('rm', [path])
  })

  it(`run ${ROUNDS} containers in turn, each to the end of its output and its exit code`, async () => {
    const disk = `${guests.directory.path}/root.img`
    await writeFile(disk, '')
    await truncate(disk, 16 * 1024 * 1024)
    execFileSync('mkfs.ext4', ['-q', '-F', disk])
    await clone('containers', async (vm, guest) => {
      await vm.addSCSIDisk({ Type: 'VirtualDisk', Path: disk }, 0, 0)
      await guest.addLCOWMappedVirtualDisk({ Controller: 0, Lun: 0, MountPath: '/mnt/c' })
      const bin = '/mnt/c/root/bin'
      await output(
        guest,
        `mkdir -p ${bin} /mnt/c/root/proc; cp /bin/busybox ${bin}/; ln -s busybox ${bin}/sh; ln -s busybox ${bin}/seq`,
      )
      for (let round = 0; round < ROUNDS; round++) {
        const id = `c${round}`
        const container = await guest.createContainer(id, {
          SchemaVersion: { Major: 2, Minor: 1 },
          OciBundlePath: `/run/gcs/c/${id}`,
          OciSpecification: {
            ociVersion: '1.1.0',
            process: {
              cwd: '/',
              user: { uid: 0, gid: 0 },
              env: ['PATH=/bin'],
              args: ['sh', '-c', `seq 20000; exit ${round % 100}`],
            },
            root: { path: '/mnt/c/root' },
            mounts: [{ destination: '/proc', type: 'proc', source: 'proc' }],
            linux: { namespaces: ['mount', 'pid', 'ipc', 'uts', 'network'].map((type) => ({ type })) },
            // The agent takes containers without one for a pod that is there already.
            windows: { network: { networkNamespace: randomUUID() } },
          },
        })
        await container.start()
        const init = await container.createProcess({ CreateStdOutPipe: true })
        let text = ''
        for await (const chunk of init.stdout!) text += String(chunk)
        assert(text === OUTPUT, `container ${round}: ${text.length} characters of ${OUTPUT.length}`)
        assert.equal((await init.wait()).exitCode, round % 100)
        await container.wait()
        await container.close()
        await guest.deleteContainerState(id)
      }
    })
    execFileSync('rm', [disk])
  })

  it('find their adapters, and take and give back memory', async () => {
    await clone('changes', async (vm, guest) => {
      await vm.addNIC(NIC, { EndpointId: ENDPOINT })
      const listed = `until ls /sys/bus/vmbus/devices/${NIC}/net/* >/dev/null 2>&1; do sleep 0.1; done; ls /sys/bus/vmbus/devices/${NIC}/net`
      assert.match(await output(guest, listed), /^eth\d+$/)
      await vm.removeNIC(NIC)
      const total = async (test: string): Promise<number> =>
        Number(
          await output(
            guest,
            `until set -- $(grep MemTotal /proc/meminfo); test $2 ${test}; do sleep 0.2; done; echo $2`,
          ),
        )
      const before = await total('-gt 0')
      await vm.updateMemory(512)
      assert((await total(`-gt ${before + 100_000}`)) > before)
      await vm.updateMemory(256)
      assert((await total(`-lt ${before + 50_000}`)) < before + 50_000)
    })
  })

  it('go on after save and restore, and are told apart by their ends', async () => {
    const path = `${guests.directory.path}/state`
    await clone('saved', async (vm, guest) => {
      await output(guest, 'echo kept > /kept')
      await guest.close()
      await vm.pause()
      await vm.save({ SaveStateFilePath: path })
    })
    const { vm, guest } = await started(
      'restored',
      guestDocument(guests.image, { RestoreState: { SaveStateFilePath: path } }),
    )
    assert.equal(await output(guest, 'cat /kept'), 'kept')
    const crashes: unknown[] = []
    vm.on('crash-report', (report) => crashes.push(report))
    const exit = vm.wait()
    await guest.createProcess({ CommandArgs: ['sh', '-c', 'echo c > /proc/sysrq-trigger'] }).catch(() => undefined)
    assert.equal((await exit).exitType, 'UnexpectedExit')
    assert(crashes.length > 0)
    await guest.close()
    await vm.close()
    await clone('powered-off', async (other, inside) => {
      const ending = other.wait()
      await inside.createProcess({ CommandArgs: ['sh', '-c', 'poweroff -f'] }).catch(() => undefined)
      assert.equal((await ending).exitType, 'GracefulExit')
    })
    execFileSync('rm', [path])
  })

  it('get another vsock daemon when theirs is killed, and dial again', async () => {
    await clone('daemon', async (vm, guest) => {
      const reconnected = new Promise<void>((resolve) => guest.once('reconnected', () => resolve()))
      process.kill((await guests.pidsOf(vm)).daemon, 'SIGKILL')
      await reconnected
      assert.equal(await output(guest, 'echo still here'), 'still here')
    })
  })
})
