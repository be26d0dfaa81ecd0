// Disk images by their name, never by what a guest may have written into them.

import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { planDisk } from '#dist/native/qemu/images.js'
import { temporaryDirectory, type TemporaryDirectory } from '../../support/child.js'

const PLACE = { controller: 0, lun: 1, at: '$.Path' }
const MARKS = { vhdx: 'vhdxfile', qcow2: 'QFI\u00fb' }

describe('disk images', () => {
  let directory: TemporaryDirectory
  before(async () => {
    directory = await temporaryDirectory()
  })
  after(() => directory.remove())

  async function file(name: string, content: Buffer | string): Promise<string> {
    const path = join(directory.path, name)
    await writeFile(path, content)
    return path
  }
  const image = (mark: string): Buffer => Buffer.concat([Buffer.from(mark, 'latin1'), Buffer.alloc(4096)])

  it('are opened by the driver that their name says', async () => {
    const footer = Buffer.concat([Buffer.alloc(4096), Buffer.from('conectix'), Buffer.alloc(504)])
    for (const [name, content, driver] of [
      ['a.vhdx', image(MARKS.vhdx), 'vhdx'],
      ['a.QCOW2', image(MARKS.qcow2), 'qcow2'],
      ['dynamic.vhd', image('conectix'), 'vpc'],
      ['fixed.vhd', footer, 'vpc'],
      ['a.img', image(''), 'raw'],
      ['a', image(''), 'raw'],
    ] as const) {
      const plan = await planDisk({ Type: 'VirtualDisk', Path: await file(name, content) }, PLACE)
      assert.equal(plan.driver, driver, name)
    }
  })

  it('stay raw whatever a guest writes into them', async () => {
    const path = await file('raw.img', image(MARKS.qcow2))
    assert.equal((await planDisk({ Type: 'VirtualDisk', Path: path }, PLACE)).driver, 'raw')
    const named = await file('passed.qcow2', image(MARKS.qcow2))
    assert.equal((await planDisk({ Type: 'PassThru', Path: named }, PLACE)).driver, 'raw')
  })

  it('that are not what their name says are damaged: 0x80070570', async () => {
    for (const name of ['x.vhdx', 'x.vhd', 'x.qcow2']) {
      const path = await file(name, 'short')
      await assert.rejects(planDisk({ Type: 'VirtualDisk', Path: path }, PLACE), { hresult: 0x80070570 })
    }
  })

  it('that are missing, elsewhere or no files are refused, naming the place', async () => {
    const missing = planDisk({ Type: 'VirtualDisk', Path: join(directory.path, 'none.vhdx') }, PLACE)
    await assert.rejects(missing, { hresult: 0x80070002, document: /\$\.Path/ })
    await assert.rejects(planDisk({ Type: 'VirtualDisk', Path: 'C:\\d.vhdx' }, PLACE), { hresult: 0x80070003 })
    await assert.rejects(planDisk({ Type: 'VirtualDisk', Path: '' }, PLACE), { hresult: 0x80070057 })
    await assert.rejects(planDisk({ Type: 'VirtualDisk', Path: directory.path }, PLACE), { hresult: 0x80070057 })
    await assert.rejects(planDisk({ Type: 'ExtensibleVirtualDisk', Path: '/d' }, PLACE), { hresult: 0x80070032 })
  })

  it('of ISO 9660 cannot be written', async () => {
    const plan = await planDisk({ Type: 'Iso', Path: await file('a.iso', image('')) }, PLACE)
    assert.deepEqual([plan.isCd, plan.readOnly, plan.driver], [true, true, 'raw'])
  })
})
