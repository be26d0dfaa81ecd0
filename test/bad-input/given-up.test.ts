// Every public call that waits for somebody, given up: by its signal while it is under way, by its time, and by its signal when it is over.
// One typed error each, nothing for the rest, and what was asked for goes on where it has got to.

import assert from 'node:assert/strict'
import { AbortError, OperationTimeoutError } from '#dist/index.js'
import { pending } from '../support/expect.js'
import { CONTAINER, GUEST, PROCESS, VM } from './calls.js'
import { failsWith, Rig, targetsOf, type Inside, type Target } from './rig.js'

describe('a call that is given up', () => {
  const rig = new Rig()
  let linux: Inside
  before(async () => {
    await rig.open()
    // Of its own: what is given up goes on there.
    linux = await rig.inside('linux')
  })
  afterEach(async () => {
    rig.release()
    await rig.unharmed()
  })
  after(async () => {
    rig.release()
    await linux.vm.close()
    linux.peer.destroy()
    await rig.close()
  })

  /** What waits for the compute service, or for a guest that does not answer. */
  function waiting(): Target[] {
    const { vm, guest, container, process } = linux
    const { terminate, ...others } = VM
    return [
      ...rig.targets().filter(({ name }) => name.startsWith('host.')),
      ...targetsOf('vm', vm, others),
      ...targetsOf('guest', guest, GUEST, false),
      ...targetsOf('container', container, CONTAINER),
      ...targetsOf('process', process, PROCESS),
      // It takes the others along.
      ...targetsOf('vm', vm, { terminate: terminate! }),
    ].filter(
      ({ call, name }) => call.takesOptions && call.isLocal !== true && name !== 'container.wait' && name !== 'x',
    )
  }

  for (const [how, type, begin] of [
    [
      'by its signal is an AbortError with its reason',
      AbortError,
      async (target: Target): Promise<Promise<unknown>> => {
        const abort = new AbortController()
        const outcome = Promise.resolve(target.run(...rig.goodArgs(target), { signal: abort.signal }))
        assert(await pending(outcome), `${target.name} does not wait`)
        abort.abort(new Error('enough'))
        return outcome
      },
    ],
    [
      'by its time is an OperationTimeoutError',
      OperationTimeoutError,
      async (target: Target): Promise<Promise<unknown>> =>
        Promise.resolve(target.run(...rig.goodArgs(target), { timeoutMs: 1 })),
    ],
  ] as const) {
    it(how, async () => {
      for (const target of waiting()) {
        rig.hold()
        let outcome: Promise<unknown> | undefined
        const error = await failsWith<Error>(target.name, type, async () => {
          outcome = begin(target).then((inner) => inner)
          await outcome
        })
        if (error instanceof AbortError) assert.equal((error.cause as Error).message, 'enough', target.name)
        if (error instanceof OperationTimeoutError) assert.equal(error.timeoutMs, 1, target.name)
        rig.release()
        if (target.name !== 'vm.terminate') continue
        await linux.vm.wait()
        linux.peer.destroy()
        linux = await rig.inside('linux')
      }
    })
  }

  it('when it is over changes nothing', async () => {
    for (const target of targetsOf('vm', linux.vm, VM)) {
      if (!target.call.takesOptions || /wait|terminate|close|LiveMigration|Migration/.test(target.name)) continue
      const abort = new AbortController()
      await target.run(...rig.goodArgs(target), { signal: abort.signal })
      abort.abort(new Error('too late'))
    }
    assert.equal((await linux.vm.propertiesV2([])).State, 'Running')
    assert.equal(await linux.guest.isConnected(), true)
  })
})
