// What a person sees while a fleet runs.

import assert from 'node:assert/strict'
import { Writable } from 'node:stream'
import { LineSplitter } from '#cli/lines.js'
import { liveProgress, plainProgress } from '#cli/fleet/progress.js'

class Terminal extends Writable {
  readonly isTTY = true
  readonly columns = 80
  readonly rows = 24
  text = ''

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.text += chunk.toString()
    done()
  }
}

describe('progress', () => {
  it('on a terminal: one live line of counts, output above it, nothing left of it at the end', () => {
    const terminal = new Terminal()
    const progress = liveProgress(3, terminal as unknown as NodeJS.WriteStream)
    progress.stage('a', 'booting')
    assert.match(terminal.text, /3 VMs: booting 1\n/)
    progress.stage('b', 'running')
    terminal.text = ''
    progress.output('b', 'stdout', 'hello')
    // The line is taken away, the output printed, and the line drawn again.
    assert.match(terminal.text, /\u001b\[2K[\s\S]*\[b\] hello\n[\s\S]*3 VMs: booting 1 · running 1\n/)
    terminal.text = ''
    progress.failed('a', new Error('no luck'))
    assert.match(terminal.text, /\[a\] failed: no luck\n/)
    terminal.text = ''
    progress.end()
    assert.match(terminal.text, /\u001b\[2K/)
    assert.equal(terminal.text.includes('VMs'), false)
  })

  it('elsewhere: plain lines that name the VM', () => {
    const lines: string[] = []
    const progress = plainProgress((line) => lines.push(line))
    progress.stage('a', 'booting')
    progress.output('a', 'stdout', 'out\u001b[31m red')
    progress.output('a', 'stderr', 'err\r')
    progress.failed('a', new Error('x'))
    progress.end()
    assert.deepEqual(lines, ['[a] booting', '[a] out red', '[a] ! err', '[a] failed: x'])
  })

  it('lines are whole, whatever the chunks, and characters too', () => {
    const lines: string[] = []
    const splitter = new LineSplitter((line) => lines.push(line))
    const bytes = Buffer.from('one\r\ntwo ü😀\n\nlast')
    for (const byte of bytes) splitter.push(Buffer.from([byte]))
    assert.deepEqual(lines, ['one', 'two ü😀', ''])
    splitter.end()
    assert.equal(lines.at(-1), 'last')
  })
})
