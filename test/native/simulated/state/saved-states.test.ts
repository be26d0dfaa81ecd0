// Saving, restoring, cloning, and what a shutdown request asks for.

import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ComputeSystem } from '#dist/index.js'
import { machineService, type ServiceRig } from '../../../fakes/machine-service.js'
import { linux, minimal, pmem, SCSI } from '../../../support/documents.js'
import { rejection } from '../../../support/expect.js'

async function refused(call: Promise<unknown>, code: number): Promise<void> {
  const { hresult } = await rejection<{ hresult: number }>(call)
  assert.equal(`0x${hresult.toString(16)}`, `0x${code.toString(16)}`)
}

const devices = 'VirtualMachine/Devices'
const disk = (lun: number, RequestType: string, Path = 'C:\\data.vhdx'): unknown => ({
  ResourcePath: `${devices}/Scsi/${SCSI[0]}/Attachments/${lun}`,
  RequestType,
  ...(RequestType === 'Add' ? { Settings: { Type: 'VirtualDisk', Path } } : {}),
})

/** A paused VM that was given a disk, a share, an adapter and memory while it ran. */
async function changed(rig: ServiceRig, id: string): Promise<number> {
  const { handle } = await rig.create(id, linux())
  await rig.run(handle, 'start')
  await rig.run(handle, 'modify', disk(5, 'Add'))
  await rig.run(handle, 'modify', {
    ResourcePath: `${devices}/Plan9/Shares`,
    RequestType: 'Add',
    Settings: { Name: 's', AccessName: 's', Path: 'C:\\s', Port: 564 },
  })
  await rig.run(handle, 'modify', {
    ResourcePath: `${devices}/NetworkAdapters/__proto__`,
    RequestType: 'Add',
    Settings: {},
  })
  await rig.run(handle, 'modify', { ResourcePath: 'VirtualMachine/ComputeTopology/Memory/SizeInMB', Settings: 2048 })
  await rig.run(handle, 'pause')
  return handle
}

/** It has what `changed` gave it. */
async function hasChanges(rig: ServiceRig, handle: number): Promise<void> {
  const { Memory: memory } = JSON.parse(await rig.run(handle, 'properties', { PropertyTypes: ['Memory'] })) as {
    Memory: { VirtualMachineMemory: { AssignedMemory: number } }
  }
  assert.equal(memory.VirtualMachineMemory.AssignedMemory, 2048 * 256)
  await refused(rig.run(handle, 'modify', disk(5, 'Add')), 0x800700b7)
  await rig.run(handle, 'modify', disk(5, 'Remove'))
  for (const [path, settings] of [
    ['Plan9/Shares', { AccessName: 's', Port: 564 }],
    ['NetworkAdapters/__proto__', undefined],
  ] as const) {
    await rig.run(handle, 'modify', { ResourcePath: `${devices}/${path}`, RequestType: 'Remove', Settings: settings })
  }
}

const restoring = (SaveStateFilePath: string): ComputeSystem => {
  const document = linux()
  return { ...document, VirtualMachine: { ...document.VirtualMachine, RestoreState: { SaveStateFilePath } } }
}

