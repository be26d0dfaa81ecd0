// What mocha says to whoever looks for a fault: the first failure, as one line of JSON, and then it is over. A run without failures ends by
// itself, or does not.

import { relative } from 'node:path'
import Mocha from 'mocha'

export default class extends Mocha.reporters.Base {
  /** @param {Mocha.Runner} runner @param {Mocha.MochaOptions} options */
  constructor(runner, options) {
    super(runner, options)
    runner.on('fail', (test, error) => {
      const { message = String(error) } = /** @type {{ message?: string }} */ (error)
      const file = relative('build', test.file ?? '').replace(/\.js$/, '.ts')
      const [first = ''] = message.split('\n')
      process.stdout.write(`${JSON.stringify({ file, title: test.fullTitle(), error: first.slice(0, 200) })}\n`, () =>
        process.exit(1),
      )
    })
    runner.on('end', () => process.stdout.write('"passed"\n'))
  }
}
