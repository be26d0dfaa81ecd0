// Path names that match a pattern with `*`, `?` and `[…]`, sorted.

import type { LinuxView } from '../view.js'
import { resolvePath } from '../paths.js'

/** A character of a field, and whether it may be part of a pattern. */
export interface FieldChar {
  readonly char: string
  readonly literal: boolean
}

export function hasPattern(field: readonly FieldChar[]): boolean {
  return field.some(({ char, literal }) => !literal && (char === '*' || char === '?' || char === '['))
}

/** Undefined when nothing matches: the pattern then stands for itself. */
export async function matchPaths(
  view: LinuxView,
  cwd: string,
  field: readonly FieldChar[],
): Promise<string[] | undefined> {
  const segments = splitAtSlashes(field)
  let found = ['']
  for (const [index, segment] of segments.entries()) {
    const isLast = index === segments.length - 1
    const next: string[] = []
    for (const before of found) {
      if (!hasPattern(segment)) {
        next.push(before + segment.map(({ char }) => char).join('') + (isLast ? '' : '/'))
        continue
      }
      const names = (await view.list(resolvePath(cwd, before === '' ? '.' : before))) ?? []
      const pattern = expression(segment)
      const isHidden = segment[0]?.char !== '.'
      for (const name of [...names].sort()) {
        if (pattern.test(name) && !(isHidden && name.startsWith('.'))) next.push(before + name + (isLast ? '' : '/'))
      }
    }
    found = next
  }
  const existing: string[] = []
  for (const path of found) {
    const full = resolvePath(cwd, path)
    if ((await view.list(full)) !== undefined || (await view.read(full)) !== undefined) existing.push(path)
  }
  return existing.length === 0 ? undefined : existing
}

function splitAtSlashes(field: readonly FieldChar[]): FieldChar[][] {
  const segments: FieldChar[][] = [[]]
  for (const one of field) {
    if (one.char === '/') segments.push([])
    else segments.at(-1)!.push(one)
  }
  return segments
}

/** A pattern of one path segment as a regular expression without nested repetition. */
function expression(segment: readonly FieldChar[]): RegExp {
  let source = ''
  for (let index = 0; index < segment.length; index++) {
    const { char, literal } = segment[index]!
    const end = char === '[' && !literal ? closing(segment, index) : -1
    if (end !== -1) {
      const inside = segment.slice(index + 1, end).map((one) => one.char)
      const isNegated = inside[0] === '!' || inside[0] === '^'
      const set = inside.slice(isNegated ? 1 : 0).map((one) => (one === '-' ? one : one.replace(/[\\\]^[]/, '\\$&')))
      source += `[${isNegated ? '^' : ''}${set.join('')}]`
      index = end
    } else if (literal || !'*?'.includes(char)) source += char.replace(/[\\^$.*+?()[\]{}|/]/, '\\$&')
    else if (char === '?') source += '.'
    else if (!source.endsWith('.*')) source += '.*'
  }
  try {
    return new RegExp(`^${source}$`, 'su')
  } catch {
    // A range that runs backwards matches nothing.
    return /^\b\B$/
  }
}

function closing(segment: readonly FieldChar[], start: number): number {
  for (let index = start + 2; index < segment.length; index++) if (segment[index]!.char === ']') return index
  return -1
}
