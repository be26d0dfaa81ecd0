// npm run mutants: plants small faults in the library, one at a time, and looks whether a test fails (README.md here). Two at a time, each
// in a copy of the build of its own. Exit codes: 0 every fault was found or is explained as equivalent; 1 one survived, or a test fails
// without any; 2 the arguments or the list cannot be used.

import { existsSync, readdirSync, writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { run } from '../run.js'
import { Lane } from './lane.js'
import { MUTANTS } from './list.js'
import { testsFor } from './order.js'
import { Results } from './results.js'
import { summarise } from './summary.js'

/** @typedef {import('./mutant.js').Mutant} Mutant */

const FOLDER = 'build/mutants'
const USAGE = `npm run mutants -- [--only PATTERN] [--list] [--resume] [--near] [--jobs N] [--summary FILE]
  --only PATTERN  faults whose file or words match the expression
  --list          names them and plants none
  --resume        leaves out what was found before
  --near          looks in the nearest tests only: quick, and no proof of a survivor
  --jobs N        at a time, default 2
  --summary FILE  writes what is known of them all by now, and plants none`

/** @returns {{ only: RegExp, list: boolean, resume: boolean, near: boolean, jobs: number, summary?: string }} */
function readArguments() {
  try {
    const { values } = parseArgs({
      options: {
        only: { type: 'string', default: '' },
        list: { type: 'boolean', default: false },
        resume: { type: 'boolean', default: false },
        near: { type: 'boolean', default: false },
        jobs: { type: 'string', default: '2' },
        summary: { type: 'string' },
      },
    })
    const jobs = Number(values.jobs)
    if (!Number.isSafeInteger(jobs) || jobs < 1) throw new Error(`not a number of jobs: ${values.jobs}`)
    return { ...values, only: new RegExp(values.only), jobs }
  } catch (error) {
    console.error(`mutants: ${/** @type {Error} */ (error).message}\n${USAGE}`)
    process.exit(2)
  }
}

/** @returns {string[]} every test file that npm test runs */
function testFiles() {
  const names = /** @type {string[]} */ (readdirSync('test', { recursive: true }))
  return names
    .map((name) => `test/${name.replaceAll('\\', '/')}`)
    .filter((name) => /(?<!\.(long|vm|containerd))\.test\.ts$/.test(name))
    .sort()
}

const { only, list, resume, near, jobs, summary } = readArguments()
const results = new Results(`${FOLDER}/results.json`)
const chosen = MUTANTS.filter(({ id }) => only.test(id)).filter((mutant) => {
  return !(resume && results.of(mutant)?.outcome === 'killed')
})
if (list) {
  for (const { id, equivalent } of chosen)
    console.log(equivalent === undefined ? id : `${id} (equivalent: ${equivalent})`)
  console.log(`${chosen.length} of ${MUTANTS.length}`)
  process.exit(0)
}

if (summary !== undefined) {
  const known = { date: new Date().toISOString(), ...summarise(chosen, (mutant) => results.of(mutant)) }
  writeFileSync(summary, `${JSON.stringify(known, undefined, 2)}\n`)
  process.exit(0)
}

run('scripts/build.js', [])
run('scripts/build.js', ['test'])
const tests = testFiles().filter((file) => existsSync(`build/${file.replace(/ts$/, 'js')}`))
const startedMs = Date.now()
/** @type {Mutant[]} */
const survivors = []
/** Tests that fail without a fault, with what they say. @type {Map<string, Promise<string | undefined>>} */
const sound = new Map()
let done = 0

/**
 * Whether the tests that found a fault pass without one: the file of a test that failed, once; whatever ended without a word, every time.
 *
 * @param {Lane} lane
 * @param {{ file: string, group: string[], isSilent?: boolean }} found
 * @returns {Promise<string | undefined>} why they cannot tell a fault, if they cannot
 */
function soundness(lane, { file, group, isSilent = false }) {
  const known = isSilent ? undefined : sound.get(file)
  if (known !== undefined) return known
  const looked = lane.run(isSilent ? group : [file]).then((failure) => failure && `${failure.title}: ${failure.error}`)
  sound.set(isSilent ? group.join(' ') : file, looked)
  return looked
}

/** @param {Lane} lane @param {Mutant} mutant */
async function look(lane, mutant) {
  const began = Date.now()
  const found = await lane.look(mutant, testsFor(mutant, tests, { known: results.finderOf(mutant), isNear: near }))
  const seconds = Math.round((Date.now() - began) / 100) / 10
  if (found.outcome === 'survived') survivors.push(mutant)
  const isSound = found.outcome === 'survived' || (await soundness(lane, found)) === undefined
  if (isSound) results.add(mutant, found, seconds)
  const what =
    found.outcome === 'survived' ? (mutant.equivalent ? 'equivalent' : 'SURVIVED') : isSound ? 'killed' : 'UNSOUND'
  const by = found.outcome === 'survived' ? '' : `\n    ${found.file}: ${found.title}`
  console.log(`${++done}/${chosen.length} ${what} ${seconds} s  ${mutant.id}${by}`)
}

const lanes = Array.from({ length: Math.min(jobs, chosen.length) }, (_, at) => new Lane(`${FOLDER}/lane-${at + 1}`))
for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])) {
  process.once(signal, () => {
    for (const lane of lanes) lane.end()
    process.exit(1)
  })
}
const queue = chosen.values()
await Promise.all(
  lanes.map(async (lane) => {
    for (const mutant of queue) await look(lane, mutant)
  }),
)

const unsound = (await Promise.all([...sound].map(async ([file, why]) => ({ file, why: await why })))).filter(
  ({ why }) => why !== undefined,
)
for (const { file, why } of unsound) console.log(`fails without any fault: ${file}: ${why}`)
const unexplained = survivors.filter(({ equivalent }) => equivalent === undefined)
for (const { id } of unexplained) console.log(`survived: ${id}`)
const minutes = Math.round((Date.now() - startedMs) / 6000) / 10
const explained = survivors.length - unexplained.length
console.log(
  `${chosen.length} faults: ${chosen.length - survivors.length} killed, ${explained} equivalent, ${unexplained.length} survived; ${minutes} min`,
)
process.exit(unexplained.length + unsound.length > 0 ? 1 : 0)
