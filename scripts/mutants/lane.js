// A copy of the build in which faults are planted, one at a time: neither the working tree nor its build is touched.

import { spawn } from 'node:child_process'
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { loadavg } from 'node:os'
import { join, resolve } from 'node:path'
import { plant } from './mutant.js'

/** @typedef {import('./mutant.js').Mutant} Mutant */
/** @typedef {{ file: string, title: string, error: string, isSilent?: boolean }} Failure the first test that failed; silent: none said so */
/** @typedef {{ outcome: 'survived' } | ({ outcome: 'killed', group: string[] } & Failure)} Found by which tests, run together */

/** One test, on a machine that has nothing else to do, milliseconds; at most three times as long on another. */
const TEST_MS = 8_000
/** A run of tests without a word, beyond the time of one test. */
const SILENT_MS = 40_000
/** After the last test a process without handles has ended, milliseconds. */
const END_MS = 15_000

/** What of the working tree tests look at: linked. The rest is made, or nobody's business. */
const OWN = new Set(['.git', 'build', 'dist', 'src', 'package.json'])

export class Lane {
  /** Of the tests that run. @type {number | undefined} */
  #pid

  /** @param {string} folder */
  constructor(folder) {
    this.folder = resolve(folder)
    rmSync(this.folder, { recursive: true, force: true })
    mkdirSync(join(this.folder, 'build'), { recursive: true })
    for (const name of readdirSync('.')) {
      if (!OWN.has(name)) symlinkSync(resolve(name), join(this.folder, name))
    }
    // Real ones: a module is found by where its file really is, and the working tree may change meanwhile.
    for (const name of ['src', 'dist', 'build/test', 'build/bench', 'build/examples', 'package.json']) {
      cpSync(name, join(this.folder, name), { recursive: true })
    }
  }

  /**
   * Plants a fault, and looks for it.
   *
   * @param {Mutant} mutant
   * @param {string[][]} groups test files
   * @returns {Promise<Found>}
   */
  async look(mutant, groups) {
    const built = join(this.folder, mutant.file.replace(/^src\//, 'dist/').replace(/\.ts$/, '.js'))
    const sound = readFileSync(built)
    writeFileSync(built, plant(mutant, this.folder))
    try {
      for (const group of groups) {
        const failure = await this.run(group)
        if (failure !== undefined) return { outcome: 'killed', ...failure, group }
      }
      return { outcome: 'survived' }
    } finally {
      writeFileSync(built, sound)
    }
  }

  /**
   * @param {string[]} tests
   * @returns {Promise<Failure | undefined>} undefined: all passed, and the process ended
   */
  run(tests) {
    const [load = 0] = loadavg()
    const testMs = TEST_MS * Math.min(Math.max(load / 2, 1), 3)
    const files = tests.map((test) => `build/${test.replace(/\.ts$/, '.js')}`)
    const options = ['--no-config', '--bail', '--require', 'build/test/setup.js', '--timeout', String(testMs)]
    const reporter = ['--reporter', resolve('scripts/mutants/reporter.js')]
    const child = spawn(process.execPath, ['node_modules/mocha/bin/mocha.js', ...options, ...reporter, ...files], {
      cwd: this.folder,
      stdio: ['ignore', 'pipe', 'pipe'],
      // With what it has started it can be ended at once.
      detached: true,
    })
    this.#pid = child.pid
    return new Promise((settle) => {
      let said = ''
      let errors = ''
      let hasPassed = false
      /** @type {NodeJS.Timeout | undefined} */
      let timer
      const limit = (/** @type {number} */ ms, /** @type {string} */ what) => {
        clearTimeout(timer)
        timer = setTimeout(() => end({ file: tests[0] ?? '', title: what, error: 'time ran out', isSilent: true }), ms)
      }
      let isOver = false
      const end = (/** @type {Failure | undefined} */ failure) => {
        // A child that was killed is heard to end when the next one runs already, which is not to be killed for it.
        if (isOver) return
        isOver = true
        clearTimeout(timer)
        this.end()
        settle(failure)
      }
      limit(testMs + SILENT_MS + tests.length * testMs, 'the tests do not come to an end')
      child.stdout.on('data', (/** @type {Buffer} */ chunk) => {
        said += chunk
        if (hasPassed || !said.includes('"passed"\n')) return
        hasPassed = true
        limit(END_MS * Math.min(Math.max(load / 2, 1), 3), 'the tests pass, and their process does not end')
      })
      child.stderr.on('data', (/** @type {Buffer} */ chunk) => (errors += chunk))
      child.on('close', (code, signal) => {
        const line = said.split('\n').find((one) => one.startsWith('{"file":'))
        if (line !== undefined) return end(JSON.parse(line))
        if (code === 0 && hasPassed) return end(undefined)
        const error = errors.trim().split('\n').at(-1) ?? ''
        end({
          file: tests[0] ?? '',
          title: `the process ended by ${signal ?? code}`,
          error: error.slice(0, 200),
          isSilent: true,
        })
      })
    })
  }

  /** Ends what runs, with all that it has started. */
  end() {
    const pid = this.#pid
    this.#pid = undefined
    if (pid === undefined) return
    try {
      process.kill(-pid, 'SIGKILL')
    } catch {
      // It has ended.
    }
  }
}
