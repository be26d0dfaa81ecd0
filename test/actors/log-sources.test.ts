import assert from 'node:assert/strict'
import { etwProviderGuid, Host, InvalidConfigError, windowsLogSources } from '#dist/index.js'
import { windows } from '../support/documents.js'

describe('log sources of a Windows guest', () => {
  it('a provider’s GUID follows from its name, unless it registered another', () => {
    assert.equal(etwProviderGuid('Microsoft.Windows.Containers.Setup'), '22267b1c-b979-5c81-9e24-0db386a62dd1')
    assert.equal(etwProviderGuid('microsoft-windows-guest-network-service'), '0bacf1d2-fb51-549a-6119-04daa7180dc8')
    assert.equal(etwProviderGuid('Microsoft.Windows.FileSystem.CimFS'), '772ff917-30cf-50bd-d471-55a093ea8cf8')
    assert.equal(etwProviderGuid('Microsoft.Windows.HyperV.Compute'), '80ce50de-d264-4581-950d-abadeee0d340')
  })

  it('asks for what containers are made of, by name, at level Information', () => {
    const [source] = windowsLogSources().LogConfig.sources
    assert.equal(source?.type, 'ETW')
    assert.equal(source.providers.length, 13)
    assert.deepEqual(source.providers[0], { providerName: 'microsoft.windows.hyperv.compute', level: 'Information' })
  })

  it('a provider of the caller’s takes the place of a default one of its name, and GUIDs are there when asked for', () => {
    const providers = [
      { providerName: 'Microsoft.Windows.HyperV.Compute', level: 'Verbose', keywords: '0x1' },
      { providerName: 'Mine', providerGuid: 'g' },
    ]
    const sources = windowsLogSources({ providers, guids: true }).LogConfig.sources[0]?.providers ?? []
    assert.equal(sources.length, 14)
    assert.deepEqual(sources[0], {
      providerName: 'Microsoft.Windows.HyperV.Compute',
      providerGuid: '80ce50de-d264-4581-950d-abadeee0d340',
      level: 'Verbose',
      keywords: '0x1',
    })
    assert.deepEqual(sources.at(-1), { providerName: 'Mine', providerGuid: 'g', level: 'Information' })
    assert.deepEqual(windowsLogSources({ defaults: false }).LogConfig.sources[0]?.providers, [])
  })

  it('refuses what it does not know', () => {
    const refused = (path: string) => (error: unknown) => error instanceof InvalidConfigError && error.path === path
    assert.throws(() => windowsLogSources({ provider: [] } as object), refused('provider'))
    assert.throws(() => windowsLogSources({ providers: [{ name: 'x' } as never] }), refused('providers[0].name'))
  })

  it('a guest takes them and forwards', async () => {
    await using host = await Host.open({ threads: 1 })
    await using vm = await host.createVM('w', windows())
    await using guest = await host.createGuest(vm)
    await vm.start()
    await guest.createConnection()
    const settings = { RPCType: 'ModifyServiceSettings', Settings: windowsLogSources({ guids: true }) }
    await guest.modifyServiceSettings('LogForwardService', settings)
    await guest.modifyServiceSettings('LogForwardService', { RPCType: 'StartLogForwarding' })
    await vm.terminate()
  })
})
