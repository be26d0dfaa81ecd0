// What the tests of the documents look at: the text files of the repository, and what is read out of them. Texts in, findings out, so that
// a test can plant what must be found.

import { readdirSync, readFileSync } from 'node:fs'
import { posix } from 'node:path'
import ts from 'typescript'

/** Path from the repository's root, with slashes, to text. */
export type Files = ReadonlyMap<string, string>

const BLOB = 'https://github.com/uvm-actors/uvm-actors/blob/main/'

const FOLDERS = ['src', 'test', 'bench', 'examples', 'scripts', 'docs', '.ci']
const SOURCES = /\.(?:[cm]?[jt]s|c|h|json|svg|md|d\.ts)$|^\.ci\//

/** The sources and documents below the working directory, which is the repository's root. */
export function readRepository(): Map<string, string> {
  const paths = readdirSync('.', { withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ name }) => name)
  for (const folder of FOLDERS) {
    const below = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
    paths.push(...below.map(({ parentPath, name }) => `${parentPath}/${name}`.replaceAll('\\', '/')))
  }
  const texts = paths.filter((path) => SOURCES.test(path) && path !== 'package-lock.json')
  return new Map(texts.map((path) => [path, readFileSync(path, 'utf8')]))
}

export const isDocument = (path: string): boolean => path.endsWith('.md')

/** A document's text without what is shown as it is, which neither links nor names anything. */
const withoutBlocks = (text: string): string => text.replace(/^```[^]*?^```$/gm, '')

/** The anchors of a document's headings, as GitHub makes them. */
export function anchorsOf(text: string): Set<string> {
  const anchors = new Set<string>()
  for (const [, heading = ''] of withoutBlocks(text).matchAll(/^#+ +(.+?) *$/gm)) {
    const slug = heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-')
    let unique = slug
    for (let count = 1; anchors.has(unique); count++) unique = `${slug}-${count}`
    anchors.add(unique)
  }
  return anchors
}

function problemOf(files: Files, path: string, anchor: string | undefined): string | undefined {
  const text = files.get(path)
  if (text === undefined) return 'there is no such file'
  if (anchor === undefined || !isDocument(path)) return undefined
  return anchorsOf(text).has(anchor) ? undefined : `${path} has no section #${anchor}`
}

/** Links of documents that lead nowhere. */
export function brokenLinks(files: Files): string[] {
  const broken: string[] = []
  for (const [path, text] of files) {
    if (!isDocument(path)) continue
    for (const [, target = ''] of withoutBlocks(text).matchAll(/\]\(([^)\s]+)\)/g)) {
      // Documents of the package lead here by the address: what they lead to is not in it.
      const isWhole = target.startsWith(BLOB)
      if (!isWhole && /^[a-z]+:/.test(target)) continue
      const [file = '', anchor] = (isWhole ? target.slice(BLOB.length) : target).split('#')
      const at = isWhole ? file : file === '' ? path : posix.join(posix.dirname(path), file)
      const problem = problemOf(files, at, anchor)
      if (problem !== undefined) broken.push(`${path}: ${target}: ${problem}`)
    }
  }
  return broken
}

/** Documents that are named anywhere, links aside, and that the repository does not have; sections too. */
export function unknownDocuments(files: Files): string[] {
  const unknown: string[] = []
  for (const [path, text] of files) {
    const named = isDocument(path) ? withoutBlocks(text).replace(/\]\([^)]*\)/g, ']') : text
    for (const [whole, document = '', anchor] of named.matchAll(/([\w./-]*\w\.md)\b(?:#([\w-]+))?/g)) {
      // What others call their licence is looked for in their archives.
      if (document === 'LICENSE.md') continue
      const candidates = [document, posix.join(posix.dirname(path), document)]
      const at = candidates.find((candidate) => files.has(candidate)) ?? document
      const problem = problemOf(files, at, anchor)
      if (problem !== undefined) unknown.push(`${path}: ${whole}: ${problem}`)
    }
  }
  return unknown
}

/** Sources and folders that documents name in code quotes and that do not exist. A source may be named by the end of its path. */
export function unknownSources(files: Files): string[] {
  const paths = [...files.keys()]
  const exists = (name: string): boolean =>
    paths.some((path) => path === name || path.endsWith(`/${name}`) || path.startsWith(`${name.replace(/\/$/, '')}/`))
  const unknown: string[] = []
  for (const path of paths.filter(isDocument)) {
    // What has been is no mistake of a list of changes.
    if (path === 'CHANGELOG.md') continue
    for (const [, quoted = ''] of withoutBlocks(files.get(path)!).matchAll(/`([^`\s*]+)`/g)) {
      const isPath = /^(?:src|test|bench|examples|scripts)\//.test(quoted) || /^[\w./-]+\.(?:ts|c)$/.test(quoted)
      if (isPath && !exists(quoted)) unknown.push(`${path}: ${quoted}`)
    }
  }
  return unknown
}

const SHOWN = /^(?:README\.md$|examples\/|test\/support\/)/

/** Linux VMs that others take over as they stand and that a real guest image would not boot so: without an agent, or one that dies with its log. */
export function agentsThatDie(files: Files): string[] {
  const found: string[] = []
  for (const [path, text] of files) {
    if (!SHOWN.test(path)) continue
    const boots = text.matchAll(/setLinuxKernelDirectBoot\(\{[^}]*\}|LinuxKernelDirect"?: \{[^}]*\}|quiet -- -e[^'"]*/g)
    for (const [boot] of boots) {
      const isGiven = /KernelCmdLine: \w+/.test(boot)
      if (!isGiven && !/vsockexec -r -e 109 \S+/.test(boot)) found.push(`${path}: ${boot.replace(/\s+/g, ' ')}`)
    }
  }
  return found
}

const ID = /\b(?:HCS|GCSH|GCSG)-\d{3}\b/g

/** The ids that documents state, once for each time. */
export function statedCases(files: Files): string[] {
  return [...files]
    .filter(([path]) => isDocument(path))
    .flatMap(([, text]) => [...text.matchAll(/^- \*\*([A-Z]+-\d{3})\*\* \S/gm)].map(([, id = '']) => id))
}

/** The ids that are mentioned anywhere, with where. */
export function mentionedCases(files: Files): Map<string, string> {
  return new Map([...files].flatMap(([path, text]) => [...text.matchAll(ID)].map(([id]) => [id, path] as const)))
}

const TITLED = /^(?:it|describe|context|specify)$/

/** The ids in titles of tests; a title may come from a table. */
export function titledCases(files: Files): Set<string> {
  const ids = new Set<string>()
  for (const [path, text] of files) {
    if (!/^test\/.*\.ts$/.test(path) || text.match(ID) === null) continue
    const source = ts.createSourceFile(path, text, ts.ScriptTarget.ES2022, true)
    const visit = (node: ts.Node): void => {
      if (isTitle(node)) for (const [id] of node.getText(source).matchAll(ID)) ids.add(id)
      ts.forEachChild(node, visit)
    }
    visit(source)
  }
  return ids
}

/** The first argument of a test, or a text in an array: a row of a table of tests. */
function isTitle(node: ts.Node): boolean {
  if (!ts.isStringLiteralLike(node) && !ts.isTemplateExpression(node)) return false
  const { parent } = node
  if (ts.isArrayLiteralExpression(parent)) return true
  if (!ts.isCallExpression(parent) || parent.arguments[0] !== node) return false
  const called = parent.expression
  return TITLED.test(ts.isPropertyAccessExpression(called) ? called.expression.getText() : called.getText())
}
