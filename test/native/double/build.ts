// Builds the C double of computecore.dll: a shared object with gcc, or the DLL with mingw-w64. Rebuilt when a source is newer.

import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, statSync } from 'node:fs'
import { join, resolve } from 'node:path'

const SOURCES = resolve('test/native/double')
const BUILT = resolve('build/native')

/** Functions that each variant lacks. */
const VARIANTS = {
  whole: [],
  /** As before Windows build 26100. */
  old: [
    'HcsAddResourceToOperation',
    'HcsInitializeLiveMigrationOnSource',
    'HcsStartLiveMigrationOnSource',
    'HcsStartLiveMigrationTransfer',
    'HcsFinalizeLiveMigration',
    'HcsCancelLiveMigration',
    'HcsRevokeVmAccess',
  ],
  crippled: ['HcsSetComputeSystemCallback'],
} as const satisfies Record<string, readonly string[]>

export type Variant = keyof typeof VARIANTS
export const VARIANT_NAMES = Object.keys(VARIANTS) as Variant[]

type Target = 'so' | 'dll'

const COMPILERS: Record<Target, string> = { so: 'gcc', dll: 'x86_64-w64-mingw32-gcc' }

export class NoCompiler extends Error {}

function pathOf(variant: Variant, target: Target): string {
  return join(BUILT, `computecore-${variant}.${target}`)
}

/** The double for the system this runs on. On Windows it was built before, on Linux. @throws {NoCompiler} */
export function doubleFor(variant: Variant = 'whole'): string {
  if (process.platform !== 'win32') return buildDouble(variant, 'so')
  const path = pathOf(variant, 'dll')
  if (!existsSync(path)) throw new NoCompiler(`${path} was not built`)
  return path
}

/** @throws {NoCompiler} */
export function buildDouble(variant: Variant, target: Target): string {
  const path = pathOf(variant, target)
  const files = readdirSync(SOURCES).filter((name) => /\.[ch]$/.test(name))
  const newest = Math.max(...files.map((name) => statSync(join(SOURCES, name)).mtimeMs))
  if (existsSync(path) && statSync(path).mtimeMs > newest) return path
  mkdirSync(BUILT, { recursive: true })
  const sources = files.filter((name) => name.endsWith('.c')).map((name) => join(SOURCES, name))
  // A function that is renamed is as good as missing, whatever the linker.
  const without = VARIANTS[variant].map((name) => `-D${name}=absent_${name}`)
  const forTarget = target === 'so' ? ['-fPIC', '-pthread'] : ['-D_WIN32_WINNT=0x0A00', '-static-libgcc']
  const common = ['-std=gnu11', '-O1', '-g', '-Wall', '-Wextra', '-Werror', '-shared', ...forTarget, ...without]
  try {
    execFileSync(COMPILERS[target], [...common, '-o', path, ...sources], { stdio: ['ignore', 'inherit', 'inherit'] })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') throw new NoCompiler(`there is no ${COMPILERS[target]}`)
    throw error
  }
  return path
}
