// Runs the demo with a reader that takes one chunk and goes away, as `| head -1` does. Ends with the demo's exit code.

import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const main = fileURLToPath(new URL('../../../packages/cli/dist/fleet/main.js', import.meta.url))
const child = spawn(process.execPath, [main], { stdio: ['ignore', 'pipe', 'inherit'] })
child.stdout.once('data', () => child.stdout.destroy())
child.once('exit', (code) => (process.exitCode = code ?? 99))
