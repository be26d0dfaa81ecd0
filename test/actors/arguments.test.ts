// Arguments whose reading runs code of the caller's: a getter, a toJSON or a proxy that throws is a mistake in the call like any other.

import assert from 'node:assert/strict'
import { inspect } from 'node:util'
import { HcsError, Host, InvalidConfigError, UtilityVMBuilder, type Guest, type UtilityVM } from '#dist/index.js'
import { linux } from '../support/documents.js'
import { rejectsWith } from '../support/expect.js'
import { useHost } from '../support/host.js'

const FAILURE = new Error('code of the caller')
const fail = (): never => {
  throw FAILURE
}

/** Every trap that reading can spring. */
const PROXY: never = new Proxy({}, { get: fail, has: fail, ownKeys: fail, getPrototypeOf: fail }) as never

function revoked(): never {
  const { proxy, revoke } = Proxy.revocable({}, {})
  revoke()
  return proxy as never
}

/** An object with one member that cannot be read. */
function getter(name: string): never {
  return Object.defineProperty({}, name, { get: fail, enumerable: true }) as never
}

describe('arguments that throw when they are read', () => {
  const test = useHost()
  let vm: UtilityVM
  let guest: Guest

  beforeEach(async () => {
    vm = await test.create(linux('quiet'))
    guest = await test.host.createGuest(vm)
    await vm.start()
    await guest.createConnection()
  })

  type Call = (evil: never) => Promise<unknown>
  const calls: Record<string, Call> = {
    'host.createVM config': (evil) => test.host.createVM('x', evil),
    'host.createVM options': (evil) => test.host.createVM('x', linux(), evil),
    'host.openVM options': (evil) => test.host.openVM('x', evil),
    'host.listVMs query': (evil) => test.host.listVMs(evil),
    'host.listVMs options': (evil) => test.host.listVMs({}, evil),
    'host.createGuest vm': (evil) => test.host.createGuest(evil),
    'host.createGuest options': (evil) => test.host.createGuest(vm, evil),
    'host.grantVMAccess path': (evil) => test.host.grantVMAccess('x', evil),
    'vm.wait options': (evil) => vm.wait(evil),
    'vm.pause options': (evil) => vm.pause(evil),
    'vm.save options': (evil) => vm.save(evil),
    'vm.addNIC settings': (evil) => vm.addNIC('nic', evil),
    'vm.modify request': (evil) => vm.modify(evil),
    'vm.modify settings': (evil) => vm.modify({ ResourcePath: 'x', Settings: { Evil: evil } }),
    'vm.addSCSIDisk lun': (evil) => vm.addSCSIDisk({}, 0, evil),
    'vm.propertiesV2 types': (evil) => vm.propertiesV2(evil),
    'vm.startLiveMigrationOnSource config': (evil) => vm.startLiveMigrationOnSource(evil),
    'guest.createConnection options': (evil) => guest.createConnection(evil),
    'guest.createProcess parameters': (evil) => guest.createProcess(evil),
    'guest.createProcess options': (evil) => guest.createProcess({ CommandLine: 'true' }, evil),
    'guest.execInUVM request': (evil) => guest.execInUVM(evil),
    'guest.execInUVM stdin': (evil) => guest.execInUVM({ args: ['true'], stdin: evil }),
    'guest.createContainer config': (evil) => guest.createContainer('c', evil),
    'guest.openProcess saved': (evil) => guest.openProcess(evil),
    'guest.addLCOWMappedVirtualDisk settings': (evil) => guest.addLCOWMappedVirtualDisk(evil),
  }

  for (const [what, call] of Object.entries(calls)) {
    it(`${what} rejects with InvalidConfigError, and the VM is unharmed`, async () => {
      for (const evil of [PROXY, revoked()]) {
        let promise: Promise<unknown> | undefined
        assert.doesNotThrow(() => (promise = call(evil)))
        await rejectsWith(promise!, InvalidConfigError)
      }
      assert.equal((await vm.propertiesV2([])).State, 'Running')
      assert.equal(await guest.isConnected(), true)
      assert.equal((await test.host.listVMs()).length, 1)
    })
  }

  it('what was thrown is the cause', async () => {
    const cases: Promise<unknown>[] = [
      vm.pause(getter('timeoutMs')),
      vm.addNIC('nic', getter('MacAddress')),
      guest.execInUVM(getter('args')),
      guest.createConnection(getter('coldStart')),
      test.host.createGuest(vm, getter('entropy')),
      test.host.createVM('x', getter('Owner')),
    ]
    for (const promise of cases) assert.equal((await rejectsWith(promise, InvalidConfigError)).cause, FAILURE)
  })

  it('a Map or a Set is refused where it is, not sent as {}', async () => {
    const cases: [promise: Promise<unknown>, path: string][] = [
      [vm.addNIC('nic', { MacAddress: new Map([['a', 1]]) as never }), '$.MacAddress'],
      [guest.createContainer('c', { Storage: { Layers: [new Set([1])] } }), '$.Storage.Layers[0]'],
      [vm.save(new Map() as never), '$'],
      [guest.execInUVM({ args: ['env'], env: new Map([['A', 'b']]) as never }), 'env'],
      [guest.createProcess({ Environment: new Map([['A', 'b']]) } as never), '$.Environment'],
    ]
    for (const [promise, path] of cases) assert.equal((await rejectsWith(promise, InvalidConfigError)).path, path)
    assert.throws(() => new UtilityVMBuilder('me', 'linux').setMemory(new Map() as never), InvalidConfigError)
  })

  it('no error has a secret in it: not the settings around what is wrong, nor a value that may be one', async () => {
    const secret = 'hunter2'
    const cases = [
      guest.createProcess({ CommandLine: 'true', Environment: { TOKEN: secret }, ConsoleSize: [NaN] } as never),
      guest.createContainer('c', { Registry: { password: secret }, wrong: () => 1 }),
      guest.createContainer('c', secret),
      guest.addSecurityPolicy(secret as never),
      guest.execInUVM({ args: ['true'], env: { TOKEN: secret, N: 1 as never } }),
      guest.execInUVM({ commandLine: [secret] as never }),
      guest.execInUVM({ args: ['true'], environment: { TOKEN: secret } } as never),
      Host.open({ provider: { module: 'x', options: { password: secret, send: () => 1 } } }),
      test.host.createVM('x', { Owner: secret, VirtualMachine: { RestoreState: NaN } } as never),
    ]
    for (const promise of cases) {
      const error = await rejectsWith(promise, InvalidConfigError)
      assert.doesNotMatch(inspect(error, { depth: 20 }), /hunter2/)
    }
  })

  it('call options that are none are refused before a process is asked for', async () => {
    for (const options of [null, 5, 'soon']) {
      await rejectsWith(guest.createProcess({ CommandLine: 'true' }, options as never), InvalidConfigError)
      await rejectsWith(guest.createConnection(options as never), InvalidConfigError)
    }
    const { path } = await rejectsWith(guest.createConnection({ initialState: 5 as never }), InvalidConfigError)
    assert.equal(path, 'initialState')
  })

  it('call options may be an instance of a class with getters', async () => {
    class Options {
      get timeoutMs(): number {
        return 0
      }
    }
    const error = await rejectsWith(guest.createProcess({ CommandLine: 'true' }, new Options()), InvalidConfigError)
    assert.equal(error.path, 'timeoutMs')
  })
})

describe('a Host without a temporary directory', () => {
  it('is refused with what would help', async function () {
    if (process.platform === 'win32') return this.skip()
    const before = process.env['TMPDIR']
    process.env['TMPDIR'] = '/nowhere'
    try {
      const { path, message } = await rejectsWith(Host.open({ threads: 1 }), InvalidConfigError)
      assert.equal(path, 'socketDirectory')
      assert.match(message, /temporary directory \/nowhere .*ENOENT.*give a socketDirectory, or set TMPDIR/)
    } finally {
      if (before === undefined) delete process.env['TMPDIR']
      else process.env['TMPDIR'] = before
    }
  })
})

describe('ids that differ only in case', () => {
  const test = useHost()

  it('are one VM to the service: the second is refused while the first lives', async () => {
    const vm = await test.create(linux(), 'Web-1')
    const error = await rejectsWith(test.host.createVM('web-1', linux()), HcsError)
    assert.equal(error.hresult, 0x8037_010f)
    await vm.terminate()
    await vm.close()
    await (await test.host.createVM('web-1', linux())).close()
  })
})
