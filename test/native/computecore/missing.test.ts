// HCS-010: what can be missing, and what is said then. Also struct layouts, which the C compiler knows best.

import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { Host, isAccessDenied, isNotSupported, ProviderUnavailableError } from '#dist/index.js'
import { NativeFailure } from '#dist/native/computecore/failure.js'
import { FUNCTIONS } from '#dist/native/computecore/functions.js'
import { HcsCreateOptions, HcsEventStruct, HcsProcessInformation, layoutOf } from '#dist/native/computecore/structs.js'
import { minimal } from '../../support/documents.js'
import { control, describeDouble, openDouble } from '../../support/double.js'
import { rejectsWith } from '../../support/expect.js'
import { doubleFor } from '../double/build.js'
import { DoubleControl } from '../double/control.js'

const open = (libraryPath?: string): Promise<Host> =>
  Host.open({
    provider: 'computecore',
    ...(libraryPath === undefined ? {} : { computecore: { libraryPath } }),
    threads: 1,
  })

describe('computecore: a host without it', () => {
  const isWindows = process.platform === 'win32'

  it('HCS-010 is told which library is missing, and since which Windows build there is one', async function () {
    // A real Windows with the feature has it; Wine has not.
    if (isWindows && existsSync(`${process.env['SystemRoot']}\\System32\\computecore.dll`)) this.skip()
    const error = await rejectsWith(open(), ProviderUnavailableError)
    assert.match(error.message, /computecore\.dll .*is part of Windows,? since build 17763/)
    if (isWindows) assert.match(error.message, /\\System32\\computecore\.dll cannot be loaded.*this is build \d{5}/i)
    else assert.match(error.message, /this host runs/)
  })

  it("provider 'auto' is computecore on Windows and nowhere else", async () => {
    const host = await Host.open({ threads: 1 }).catch((error: unknown) => error)
    const unavailable = host instanceof ProviderUnavailableError
    if (host instanceof Host) await host.close()
    assert.equal(unavailable, isWindows)
  })

  it('HCS-010 is told which file cannot be loaded, and why', async () => {
    const error = await rejectsWith(open('/no/such/library'), ProviderUnavailableError)
    assert.match(error.message, /\/no\/such\/library cannot be loaded \(.+\).*17763/)
    await rejectsWith(open('package.json'), ProviderUnavailableError)
  })

  for (const libraryPath of ['', 'a\0b', 3 as unknown as string]) {
    it(`refuses the library path ${JSON.stringify(libraryPath)}`, async () => {
      await assert.rejects(open(libraryPath), { code: 'UVM_INVALID_CONFIG', path: 'computecore.libraryPath' })
    })
  }
})

describeDouble('computecore: what can be missing', () => {
  it('HCS-010 a function that every call needs: the Host does not open', async () => {
    const error = await rejectsWith(open(doubleFor('crippled')), ProviderUnavailableError)
    assert.match(error.message, /lacks the function HcsSetComputeSystemCallback, .* Windows build 17763/)
    assert.equal(isNotSupported(error), true)
  })

  it('HCS-010 a function of newer Windows: only its call is refused, by name and build', async () => {
    new DoubleControl(doubleFor('old')).configure({})
    const host = await open(doubleFor('old'))
    try {
      const vm = await host.createVM('old', minimal())
      await vm.start()
      const error = await rejectsWith(vm.initializeLiveMigrationOnSource(), ProviderUnavailableError)
      assert.match(error.message, /HcsInitializeLiveMigrationOnSource, which appears with Windows build 26100/)
      assert.match(error.message, /^vm\.initializeLiveMigrationOnSource "old": /)
      assert.equal(isNotSupported(error), true)
      await rejectsWith(host.revokeVMAccess('old', '/dev/null'), ProviderUnavailableError)
      await host.grantVMAccess('old', '/dev/null')
      await vm.terminate()
    } finally {
      await host.close()
    }
  })

  it('the rights: the Host does not open, and says who may', async () => {
    control().configure({ rights: false })
    const error = await rejectsWith(openDouble(), ProviderUnavailableError)
    assert.match(error.message, /no rights .*0x8037011B.*Hyper-V Administrators/)
    assert.equal(isAccessDenied(error), true)
  })

  it('the service: the Host does not open, and says what it needs', async () => {
    control().configure({ service: false })
    const error = await rejectsWith(openDouble(), ProviderUnavailableError)
    assert.match(error.message, /the compute service does not answer \(0x80370114.*Hyper-V, Virtual Machine Platform/)
  })

  it('rights that are lost later are an ordinary refusal', async () => {
    control().configure({})
    const host = await openDouble()
    control().configure({ rights: false })
    await assert.rejects(host.createVM('no', minimal()), { code: 'UVM_HCS_FAILED', hresult: 0x8037011b })
    await host.close()
  })

  it('struct layouts are those of the C compiler', () => {
    const layouts = [HcsEventStruct, HcsProcessInformation, HcsCreateOptions].flatMap(layoutOf)
    assert.deepEqual(layouts, control().layout())
  })

  it('every function names the build on which it appears', () => {
    for (const [name, { declaration, build }] of Object.entries(FUNCTIONS)) {
      assert(declaration.includes(` ${name}(`) || declaration.includes(`*${name}(`), name)
      assert(build >= 17763 && build <= 26100, name)
    }
  })

  it('a refusal says its code when it has no words', () => {
    assert.match(new NativeFailure(0x8abcdef0 | 0).message, /8abcdef0/)
  })
})
