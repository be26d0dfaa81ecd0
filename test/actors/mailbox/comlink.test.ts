// An object made by plain Comlink.wrap works against every kind of actor: VM, guest, service.

import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { releaseProxy, wrap, type Endpoint, type Remote } from 'comlink'
import nodeEndpoint from 'comlink/dist/esm/node-adapter.mjs'
import type { MessagePort } from 'node:worker_threads'
import type { ActorEnvironment } from '#dist/actors/environment.js'
import type { GuestRequests } from '#dist/actors/gcs/contract.js'
import { startGuestActor } from '#dist/actors/gcs/actor.js'
import { newChannel } from '#dist/actors/mailbox/channel.js'
import type { ActorApi, Outcome, RequestMap } from '#dist/actors/mailbox/contract.js'
import { startServiceActor } from '#dist/actors/service-actor.js'
import type { ServiceRequests } from '#dist/actors/threads/contract.js'
import { startVmActor } from '#dist/actors/vm/actor.js'
import type { VmRequests } from '#dist/actors/vm/contract.js'
import { UnixSocketTransport } from '#dist/native/unix-socket/transport.js'
import { failure, FakeProvider, holding } from '../../fakes/provider.js'
import { environment } from '../../fakes/vm.js'
import { RUNTIME_ID } from '../../fakes/guest.js'

/** Both ways to give Comlink a port of Node.js. */
const ADAPTERS: Record<string, (port: MessagePort) => Endpoint> = {
  'its adapter for Node.js': nodeEndpoint,
  'the bare port': (port) => port as unknown as Endpoint,
}

function ok<T>(outcome: Outcome<T>): T {
  return 'ok' in outcome ? outcome.ok : assert.fail(outcome.error.message)
}

function remoteOf<R extends RequestMap<R>>(
  port: MessagePort,
  adapt: (port: MessagePort) => Endpoint,
): Remote<ActorApi<R>> {
  return wrap<ActorApi<R>>(adapt(port))
}

for (const [adapter, adapt] of Object.entries(ADAPTERS)) {
  describe(`plain Comlink through ${adapter}`, () => {
    it('a VM actor: create, change, fail, end', async () => {
      const provider = new FakeProvider()
      const env = environment(provider)
      const { local, remote } = newChannel()
      const { ended } = startVmActor(remote, env)
      const actor = remoteOf<VmRequests>(local, adapt)
      const attached = ok(await actor.create({ id: 'vm', document: '{}', shutdownOptions: '{}', queueLimit: 10 }))
      assert.equal(attached.runtimeId, 'aaaaaaaa-0000-0000-0000-000000000001')
      ok(await actor.start({ options: '' }))
      const modify = { request: '{"ResourcePath":"x"}', op: 'vm.x', path: 'x' }
      for (const answer of await Promise.all([actor.modify(modify), actor.modify(modify)])) ok(answer)
      provider.script = () => failure(0x8037_0105)
      const refused = await actor.pause({ options: '' })
      assert('error' in refused)
      assert.equal(refused.error.name, 'HcsError')
      assert.equal(refused.error.fields['hresult'], 0x8037_0105)
      provider.script = holding()
      assert.deepEqual(provider.names().slice(-4), ['start', 'modify', 'modify', 'pause'])
      ok(await actor.stop())
      await ended
      assert.equal(provider.openHandles, 0)
      actor[releaseProxy]()
    })

    it('a VM actor: a cancel by number reaches the call it names', async () => {
      const provider = new FakeProvider(holding('modify'))
      const { local, remote } = newChannel()
      const { ended } = startVmActor(remote, environment(provider))
      const actor = remoteOf<VmRequests>(local, adapt)
      ok(await actor.create({ id: 'vm', document: '{}', shutdownOptions: '{}', queueLimit: 10 }))
      const modify = { request: '{}', op: 'vm.x', path: 'x' }
      const first = actor.modify(modify, { call: 1 })
      const second = actor.modify(modify, { call: 2 })
      const held = await provider.next('modify')
      await actor.cancel(2, 'abort')
      ok(await second)
      held.resolve()
      ok(await first)
      assert.equal(provider.names().filter((name) => name === 'modify').length, 1)
      ok(await actor.stop())
      await ended
    })

    it('a guest actor: arm, ask, refuse, end', async () => {
      const directory = await mkdtemp('/tmp/cml-')
      const env: ActorEnvironment = {
        ...environment(new FakeProvider()),
        transport: new UnixSocketTransport(directory),
      }
      const { local, remote } = newChannel()
      const init = {
        vmId: 'vm',
        runtimeId: RUNTIME_ID,
        guestOS: 'linux',
        serviceId: '40000000-facb-11e6-bd58-64006a7986d3',
        entropy: false,
        log: false,
        requestTimeoutMs: 1000,
        onRequestTimeout: 'reject',
        modifyConcurrency: 4,
      } as const
      const { ended } = startGuestActor(remote, init, env)
      const actor = remoteOf<GuestRequests>(local, adapt)
      ok(await actor.arm({}))
      assert.equal(ok(await actor.negotiated({})), undefined)
      const refused = await actor.dumpStacks({})
      assert('error' in refused)
      assert.equal(refused.error.name, 'GuestConnectionUnavailableError')
      ok(await actor.stop())
      await ended
      assert.equal(env.gauges.sockets, 0)
      await rm(directory, { recursive: true })
    })

    it('the service actor: enumerate and refuse', async () => {
      const { local, remote } = newChannel()
      const { ended } = startServiceActor(remote, environment(new FakeProvider()))
      const actor = remoteOf<ServiceRequests>(local, adapt)
      assert.equal(ok(await actor.enumerate({ query: '' })), '[]')
      const refused = await actor.grantAccess({ vmId: 'vm', path: 'C:\\x' })
      assert('error' in refused)
      assert.equal(refused.error.name, 'ProviderUnavailableError')
      ok(await actor.stop())
      await ended
    })

    it('an actor ends when the client lets go of its port', async () => {
      const provider = new FakeProvider()
      const { local, remote } = newChannel()
      const { ended } = startVmActor(remote, environment(provider))
      const actor = remoteOf<VmRequests>(local, adapt)
      ok(await actor.create({ id: 'vm', document: '{}', shutdownOptions: '{}', queueLimit: 10 }))
      actor[releaseProxy]()
      local.close()
      await ended
      assert.equal(provider.openHandles, 0)
    })
  })
}
