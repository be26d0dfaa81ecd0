// A program that has migrated a VM ends by itself: nothing of ours keeps its loop alive, and its sockets are its own.

import assert from 'node:assert/strict'
import { doubleFor } from '../../double/build.js'
import { runNode, type ChildOptions } from '../../../support/child.js'
import { describeDouble } from '../../../support/double.js'

async function ends(args: string[], options: ChildOptions = {}): Promise<string> {
  const { code, signal, stdout, stderr } = await runNode('build/test/support/migrating.js', { ...options, args })
  assert.deepEqual([code, signal, stderr], [0, null, ''])
  return stdout
}

describe('a program that migrated a VM between two Hosts and closed both', () => {
  it('ends by itself once it has closed its sockets, service-process', async () => {
    assert.equal(await ends(['service-process']), 'it goes on: Running\nclosed\n')
  })

  it('ends by itself also when it only unreferenced them, simulated', async () => {
    assert.equal(await ends(['simulated', 'left-open']), 'it goes on: Running\nclosed\n')
  })

  describeDouble('through computecore', () => {
    it('ends by itself', async () => {
      assert.equal(await ends(['computecore'], { env: { DOUBLE: doubleFor() } }), 'closed\n')
    })
  })
})
