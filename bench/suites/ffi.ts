// Operations of the native binding, through koffi on the C double of computecore.dll, beside a loop in C on the same double.

import { execFile } from 'node:child_process'
import { resolve } from 'node:path'
import { promisify } from 'node:util'
import { ComputeCoreService } from '#dist/native/computecore/service.js'
import createProvider from '#dist/native/remote/provider.js'
import { doubleFor, NoCompiler } from '../../test/native/double/build.js'
import { DoubleControl } from '../../test/native/double/control.js'
import { minimal } from '../../test/support/documents.js'
import { Closing } from '../core/closing.js'
import { load } from '../core/load.js'
import type { Suite } from '../core/suite.js'
import { compile } from '../peer/compile.js'

const run = promisify(execFile)

function builtDouble(): string | undefined {
  try {
    return doubleFor()
  } catch (error) {
    if (error instanceof NoCompiler) return undefined
    throw error
  }
}

export const ffi: Suite = {
  name: 'ffi',
  about: 'property queries of a system through koffi on the C double, beside a loop in C',
  async run(bench) {
    const library = builtDouble()
    const loop = compile(resolve('bench/ffi/loop.c'), '-ldl')
    if (library === undefined || loop === undefined) return bench.note('ffi needs gcc, and was left out')
    await using closing = new Closing()
    // What a Host does: the ports of the service keep no process alive.
    closing.add(
      setInterval(() => undefined, 1000),
      clearInterval,
    )
    new DoubleControl(library).configure({})
    const service = closing.add(await ComputeCoreService.open(library), (open) =>
      open.close(new Promise(() => undefined)),
    )
    const provider = closing.add(createProvider({ port: service.port() }), (open) => open.close())
    const system = closing.add(
      await provider.createSystem('bench', JSON.stringify(minimal()), () => undefined),
      (open) => open.close(),
    )
    for (const outstanding of [1, 64]) {
      const count = bench.size(10_000, 500)
      await bench.ask({
        name: 'property queries',
        params: { outstanding },
        metrics: { calls: { unit: 'operations/s', better: 'more' } },
        contenders: [
          { name: 'ours', sample: () => load(() => system.properties(''), count, outstanding) },
          {
            name: 'loop in C',
            sample: async () => ({ calls: Number((await run(loop, [library, `${count}`, `${outstanding}`])).stdout) }),
          },
        ],
      })
    }
  },
}
