// A program that waits for nothing but a fake that never answers, within a time.

import { FakeVM } from '#dist/testing/index.js'

const vm = new FakeVM().always('start', { never: true })
await vm.start({ timeoutMs: 20 }).catch((error: Error) => console.log(error.name))
// Nobody gives this one a time: it holds nothing open.
void vm.start()
