// What QEMU says in words, as a code of the compute service.

import assert from 'node:assert/strict'
import { codeOfWords } from '#dist/native/qemu/qemu-failure.js'

describe('what QEMU says', () => {
  const said: [words: string, code: number][] = [
    ['qemu-system-x86_64: load of migration failed: Input/output error', 0x80070570],
    [
      'qemu-system-x86_64: error while loading state section id 2(ram)\nqemu-system-x86_64: load of migration failed',
      0x80070570,
    ],
    ["error while loading state for instance 0x0 of device 'pc.ram'", 0x80070570],
    ['Image is corrupt; cannot be opened read/write', 0x80070570],
    ['Failed to get "write" lock', 0x80070020],
    ["Could not open '/x': No such file or directory", 0x80070002],
    ["Could not open '/x': Permission denied", 0x80070005],
    ['write failed: No space left on device', 0x80070070],
    ['something of which nothing is known', 0x80004005],
  ]
  for (const [words, code] of said) {
    it(`has a code: ${words.split('\n')[0]}`, () => assert.equal(codeOfWords(words), code))
  }
})
