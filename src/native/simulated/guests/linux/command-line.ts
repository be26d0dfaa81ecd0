// A CommandLine as the Linux agent splits it: blanks, quotes and backslashes; no variables. What follows an operator of a shell is left out.

/** Undefined when quotes are not closed or a parenthesis stands outside them. */
export function splitCommandLine(line: string): string[] | undefined {
  const words: string[] = []
  let word: string | undefined
  let quote = ''
  for (let index = 0; index < line.length; index++) {
    const char = line[index]!
    if (quote !== "'" && char === '\\') {
      const next = line[++index]
      if (next === undefined) return undefined
      word = (word ?? '') + next
    } else if (quote !== '') {
      if (char === quote) quote = ''
      else word = (word ?? '') + char
    } else if (char === "'" || char === '"') {
      quote = char
      word ??= ''
    } else if (/\s/.test(char)) {
      if (word !== undefined) words.push(word)
      word = undefined
    } else if (';&|<>'.includes(char)) break
    else if (char === '(' || char === ')') return undefined
    else word = (word ?? '') + char
  }
  if (quote !== '') return undefined
  if (word !== undefined) words.push(word)
  return words
}
