// What is wrong with the imports of this repository, by the table of zones. dependency-cruiser tells which files an import leads to: a
// detour through another folder does not get past the table, nor does an import of types alone.

import { cruise } from 'dependency-cruiser'
import extractTSConfig from 'dependency-cruiser/config-utl/extract-ts-config'
import { ZONES } from './zones.js'

/** @typedef {import('dependency-cruiser').IDependency} Dependency */

const FOLDERS = ['src', 'packages', 'test', 'bench', 'examples']
/** What is built stands for its source, which the tests reach as a user would. */
const BUILT =
  /^((packages\/[a-z]+\/)?dist\/|#(dist|image|cli|ttrpc|containerd)\/|uvm-(actors|actors-image|ttrpc)(\/[a-z]+)?$)/

/** @typedef {import('dependency-cruiser').IModule} Module */

/**
 * @returns {Promise<string[]>} a line for each import of this repository that must not be
 */
export async function badImports() {
  return badModules(await modulesOf('.', FOLDERS))
}

/**
 * @param {string} root
 * @param {string[]} copies folders in root, each laid out as this repository; all are read in one go
 * @returns {Promise<Map<string, string[]>>} a line for each import that must not be, by copy
 */
export async function badImportsByCopy(root, copies) {
  const modules = await modulesOf(root, copies)
  return new Map(copies.map((copy) => [copy, badModules(modules.flatMap((one) => moduleWithin(`${copy}/`, one)))]))
}

/**
 * @param {string} root
 * @param {string[]} folders of it
 */
async function modulesOf(root, folders) {
  const { output } = await cruise(
    folders,
    {
      baseDir: root,
      tsPreCompilationDeps: true,
      doNotFollow: { path: ['^node_modules/', '^dist/', '^build/'] },
      exclude: { path: 'packages/[^/]+/dist/' },
    },
    undefined,
    { tsConfig: extractTSConfig('tsconfig.json') },
  )
  if (typeof output === 'string') throw new Error(`dependency-cruiser answered ${output}`)
  return output.modules
}

/**
 * @param {string} prefix
 * @param {Module} module
 * @returns {Module[]} the module with its paths told from there; none when it is elsewhere
 */
function moduleWithin(prefix, module) {
  if (!module.source.startsWith(prefix)) return []
  const within = (/** @type {string} */ file) => (file.startsWith(prefix) ? file.slice(prefix.length) : file)
  const dependencies = module.dependencies.map((to) => ({ ...to, resolved: within(to.resolved) }))
  return [{ ...module, source: within(module.source), dependencies }]
}

/**
 * @param {Module[]} modules
 * @returns {string[]}
 */
function badModules(modules) {
  return modules
    .filter(({ source }) => FOLDERS.some((folder) => source.startsWith(`${folder}/`)))
    .flatMap(({ source, dependencies }) => [...badFile(source), ...dependencies.flatMap((to) => badImport(source, to))])
    .sort()
}

/**
 * @param {string} file
 * @returns {string | undefined} the name of its zone
 */
export function zoneOf(file) {
  return Object.keys(ZONES).find((name) => new RegExp(/** @type {Zone} */ (ZONES[name]).path).test(file))
}

/** @typedef {import('./zones.js').Zone} Zone */

/**
 * @param {string} file
 * @returns {string[]}
 */
function badFile(file) {
  return zoneOf(file) === undefined ? [`${file} is in no zone`] : []
}

/**
 * @param {string} file
 * @param {Dependency} to
 * @returns {string[]}
 */
function badImport(file, to) {
  const name = zoneOf(file)
  const zone = name === undefined ? undefined : ZONES[name]
  if (zone === undefined || BUILT.test(to.resolved)) return []
  const wrong = (/** @type {string} */ what) => [`${file} imports ${to.module}: ${what}`]
  if (to.circular) return wrong(`a cycle: ${(to.cycle ?? []).map(({ name: step }) => step).join(' -> ')}`)
  const types = to.dependencyTypes.includes('type-only')
  if (to.coreModule) {
    const { core } = zone
    if (core === '*' || (core !== undefined && (types || core.includes(to.resolved)))) return []
    return wrong(`${name} may have ${core?.length ? core.join(' and ') : 'nothing'} of Node.js; ${zone.why}`)
  }
  if (/^[./#]/.test(to.module)) {
    const other = zoneOf(to.resolved)
    if (other === name || (other !== undefined && zone.sees.includes(other))) return []
    return wrong(`${name} does not see ${other ?? 'what has no zone'}; ${zone.why}`)
  }
  const { packages = [] } = zone
  // A package, or a file in it.
  if (packages.some((known) => known === '*' || `${to.module}/`.startsWith(`${known}/`))) return []
  return wrong(`${name} does not use it; ${zone.why}`)
}
