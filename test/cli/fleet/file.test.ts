// The fleet file: what is understood, and how each mistake is told.

import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { FleetFileError, planFleet, readFleetFile } from '#cli/fleet/file.js'
import { GUEST_METHOD_NAMES, VM_METHODS, guestArity, vmArity } from '#dist/tools/index.js'
import { Guest, UtilityVM } from '#dist/index.js'
import { linux, minimal } from '../../support/documents.js'
import { rejectsWith } from '../../support/expect.js'

const EXAMPLE = fileURLToPath(new URL('../../../../examples/fleet.json', import.meta.url))

/** A fleet of one Linux VM with these members. */
function one(members: object = {}): unknown {
  return { vms: [{ id: 'a', guestOS: 'linux', document: linux(), ...members }] }
}

function problem(document: unknown): string {
  try {
    planFleet(document, 'f.json')
  } catch (error) {
    assert(error instanceof FleetFileError)
    assert.equal(error.message.includes('\n'), false)
    return error.message
  }
  return assert.fail('it was accepted')
}

describe('a fleet file', () => {
  it('fills in what is left out', () => {
    assert.deepEqual(planFleet(one(), 'f.json'), [
      { id: 'a', guestOS: 'linux', document: linux(), host: [], guest: [], run: [], saveAndResume: false },
    ])
  })

  it('makes copies, {i} in every string being the number', () => {
    const plans = planFleet(
      one({
        id: 'web-{i}',
        copies: 3,
        document: { ...minimal(), Owner: 'owner {i}{i}' },
        host: [{ addNIC: ['nic-{i}', { EndpointId: '{i}', MacAddress: '00' }] }],
        run: [
          { args: ['echo', '{i}'], stdin: 'in {i}' },
          { commandLine: 'dir {i}', expectExit: 3 },
        ],
      }),
      'f.json',
    )
    assert.deepEqual(
      plans.map(({ id }) => id),
      ['web-0', 'web-1', 'web-2'],
    )
    assert.equal(plans[2]?.document.Owner, 'owner 22')
    assert.deepEqual(plans[1]?.host, [{ method: 'addNIC', args: ['nic-1', { EndpointId: '1', MacAddress: '00' }] }])
    assert.deepEqual(plans[1]?.run, [
      { args: ['echo', '1'], stdin: 'in 1', expectExit: 0 },
      { commandLine: 'dir 1', expectExit: 3 },
    ])
  })

  it('the shipped one has VMs of both guest systems, each with devices and commands', async () => {
    const plans = await readFleetFile(EXAMPLE)
    assert.deepEqual(new Set(plans.map(({ guestOS }) => guestOS)), new Set(['linux', 'windows']))
    for (const plan of plans) {
      assert(plan.run.length > 0 && plan.host.length > 0 && plan.guest.length > 0)
      assert(plan.document.VirtualMachine?.Devices !== undefined)
    }
    assert(plans.some(({ saveAndResume }) => saveAndResume))
  })

  it('keeps 64-bit numbers of its documents', async () => {
    const directory = await mkdtemp('/tmp/fleet-')
    const file = join(directory, 'big.json')
    const text = JSON.stringify(one()).replace('"SizeInMB":1024', '"SizeInMB":18446744073709551614')
    await writeFile(file, `\ufeff${text}`)
    const [plan] = await readFleetFile(file)
    assert.equal(plan?.document.VirtualMachine?.ComputeTopology?.Memory?.SizeInMB, 18446744073709551614n)
    await rm(directory, { recursive: true })
  })

  const MISTAKES: [what: string, document: unknown, message: string | RegExp][] = [
    ['no object', [], 'f.json: expected a fleet: { "vms": [ … ] }'],
    ['nothing', null, 'f.json: expected a fleet: { "vms": [ … ] }'],
    ['no vms', {}, 'f.json: vms: expected an array of VMs'],
    ['an empty fleet', { vms: [] }, 'f.json: vms: expected at least one VM'],
    ['a member too many', { vms: [], version: 2 }, /^f\.json: (vms|unknown member "version")/],
    ['a VM that is none', { vms: [5] }, /^f\.json: vms\[0\]: expected a VM: /],
    ['an unknown member of a VM', one({ memory: 5 }), /^f\.json: vms\[0\]: unknown member "memory"; expected a VM: /],
    ['no id', one({ id: undefined }), 'f.json: vms[0].id: expected a string'],
    ['an empty id', one({ id: '' }), 'f.json: vms[0].id: expected a non-empty string'],
    ['an id with NUL', one({ id: 'a\0' }), /^f\.json: vms\[0\]\.id: expected text without NUL/],
    ['another guest', one({ guestOS: 'beos' }), 'f.json: vms[0].guestOS: expected "linux" or "windows"'],
    ['no copies', one({ copies: 0 }), 'f.json: vms[0].copies: expected 1 or more'],
    ['half copies', one({ copies: 1.5 }), 'f.json: vms[0].copies: expected an integer'],
    [
      'copies with one id',
      one({ copies: 2 }),
      /^f\.json: vms\[0\]\.id: expected an id of its own, "a" is that of vms\[0\]/,
    ],
    ['no document', one({ document: undefined }), 'f.json: vms[0].document: expected a ComputeSystem document'],
    ['a list as document', one({ document: [] }), 'f.json: vms[0].document: expected a ComputeSystem document'],
    [
      'a wrong type in the document',
      one({ document: minimal({ ComputeTopology: { Processor: { Count: '2' as unknown as number } } }) }),
      'f.json: vms[0].document.VirtualMachine.ComputeTopology.Processor.Count: expected an integer (uint32)',
    ],
    [
      'host that is no list',
      one({ host: {} }),
      'f.json: vms[0].host: expected an array of { "method": [ arguments ] }',
    ],
    ['a call that is none', one({ host: ['addNIC'] }), 'f.json: vms[0].host[0]: expected { "method": [ arguments ] }'],
    ['a call without method', one({ host: [{}] }), 'f.json: vms[0].host[0]: expected one method'],
    ['two methods', one({ host: [{ addNIC: [], removeNIC: [] }] }), 'f.json: vms[0].host[0]: expected one method'],
    [
      'arguments that are no list',
      one({ host: [{ addNIC: 'x' }] }),
      'f.json: vms[0].host[0].addNIC: expected the array of its arguments',
    ],
    [
      'an unknown host method',
      one({ host: [{ explode: [] }] }),
      /^f\.json: vms\[0\]\.host\[0\]: there is no method "explode"; expected one of addNIC, /,
    ],
    ['a prototype’s method', one({ host: [{ constructor: [] }] }), /there is no method "constructor"/],
    [
      'an unknown guest method',
      one({ guest: [{ addSCSIDisk: [] }] }),
      /^f\.json: vms\[0\]\.guest\[0\]: there is no method "addSCSIDisk"/,
    ],
    [
      'an argument too few',
      one({ host: [{ addSCSIDisk: [{}] }] }),
      'f.json: vms[0].host[0].addSCSIDisk: controller: expected 0, 1, 2 or 3, got undefined',
    ],
    [
      'an argument too many',
      one({ host: [{ removeSCSIDisk: [0, 1, 2] }] }),
      'f.json: vms[0].host[0].removeSCSIDisk[2]: expected at most 2 arguments, got 3',
    ],
    [
      'a wrong argument',
      one({ host: [{ addSCSIDisk: [{}, 4, 0] }] }),
      'f.json: vms[0].host[0].addSCSIDisk: controller: expected 0, 1, 2 or 3, got 4',
    ],
    [
      'a wrong type in an argument',
      one({ host: [{ addSCSIDisk: [{ Path: 5 }, 0, 0] }] }),
      'f.json: vms[0].host[0].addSCSIDisk[0].Path: expected a string',
    ],
    [
      'a wrong type in a guest’s argument',
      one({ guest: [{ addLCOWMappedVirtualDisk: [{ Lun: 'x' }] }] }),
      /^f\.json: vms\[0\]\.guest\[0\]\.addLCOWMappedVirtualDisk\[0\]\.Lun: expected an integer/,
    ],
    [
      'a guest call without settings',
      one({ guest: [{ addLCOWMappedVirtualDisk: [] }] }),
      /^f\.json: vms\[0\]\.guest\[0\]\.addLCOWMappedVirtualDisk: settings: expected an object/,
    ],
    [
      'a guest call too long',
      one({ guest: [{ addLCOWMappedVirtualDisk: [{}, {}] }] }),
      /expected at most 1 argument, got 2/,
    ],
    [
      'a method of the other guest',
      one({ guest: [{ addWCOWMappedVirtualDisk: [{}] }] }),
      'f.json: vms[0].guest[0].addWCOWMappedVirtualDisk: expected a method for a linux guest',
    ],
    [
      'an adapter step that is none',
      one({ guestOS: 'windows', guest: [{ addNetworkInterface: ['x', 'Jump'] }] }),
      /addNetworkInterface: requestType: expected PreAdd, Add or Remove/,
    ],
    ['run that is no list', one({ run: 'ls' }), 'f.json: vms[0].run: expected an array of commands'],
    ['a command that is none', one({ run: ['ls'] }), /^f\.json: vms\[0\]\.run\[0\]: expected a command: /],
    ['a command of nothing', one({ run: [{}] }), 'f.json: vms[0].run[0]: expected either "args" or "commandLine"'],
    [
      'a command of both',
      one({ run: [{ args: ['a'], commandLine: 'a' }] }),
      'f.json: vms[0].run[0]: expected either "args" or "commandLine"',
    ],
    ['no program', one({ run: [{ args: [] }] }), 'f.json: vms[0].run[0].args: expected at least the program'],
    [
      'an argument that is no text',
      one({ run: [{ args: ['a', 5] }] }),
      'f.json: vms[0].run[0].args[1]: expected a string',
    ],
    [
      'a code that is none',
      one({ run: [{ args: ['a'], expectExit: '0' }] }),
      'f.json: vms[0].run[0].expectExit: expected an integer',
    ],
    [
      'input that is no text',
      one({ run: [{ args: ['a'], stdin: 5 }] }),
      'f.json: vms[0].run[0].stdin: expected a string',
    ],
    ['a typo in a command', one({ run: [{ arg: ['a'] }] }), /^f\.json: vms\[0\]\.run\[0\]: unknown member "arg"/],
    [
      'a wish that is no boolean',
      one({ saveAndResume: 'yes' }),
      'f.json: vms[0].saveAndResume: expected true or false',
    ],
    ['a name with a line feed', one({ host: [{ 'a\nb': [] }] }), /there is no method "a\\nb"/],
  ]
  for (const [what, document, message] of MISTAKES) {
    it(`names the place and what was expected: ${what}`, () => {
      const told = problem(JSON.parse(JSON.stringify(document)))
      if (typeof message === 'string') assert.equal(told, message)
      else assert.match(told, message)
    })
  }

  it('one that cannot be read, or is no JSON, is told in one line that names it', async () => {
    const directory = await mkdtemp('/tmp/fleet-')
    const file = join(directory, 'bad.json')
    const message = async (content: string): Promise<string> => {
      await writeFile(file, content)
      return (await rejectsWith(readFleetFile(file), FleetFileError)).message
    }
    for (const content of ['', '{', '{"vms": [\n}', 'vms:\n  - id: a', '['.repeat(1000)]) {
      const told = await message(content)
      assert(told.startsWith(`${file}: n`), told)
      assert.equal(told.includes('\n'), false)
    }
    const missing = await rejectsWith(readFleetFile(join(directory, 'none.json')), FleetFileError)
    assert.equal(missing.message, `${join(directory, 'none.json')}: there is no such file`)
    const folder = await rejectsWith(readFleetFile(directory), FleetFileError)
    assert.match(folder.message, /it cannot be read: EISDIR/)
    await rm(directory, { recursive: true })
  })

  it('every method of the tables is one of the object it is called on', () => {
    for (const name of VM_METHODS) {
      assert.equal(typeof UtilityVM.prototype[name], 'function', name)
      assert(vmArity(name) >= 1 && vmArity(name) <= 3, name)
    }
    for (const name of GUEST_METHOD_NAMES) {
      assert.equal(typeof Guest.prototype[name], 'function', name)
      assert([0, 1, 3].includes(guestArity(name)), name)
    }
  })
})