describe('saved states at the simulated service', () => {
  let directory: string
  before(() => (directory = mkdtempSync(join(tmpdir(), 'saved-'))))
  after(() => rmSync(directory, { recursive: true }))

  it('a file is private whatever the umask, an older one too, and a link is not followed', async () => {
    const [path, link] = [join(directory, 'private.vmrs'), join(directory, 'link.vmrs')]
    writeFileSync(path, 'old', { mode: 0o644 })
    symlinkSync(join(directory, 'elsewhere'), link)
    const rig = machineService()
    const handle = await changed(rig, 'vm')
    const umask = process.umask(0)
    try {
      await rig.run(handle, 'save', { SaveType: 'ToFile', SaveStateFilePath: path })
      assert.equal(statSync(path).mode & 0o777, 0o600)
      const linked = rig.run(handle, 'save', { SaveType: 'ToFile', SaveStateFilePath: link })
      await refused(linked, 0x80070005)
    } finally {
      process.umask(umask)
    }
    assert.deepEqual(readdirSync(directory).sort(), ['link.vmrs', 'private.vmrs'])
    rmSync(path)
    rmSync(link)
    await rig.run(handle, 'terminate')
  })

  for (const kind of ['a path that means nothing here, kept in memory', 'a file'] as const) {
    it(`hot-added devices, memory and the guest come back, from ${kind}`, async () => {
      const path = kind === 'a file' ? join(directory, 'state.vmrs') : 'C:\\state.vmrs'
      const rig = machineService()
      const handle = await changed(rig, 'vm')
      await rig.run(handle, 'save', { SaveType: 'ToFile', SaveStateFilePath: path })
      // The saved VM may go on: what it does from here on is not in the state.
      await rig.run(handle, 'resume')
      await rig.run(handle, 'modify', disk(6, 'Add', 'C:\\later.vhdx'))
      await rig.run(handle, 'terminate')
      const { handle: restored } = await rig.create('vm', restoring(path))
      await refused(rig.run(restored, 'resume'), 0x80370105)
      await rig.run(restored, 'start')
      assert.deepEqual(rig.told.at(-1), { id: 'vm', call: 'arrive', state: { guestOf: 'vm' } })
      await refused(rig.run(restored, 'modify', disk(6, 'Remove')), 0x80070490)
      await hasChanges(rig, restored)
    })
  }

  it('a file can be restored by another service, and deleted once the VM has started; memory is each service’s own', async () => {
    const path = join(directory, 'other.vmrs')
    const first = machineService()
    const handle = await changed(first, 'vm')
    for (const one of [path, 'C:\\other.vmrs'])
      await first.run(handle, 'save', { SaveType: 'ToFile', SaveStateFilePath: one })
    const second = machineService()
    const { handle: restored } = await second.create('vm', restoring(path))
    await second.run(restored, 'start')
    rmSync(path)
    await hasChanges(second, restored)
    const { handle: other } = await second.create('other', restoring('C:\\other.vmrs'))
    await refused(second.run(other, 'start'), 0x80070002)
  })

  it('what is no saved state is refused, and so is what a host lacks; the VM stays as it was', async () => {
    const rig = machineService({ memoryMB: 2048 })
    const path = join(directory, 'bad.vmrs')
    const handle = await changed(rig, 'vm')
    await rig.run(handle, 'save', { SaveType: 'ToFile', SaveStateFilePath: path })
    const { handle: restored } = await rig.create('next', restoring(path))
    await refused(rig.run(restored, 'start'), 0x800705af)
    const good = readFileSync(path)
    for (const bad of [
      Buffer.alloc(0),
      Buffer.from('no state'),
      good.subarray(0, good.length - 9),
      Buffer.alloc(64, 0xc1),
    ]) {
      writeFileSync(path, bad)
      await refused(rig.run(restored, 'start'), 0x80070570)
    }
    assert.doesNotMatch(await rig.run(restored, 'properties'), /"State"/)
    await rig.run(handle, 'terminate')
    writeFileSync(path, good)
    await rig.run(restored, 'start')
  })

  it('every shape of SaveOptions that is wrong is refused, and nothing is saved', async () => {
    const rig = machineService()
    const handle = await changed(rig, 'vm')
    for (const wrong of ['', '{}', '[]', { SaveType: 'Both' }, { SaveType: 'ToFile' }, { SaveStateFilePath: 5 }]) {
      await refused(rig.run(handle, 'save', wrong), 0x8037010d)
    }
    const nowhere = join(directory, 'no', 'such', 'folder.vmrs')
    await refused(rig.run(handle, 'save', { SaveStateFilePath: nowhere }), 0x80070002)
    assert.match(await rig.run(handle, 'properties'), /"State":"Paused"/)
  })

  it('a template is cloned, clone by clone, as long as it is there', async () => {
    const rig = machineService()
    const template = await changed(rig, 'template')
    const document = linux()
    const clone = (id: string): Promise<{ handle: number }> =>
      rig.create(id, {
        ...document,
        VirtualMachine: { ...document.VirtualMachine, RestoreState: { TemplateSystemId: 'template' } },
      })
    const { handle: early } = await clone('early')
    await refused(rig.run(early, 'start'), 0x8037010e)
    await rig.run(template, 'save', { SaveType: 'AsTemplate' })
    const { RuntimeId } = JSON.parse(await rig.run(template, 'properties')) as { RuntimeId: string }
    for (const id of ['first', 'second']) {
      const { handle } = await clone(id)
      await rig.run(handle, 'start')
      const properties = JSON.parse(await rig.run(handle, 'properties')) as Record<string, unknown>
      assert.equal(properties['RuntimeTemplateId'], RuntimeId)
      assert.notEqual(properties['RuntimeId'], RuntimeId)
      // One clone's changes are not the next one's.
      await hasChanges(rig, handle)
    }
    await rig.run(template, 'terminate')
    await refused(rig.run(early, 'start'), 0x8037010e)
  })
})

