// Arguments as one Windows command line, which the C runtime splits again as they were.

import assert from 'node:assert/strict'
import { windowsCommandLine } from '#dist/actors/gcs/process/exec.js'

describe('arguments as a Windows command line', () => {
  for (const [argument, written] of [
    ['plain', 'plain'],
    ['', '""'],
    ['a b', '"a b"'],
    ['say "hi"', '"say \\"hi\\""'],
    ['a\\"b', '"a\\\\\\"b"'],
    ['C:\\with space\\', '"C:\\with space\\\\"'],
    ['C:\\plain\\', 'C:\\plain\\'],
  ] as const) {
    it(`${argument} is ${written}`, () => assert.equal(windowsCommandLine([argument]), written))
  }
})
