// Programs whose first line awaits something of this package: they must not end before it is there.

import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { temporaryDirectory } from './support/child.js'

const INDEX = new URL('../../dist/index.js', import.meta.url).href

const PROGRAMS: Record<string, string> = {
  'Host.open': `const host = await Host.open({ threads: 1 }); console.log('open'); await host.close()`,
  'Host.open of an unreferenced Host, and its close': `const host = await Host.open({ threads: 1 }); host.unref()
    await host.close(); console.log('open')`,
  'SimulatedService.open': `const service = await SimulatedService.open(); console.log('open'); await service.close()`,
  'SimulatedService.open of two': `const both = await Promise.all([SimulatedService.open(), SimulatedService.open()])
    for (const one of both) await one.close()
    console.log('open')`,
  'SimulatedService.connect to a process of its own': `const service = await SimulatedService.connect({ directory: DIRECTORY })
    console.log('open'); await service.close()`,
}

describe('a program whose first line is', () => {
  for (const [name, program] of Object.entries(PROGRAMS)) {
    it(`await ${name}`, async () => {
      const directory = await temporaryDirectory()
      const file = join(directory.path, 'program.mjs')
      const service = join(directory.path, 's')
      const text = `import { Host, SimulatedService } from ${JSON.stringify(INDEX)}
        const DIRECTORY = ${JSON.stringify(service)}
        ${program}`
      await writeFile(file, text)
      const child = spawn(process.execPath, [fileURLToPath(`file://${file}`)], { stdio: ['ignore', 'pipe', 'inherit'] })
      let out = ''
      child.stdout.setEncoding('utf8').on('data', (chunk: string) => (out += chunk))
      const [code] = (await once(child, 'close')) as [number]
      assert.deepEqual([out, code], ['open\n', 0])
      await directory.remove()
    })
  }
})