describe('shutdown at the simulated service', () => {
  async function given(document: object, guest: 'builtin' | 'none' = 'builtin') {
    const rig = machineService({ guest })
    const { handle, events } = await rig.create('vm', document)
    await rig.run(handle, 'start')
    return { ...rig, handle, events }
  }
  const services = (Minor: number): ComputeSystem =>
    minimal({ Services: { Shutdown: {} } }, { SchemaVersion: { Major: 2, Minor } })

  it('the guest is asked, and switches the machine off when it likes', async () => {
    for (const Type of ['Shutdown', 'Hibernate', undefined]) {
      const { run, handle, told, powerOff, deliver, events } = await given(minimal())
      await run(handle, 'shutdown', { Mechanism: 'IntegrationService', Type })
      assert.equal(events.length, 0)
      assert.equal(told.at(-1)?.call, 'shutdown')
      powerOff('vm')
      await deliver()
      const { ExitType, Attribution } = JSON.parse(events[0]!.data) as Record<string, unknown>
      assert.equal(ExitType, 'GracefulExit')
      assert.deepEqual(Attribution, [{ SystemExit: { Detail: 'Shutdown', Initiator: 'GuestOS' } }])
    }
  })

  it('a reboot ends the VM, unless its document lets it reset', async () => {
    const ending = await given(minimal())
    await ending.run(ending.handle, 'shutdown', { Type: 'Reboot' })
    ending.powerOff('vm')
    await ending.deliver()
    assert.equal(ending.events.length, 1)
    const resetting = await given(minimal({ StopOnReset: false }))
    await resetting.run(resetting.handle, 'shutdown', { Type: 'Reboot' })
    resetting.powerOff('vm')
    await resetting.deliver()
    assert.deepEqual(resetting.events, [])
    assert.deepEqual(
      resetting.told.map(({ call }) => call),
      ['boot', 'shutdown', 'stop', 'boot'],
    )
    resetting.powerOff('vm')
    await resetting.deliver()
    assert.equal(resetting.events.length, 1)
  })

  it('without a guest there must be a channel, and services count from schema 2.5 on', async () => {
    for (const [document, hasChannel] of [
      [minimal(), false],
      [services(4), false],
      [services(5), true],
      [minimal({ Services: { Heartbeat: {} } }, { SchemaVersion: { Major: 2, Minor: 5 } }), false],
    ] as const) {
      const { run, handle } = await given(document, 'none')
      const asking = run(handle, 'shutdown', { Mechanism: 'IntegrationService', Type: 'Shutdown' })
      if (hasChannel) await asking
      else await refused(asking, 0x80070032)
      assert.match(await run(handle, 'properties'), /"State":"Running"/)
    }
  })

  it('options that are wrong are refused', async () => {
    const { run, handle } = await given(minimal())
    for (const wrong of ['[]', '{', { Mechanism: 'Magic' }, { Type: 'Sleep' }, { Force: 'yes' }]) {
      await refused(run(handle, 'shutdown', wrong), 0x8037010d)
    }
    for (const op of ['pause', 'resume', 'terminate', 'crash'] as const)
      await refused(run(handle, op, '[]'), 0x8037010d)
    await refused(run(handle, 'pause', { SuspensionLevel: 'Deep' }), 0x8037010d)
  })
})

describe('persistent memory at the simulated service', () => {
  let directory: string
  before(() => (directory = mkdtempSync(join(tmpdir(), 'pmem-'))))
  after(() => rmSync(directory, { recursive: true }))

  it('an image must fit, and must not reach into another', async function () {
    if (process.platform === 'win32') this.skip()
    const image = (name: string, bytes: number): string => {
      const path = join(directory, name)
      writeFileSync(path, Buffer.alloc(bytes))
      return path
    }
    const { run, create } = machineService()
    const { handle } = await create('vm', pmem())
    await run(handle, 'start')
    const add = (path: string, HostPath: string): Promise<string> =>
      run(handle, 'modify', {
        ResourcePath: `${devices}/VirtualPMem/Devices/${path}`,
        RequestType: 'Add',
        Settings: { HostPath, ImageFormat: 'Vhd1' },
      })
    await refused(add('0', image('large', 1024 * 1024 + 1)), 0x80070057)
    await refused(add('0', join(directory, 'missing')), 0x80070002)
    await add('0', image('base', 10_000))
    await refused(add('0/Mappings/8192', image('small', 100)), 0x80070057)
    await add('0/Mappings/12288', image('small', 100))
    await refused(add('0/Mappings/1044480', image('two pages', 8_192)), 0x80070057)
    await add('0/Mappings/1044480', image('one page', 4_096))
    await refused(add('0/Mappings/1040384', image('two pages', 8_192)), 0x80070057)
  })
})
