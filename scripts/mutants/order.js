// Which tests look for a fault, and in which order: those that mirror its file, then its folder, then the folders around it. Pure.

/**
 * @param {{ file: string, tests?: string[] | undefined }} mutant
 * @param {string[]} all test files, such as test/actors/boots.test.ts
 * @param {{ known?: string | undefined, isNear?: boolean }} [how] the file that found it last time; whether its own folder is far enough
 * @returns {string[][]} groups, one after the other, without those that were in an earlier one
 */
export function testsFor({ file, tests = [] }, all, { known, isNear = false } = {}) {
  const path = file.replace(/^src\//, 'test/').replace(/\.ts$/, '')
  /** @type {((test: string) => boolean)[]} */
  const groups = [
    (test) => test === known,
    (test) => tests.some((one) => (one.endsWith('/') ? test.startsWith(one) : test === one)),
    (test) => test === `${path}.test.ts`,
  ]
  for (let folder = parentOf(path); folder.includes('/'); folder = isNear ? '' : parentOf(folder)) {
    groups.push((test) => test.startsWith(`${folder}/`))
  }
  // What stands on a protocol is the actors'.
  if (!isNear) groups.push((test) => test.startsWith('test/actors/'))
  const left = new Set(all)
  return groups
    .map((fits) => {
      const found = [...left].filter(fits)
      for (const test of found) left.delete(test)
      return found
    })
    .filter((group) => group.length > 0)
}

/** @param {string} path */
function parentOf(path) {
  return path.slice(0, path.lastIndexOf('/'))
}
