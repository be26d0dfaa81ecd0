// Compiles a C program of the benchmarks with gcc, when it is newer than what was built.

import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, statSync } from 'node:fs'
import { join, resolve } from 'node:path'

const BUILT = resolve('build/bench/native')

/** The program, or undefined where there is no gcc. */
export function compile(source: string, ...flags: string[]): string | undefined {
  const program = join(BUILT, source.replace(/^.*\/|\.c$/g, ''))
  if (existsSync(program) && statSync(program).mtimeMs > statSync(source).mtimeMs) return program
  mkdirSync(BUILT, { recursive: true })
  try {
    execFileSync('gcc', ['-std=gnu11', '-O2', '-Wall', '-Wextra', '-o', program, source, '-pthread', ...flags], {
      stdio: ['ignore', 'inherit', 'inherit'],
    })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
  return program
}
