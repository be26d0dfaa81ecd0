// What the owner of a change hears that was given up and came about: which resource it is, and nothing else of its settings.

import assert from 'node:assert/strict'
import { lateSuccess } from '#dist/actors/gcs/resource/modify-turns.js'

describe('a change that came about after all', () => {
  it('is told by the names of its resource; its secrets are not', () => {
    const Settings = { MountPath: '/mnt/a', Lun: 3, EncryptionKey: 'hunter2', Options: ['password=hunter2'] }
    const request = JSON.stringify({ RequestType: 'Add', ResourceType: 'MappedVirtualDisk', Settings })
    const { message, state } = lateSuccess('guest.addLCOWMappedVirtualDisk', 'vm', request)
    assert.equal(state, 'done-late')
    assert.match(message, /Add of MappedVirtualDisk, MountPath "\/mnt\/a", Lun 3/)
    assert.doesNotMatch(message, /hunter2|EncryptionKey|Options/)
  })
})
