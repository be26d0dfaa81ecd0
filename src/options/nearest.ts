// The known name that a misspelt one was meant to be: a prefix either way, then the least edits, both whatever the case.

/** Fewest letters of a prefix that says something. */
const LEAST_PREFIX = 2

/** Undefined when none is near enough. */
export function nearestName(given: string, known: readonly string[]): string | undefined {
  const wanted = given.toLowerCase()
  return closest(known, (name) => prefixDistance(wanted, name)) ?? closest(known, (name) => nearEdits(wanted, name))
}

function closest(known: readonly string[], distance: (name: string) => number | undefined): string | undefined {
  let found: { name: string; distance: number } | undefined
  for (const name of known) {
    const away = distance(name.toLowerCase())
    if (away !== undefined && (found === undefined || away < found.distance)) found = { name, distance: away }
  }
  return found?.name
}

function prefixDistance(wanted: string, name: string): number | undefined {
  const [short, long] = wanted.length <= name.length ? [wanted, name] : [name, wanted]
  return short.length >= LEAST_PREFIX && long.startsWith(short) ? long.length - short.length : undefined
}

/** Edits, when they are at most a third of the longer name. */
function nearEdits(wanted: string, name: string): number | undefined {
  const limit = Math.floor(Math.max(wanted.length, name.length, 3) / 3)
  if (Math.abs(wanted.length - name.length) > limit) return undefined
  const edits = editDistance(wanted, name)
  return edits <= limit ? edits : undefined
}

/** Letters put in, left out, replaced, and neighbours that changed places. */
function editDistance(from: string, to: string): number {
  let before: number[] = []
  let last = Array.from({ length: to.length + 1 }, (_, index) => index)
  for (let row = 1; row <= from.length; row++) {
    const next = [row]
    for (let column = 1; column <= to.length; column++) {
      const isSame = from[row - 1] === to[column - 1]
      let edits = Math.min(last[column]! + 1, next[column - 1]! + 1, last[column - 1]! + (isSame ? 0 : 1))
      const isSwap = row > 1 && column > 1 && from[row - 1] === to[column - 2] && from[row - 2] === to[column - 1]
      if (isSwap) edits = Math.min(edits, before[column - 2]! + 1)
      next.push(edits)
    }
    before = last
    last = next
  }
  return last[to.length]!
}
