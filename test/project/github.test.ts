// What is there for those who publish and report: workflows that run what exists, templates, units, and packages that say the same of
// themselves.

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

interface Manifest {
  name: string
  private?: boolean
  engines: { node: string }
  scripts?: Record<string, string>
  publishConfig?: Record<string, unknown>
  repository: { url: string; directory?: string }
  peerDependencies?: Record<string, string>
  peerDependenciesMeta?: Record<string, { optional: boolean }>
}

const manifestOf = (folder: string): Manifest =>
  JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest
const FOLDERS = ['.', ...readdirSync('packages').map((name) => `packages/${name}`)]
const WORKFLOWS = '.github/workflows'

describe('workflows', () => {
  const workflows = readdirSync(WORKFLOWS).map((name) => [name, readFileSync(join(WORKFLOWS, name), 'utf8')] as const)
  const textOf = (name: string): string => workflows.find(([one]) => one === name)![1]

  it('run scripts that exist', () => {
    const { scripts = {} } = manifestOf('.')
    for (const [name, text] of workflows) {
      const run = [...text.matchAll(/npm run ([\w:-]+)/g)].map(([, script]) => script!)
      assert.deepEqual(
        run.filter((script) => !(script in scripts)),
        [],
        name,
      )
    }
    assert.equal(workflows.length, 3)
  })

  it('may do no more than they say, take no longer than they say, and never run the code of a stranger with a secret', () => {
    for (const [name, text] of workflows) {
      assert.match(text, /^permissions:\n {2}contents: read$/m, name)
      const jobs = text.slice(text.indexOf('\njobs:')).match(/^ {2}\w+:$/gm) ?? []
      assert.equal(text.match(/^ {4}timeout-minutes: \d+$/gm)?.length, jobs.length, name)
      assert.doesNotMatch(text, /pull_request_target|workflow_run/, name)
      if (text.includes('pull_request:')) assert.doesNotMatch(text, /secrets\./, name)
    }
  })

  it('publish with provenance, what was checked and tested', () => {
    const text = textOf('release.yml')
    const order = ['npm ci', 'npm run check', 'npm test', 'changesets/action@'].map((step) => text.indexOf(step))
    assert(order.every((at, index) => at > (order[index - 1] ?? 0)))
    assert.match(text, /id-token: write/)
    assert.match(text, /NPM_CONFIG_PROVENANCE: 'true'/)
    for (const folder of FOLDERS) {
      const { name, publishConfig, repository } = manifestOf(folder)
      assert.deepEqual(publishConfig, { access: 'public', provenance: true }, name)
      // npm compares it with the repository of the workflow.
      assert.equal(repository.url, 'git+https://github.com/uvm-actors/uvm-actors.git', name)
    }
  })

  it('raise the versions of all packages together', () => {
    const { fixed } = JSON.parse(readFileSync('.changeset/config.json', 'utf8')) as { fixed: string[][] }
    assert.deepEqual(fixed.flat().sort(), FOLDERS.map((folder) => manifestOf(folder).name).sort())
  })

  it('run a suite against the real compute service that loads', () => {
    assert.match(textOf('windows.yml'), /npm run test:hcs/)
    const { status, stdout } = spawnSync(
      process.execPath,
      ['node_modules/mocha/bin/mocha.js', '--config', '.mocharc.hcs.json', '--dry-run', '--reporter', 'json'],
      { encoding: 'utf8', maxBuffer: 1 << 26 },
    )
    assert.equal(status, 0)
    const { stats, tests } = JSON.parse(stdout) as { stats: { tests: number }; tests: { fullTitle: string }[] }
    assert(stats.tests > 50, `${stats.tests}`)
    for (const { fullTitle } of tests) assert.match(fullTitle, /^VM contract: computecore\.dll /)
  })
})

describe('the packages', () => {
  it('say of the same releases of Node.js that they run there, those that are tested', () => {
    const [first, ...others] = FOLDERS.map((folder) => manifestOf(folder).engines.node)
    for (const engines of others) assert.equal(engines, first)
    const tested = /^\[ \$# -eq 0 \] && versions=\(([\d ]+)\)$/m.exec(readFileSync('.ci/node-matrix', 'utf8'))![1]!
    const promised = first!.split(' || ').map((range) => /^(?:\^|>=)(\d+)\./.exec(range)![1]!)
    const here = String(manifestOf('.').engines.node.match(/\^(\d+)/)![1])
    for (const major of promised) assert([here, ...tested.split(' ')].includes(major), `${major} is not tested`)
  })

  it('ask for types of Node.js that fit, and do without where nobody compiles', () => {
    const { peerDependencies, peerDependenciesMeta } = manifestOf('.')
    assert.equal(peerDependencies?.['@types/node'], '>=20.19.0')
    assert.equal(peerDependenciesMeta?.['@types/node']?.optional, true)
  })
})

describe('the unit of systemd', () => {
  it('ends the program alone, and keeps the directory that its VMs need', () => {
    const unit = readFileSync('packages/cli/systemd/uvmctl.service', 'utf8')
    const lines = unit.split('\n').filter((line) => line !== '' && !line.startsWith('#'))
    for (const line of lines) assert.match(line, /^\[(Unit|Service|Install)\]$|^[A-Z]\w+=\S.*$/)
    for (const line of [
      'KillMode=process',
      'RuntimeDirectory=uvm',
      'RuntimeDirectoryMode=0700',
      'RuntimeDirectoryPreserve=yes',
    ])
      assert(lines.includes(line), line)
  })
})

describe('npm run release:publish', () => {
  it('publishes what is new, in the order in which packages stand on each other, and stops at a failure', async () => {
    const { publishNew, FOLDERS: order } = (await import(
      new URL('../../../scripts/publish.js', import.meta.url).href
    )) as {
      FOLDERS: string[]
      publishNew(
        folders: string[],
        publisher: { isPublished(name: string, version: string): boolean; publish(folder: string): void },
      ): string[]
    }
    assert.deepEqual([...order].sort(), [...FOLDERS].sort())
    assert.equal(order[0], '.')
    const asked: string[] = []
    const published: string[] = []
    const publish = (folder: string): void => void published.push(folder)
    const isPublished = (name: string, version: string): boolean => {
      asked.push(`${name}@${version}`)
      return name === 'uvm-ttrpc'
    }
    const told = publishNew(order, { isPublished, publish })
    assert.deepEqual(
      published,
      order.filter((folder) => folder !== 'packages/ttrpc'),
    )
    assert.deepEqual(
      told,
      asked.filter((one) => !one.startsWith('uvm-ttrpc@')),
    )
    const failing = (folder: string): void => {
      if (folder !== '.') throw new Error(folder)
    }
    assert.throws(() => publishNew(order, { isPublished: () => false, publish: failing }), { message: order[1]! })
  })
})
