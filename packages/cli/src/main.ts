#!/usr/bin/env node
// uvmctl: the command line of uvm-actors.

import { runProgram } from './program.js'

// A reader that went away (| head, or who started a service and left it) is no failure.
for (const stream of [process.stdout, process.stderr])
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error
  })
process.exitCode = await runProgram(process.argv.slice(2))
