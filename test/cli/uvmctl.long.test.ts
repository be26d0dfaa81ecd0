// uvmctl without any service: help, misspelt and missing things, documents, recordings, completions.

import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { linux } from '../support/documents.js'
import { runNode, temporaryDirectory, type Ended, type TemporaryDirectory } from '../support/child.js'

const MAIN = 'packages/cli/dist/main.js'

describe('uvmctl', () => {
  let place: TemporaryDirectory
  before(async () => (place = await temporaryDirectory()))
  after(() => place.remove())

  const uvmctl = (...args: string[]): Promise<Ended> => runNode(MAIN, { args })

  async function file(name: string, content: unknown): Promise<string> {
    const path = join(place.path, name)
    await writeFile(path, typeof content === 'string' ? content : JSON.stringify(content))
    return path
  }

  it('says what it can do, and which version it is', async () => {
    const help = await uvmctl('--help')
    assert.equal(help.code, 0)
    for (const command of ['run', 'ps', 'exec', 'logs', 'top', 'fleet', 'doctor', 'completion'])
      assert.match(help.stdout, new RegExp(`^  ${command}\\b`, 'm'))
    assert.match(help.stdout, /Exit codes: 0 done/)
    assert.match((await uvmctl('run', '--help')).stdout, /Examples:\n {2}uvmctl run vm\.json/)
    assert.match((await uvmctl('--version')).stdout, /^\d+\.\d+\.\d+\n$/)
  })

  it('what is misspelt is named with what was meant, in one or two lines, and nothing is done', async () => {
    const wrong: [string[], RegExp][] = [
      [['rnu', 'x'], /^uvmctl: unknown command 'rnu'\n\(Did you mean run\?\)\n$/],
      [['ps', '--jsno'], /^uvmctl: unknown option '--jsno'\n\(Did you mean --json\?\)\n$/],
      [['stop'], /^uvmctl: missing required argument 'vm'\n$/],
      [['logs', 'a', '--tail', '-1'], /expected an integer of 0 or more\n$/],
      [['exec', 'a', '-e', 'novalue', '--', 'x'], /expected NAME=VALUE\n$/],
      [['exec', '-t', 'a', '--', 'x'], /^uvmctl: --tty: there is no terminal here; leave it out\n$/],
      [['doc'], /^uvmctl: doc: expected a file, or --template\n$/],
      [['completion', 'tcsh'], /^uvmctl: completion: expected bash, zsh, fish, pwsh\n$/],
    ]
    const ended = await Promise.all(wrong.map(([args]) => uvmctl(...args)))
    for (const [at, { code, stdout, stderr }] of ended.entries()) {
      assert.match(stderr, wrong[at]![1])
      assert.deepEqual([code, stdout], [2, ''])
    }
  })

  it('a file that is missing, half-written or foreign is told by name and place', async () => {
    const wrong: [string, RegExp][] = [
      [join(place.path, 'none.json'), /none\.json: there is no such file\n$/],
      [await file('half.json', '{"VirtualMachine": {'), /half\.json: .+\n$/],
      [await file('list.json', []), /list\.json: expected a ComputeSystem document\n$/],
      [
        await file('bad.json', { ...linux(), VirtualMachine: { ComputeTopology: { Memory: { SizeInMB: 'much' } } } }),
        /bad\.json: VirtualMachine\.ComputeTopology\.Memory\.SizeInMB: /,
      ],
    ]
    const ended = await Promise.all(wrong.map(([path]) => uvmctl('run', path, '--directory', place.path)))
    for (const [at, { code, stderr }] of ended.entries()) {
      assert.match(stderr, wrong[at]![1])
      assert.equal(code, 2)
    }
  })

  it('without a service there is nothing to ask, which is an exit code of its own', async () => {
    for (const [command, ...args] of [['ps'], ['inspect', 'a'], ['exec', 'a', '--', 'true']]) {
      const { code, stderr } = await uvmctl(command!, '--directory', join(place.path, 'none'), ...args)
      assert.equal(code, 3)
      assert.match(stderr, /^uvmctl: .*no service runs/)
    }
  })

  it('doc prints a document to start from, checks one, and says each mistake with its place', async () => {
    const template = await uvmctl('doc', '--template', 'lcow')
    assert.equal(template.code, 0)
    const path = await file('template.json', template.stdout)
    const checked = await uvmctl('doc', path)
    assert.deepEqual([checked.code, checked.stdout, checked.stderr], [0, template.stdout, ''])
    const bad = await file('two.json', { Owner: 3, VirtualMachine: { StopOnRest: true } })
    const { code, stderr } = await uvmctl('doc', bad)
    assert.equal(code, 2)
    assert.match(stderr, /two\.json: Owner: /)
    assert.match(stderr, /two\.json: VirtualMachine(\.StopOnRest)?: /)
  })

  it('trace refuses what is no recording', async () => {
    const { code, stderr } = await uvmctl('trace', await file('x.gcsrec', 'no recording'))
    assert.equal(code, 2)
    assert.match(stderr, /x\.gcsrec: the file is no recording/)
  })

  it('completions name every command for every shell', async () => {
    for (const shell of ['bash', 'zsh', 'fish', 'pwsh']) {
      const { code, stdout } = await uvmctl('completion', shell)
      assert.equal(code, 0)
      for (const word of ['inspect', 'restore', 'template']) assert(stdout.includes(word), `${shell}: ${word}`)
    }
  })
})
