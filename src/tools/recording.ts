#!/usr/bin/env node
// uvm-recording: prints a recording of a guest connection (GuestOptions.recorder, Guest.saveRecording).
//
// Exit codes: 0 printed, 2 the arguments or the file cannot be used.

import { readFile } from 'node:fs/promises'
import { parseArgs } from 'node:util'
import { decodeRecording } from './recording-file.js'
import { recordingLines } from './recording-text.js'

const USAGE = `Usage: npm run recording -- [options] file.gcsrec

Prints the last frames of a guest connection. Secrets are not in the file: they were left out when it was recorded.

  --json   one JSON document: { header, frames }
  --help   this text
`

async function main(argv: string[]): Promise<number> {
  try {
    const { values, positionals } = parseArgs({
      args: argv,
      allowPositionals: true,
      options: { json: { type: 'boolean' }, help: { type: 'boolean' } },
    })
    if (values.help === true) {
      process.stdout.write(USAGE)
      return 0
    }
    const [file, ...more] = positionals
    if (file === undefined || more.length > 0) throw new Error(`expected one file, got ${positionals.length}`)
    const recording = decodeRecording(await readFile(file))
    const asJson = (_name: string, value: unknown): unknown => (typeof value === 'bigint' ? String(value) : value)
    const text = values.json === true ? JSON.stringify(recording, asJson) : recordingLines(recording).join('\n')
    process.stdout.write(`${text}\n`)
    return 0
  } catch (error) {
    process.stderr.write(`uvm-recording: ${(error as Error).message}\n`)
    return 2
  }
}

// A reader that went away (| head) is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error
})
process.exitCode = await main(process.argv.slice(2))
