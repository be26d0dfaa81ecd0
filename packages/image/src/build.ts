// Builds a guest image for VMs on Linux, or finds the one that was built of the same parts before. Nothing is fetched, compiled or
// written before the options, the machine and the tools have been looked at; a build that fails leaves nothing behind.

import { copyFile, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { agentModules, buildAgent, buildInit, goVersion, type GoModule } from './agent.js'
import { forget, kept } from './cache.js'
import { run } from './commands.js'
import { licencesIn, unpackPackages } from './debian.js'
import { GUEST } from './guest-sources.js'
import { kernelPaths, writeInitrd } from './initrd.js'
import { describeFile, openImage, type GuestImage, type ImageManifest, type ImagePart } from './manifest.js'
import { readTree } from './modules.js'
import { checkMachine, checkOptions, type CheckedOptions, type ImageOptions } from './options.js'
import { planImage, type Plan } from './plan.js'
import { copyrightOf } from './programs.js'
import * as recipe from './recipe.js'
import { checkVersion, findTools } from './tools.js'

export type { ImageOptions } from './options.js'
export type { GuestImage, ImageManifest, ImagePart } from './manifest.js'

/**
 * Builds the image, unless the cache has it.
 *
 * @throws InvalidConfigError an option is wrong
 * @throws ImageError a tool is missing or too old, the package index cannot be reached, the disk is full, a tool failed
 * @throws AbortError the signal was aborted
 */
export async function buildImage(options: ImageOptions = {}): Promise<GuestImage> {
  const checked = await checkOptions(options)
  checkMachine()
  // The index is asked before the compilers are looked for: an image that is there needs none of them.
  const { apt } = await findTools({ packages: checked.packages, agent: false, compiler: false, daemon: false })
  const plan = await planImage(checked, apt)
  const root = join(checked.cacheDirectory, 'image')
  if (checked.rebuild === true) await forget(join(root, plan.key))
  const { directory, fresh } = await kept(root, plan.key, (work) => make(work, plan, checked))
  if (!fresh) {
    checked.onProgress?.(`the image is there: ${directory}`)
    return openImage(directory).catch(async () => {
      // Something has been at the cache: what is damaged is made again, once.
      await forget(directory)
      await kept(root, plan.key, (work) => make(work, plan, checked))
      return openImage(directory)
    })
  }
  return openImage(directory)
}

async function make(work: string, plan: Plan, options: CheckedOptions): Promise<void> {
  const { signal } = options
  const tools = await findTools({ packages: options.packages, agent: true, compiler: true, daemon: false })
  const tell = options.onProgress ?? (() => undefined)
  const parts = join(work, 'parts')
  const agentSources = join(GUEST, 'agent')
  await mkdir(parts)

  checkVersion('go', await run(tools.go!, ['version'], { signal }), goVersion(plan.goMod))
  const fetched = [...plan.packages, ...(plan.kernel === undefined ? [] : [plan.kernel])]
  if (fetched.length > 0) {
    tell(`fetching ${fetched.length} packages: ${fetched.map(({ name, version }) => `${name} ${version}`).join(', ')}`)
    await unpackPackages(tools.apt!, fetched, parts, signal)
  }
  tell('compiling init')
  const init = join(parts, 'init.bin')
  await buildInit(
    tools.cc!,
    plan.init.filter(({ path }) => path.endsWith('.c')).map(({ path }) => join(GUEST, 'init', path)),
    init,
    signal,
  )
  tell(`building the guest agent ${plan.agentVersion}`)
  const agent = join(parts, 'agent.bin')
  await buildAgent(tools.go!, agentSources, agent, signal)

  tell('putting the image together')
  const of = (name: string): string => join(parts, name)
  const release = plan.kernel?.name.replace('linux-image-', '') ?? ''
  const given = { kernel: options.kernel ?? '', modules: options.modules ?? '' }
  const { kernel, modules } = plan.kernel === undefined ? given : kernelPaths(of(plan.kernel.name), release)
  const tree = await readTree(modules)
  const programs = new Map<string, string>()
  for (const { name, files } of recipe.PACKAGES) {
    if (!plan.packages.some((each) => each.name === name) || name === 'busybox-static') continue
    for (const [from, to] of Object.entries(files)) programs.set(to, join(of(name), from))
  }
  if (options.runtime !== undefined) programs.set('/usr/bin/runc', options.runtime)
  await writeInitrd(join(work, 'initrd.img'), {
    init,
    agent,
    busybox: options.busybox ?? join(of('busybox-static'), 'bin/busybox'),
    programs,
    roots: plan.packages.map(({ name }) => of(name)),
    modules: tree,
    signal,
  })
  await copyFile(kernel, join(work, 'vmlinuz'))
  const goModules = await agentModules(tools.go!, agentSources, agent, signal)
  const manifest: ImageManifest = {
    format: recipe.IMAGE_FORMAT,
    key: plan.key,
    architecture: 'x86-64',
    kernel: { release: tree.release, version: plan.kernel?.version ?? 'given by path' },
    agent: { module: recipe.AGENT.module, version: plan.agentVersion, path: recipe.AGENT.path, cgroup: 'v1' },
    files: {
      vmlinuz: await describeFile(join(work, 'vmlinuz')),
      'initrd.img': await describeFile(join(work, 'initrd.img')),
    },
    parts: await listParts(plan, options, of, goModules),
  }
  await rm(parts, { recursive: true, force: true })
  await writeFile(join(work, 'manifest.json'), `${JSON.stringify(manifest, null, 2)}\n`)
}

async function listParts(
  plan: Plan,
  options: CheckedOptions,
  of: (name: string) => string,
  goModules: readonly GoModule[],
): Promise<ImagePart[]> {
  const packages = [...plan.packages, ...(plan.kernel === undefined ? [] : [plan.kernel])]
  const parts: ImagePart[] = []
  for (const { name, version, source } of packages) {
    parts.push({
      name,
      version,
      licences: licencesIn(await copyrightOf(of(name))),
      source: `Debian source package ${source} ${version}`,
    })
  }
  for (const path of [options.kernel, options.busybox, options.runtime]) {
    if (path !== undefined) parts.push({ name: path, version: 'given by path', licences: [], source: 'this machine' })
  }
  const agent = {
    name: recipe.AGENT.command,
    version: plan.agentVersion,
    licences: ['MIT'],
    source: `Go module ${recipe.AGENT.module}`,
  }
  const modules = goModules.map(({ path, version, licence }) => ({
    name: path,
    version,
    licences: [licence],
    source: `Go module ${path}`,
  }))
  const own = { version: await ownVersion(), licences: ['MIT'], source: 'guest/init of this package' }
  return [...parts, agent, ...modules, { name: 'init', ...own }]
}

async function ownVersion(): Promise<string> {
  const { version } = JSON.parse(await readFile(join(GUEST, '..', 'package.json'), 'utf8')) as { version: string }
  return version
}
