// Containers: what creating one refuses, its states, what runs in it, its end, pods.

import { HOST_TYPE } from '../peer/host.js'
import { needing, OK, oci, type ContainerChoices, type Row, type Subject } from './subject.js'

const SLEEP = ['/bin/sleep', '1000']
/** Ends with 12 when it is asked to. */
const OBEDIENT = ['/bin/sh', '-c', "trap 'exit 12' TERM; sleep 1000 & wait"]
const PROCESSES = { Query: '{"PropertyTypes":["ProcessList"]}' }
const LIMIT = { Linux: { memory: { limit: 134_217_728 } } }

const exec = (guest: Subject, id: string, args: string[], more: object = {}): Promise<string> =>
  guest.run(id, { OciProcess: oci(args, more) })

/** What comes of creating it. */
const created =
  (args: string[], choices: ContainerChoices = {}) =>
  async (guest: Subject): Promise<string> =>
    (await guest.create(args, choices))[1]

/** Something done to one whose init runs. */
const inside =
  (act: (guest: Subject, id: string, init: number) => Promise<string>, args = SLEEP, choices: ContainerChoices = {}) =>
  async (guest: Subject): Promise<string> => {
    const { id, init } = await guest.running(args, choices)
    return act(guest, id, init)
  }

/** Something done to one that has ended. */
const ended =
  (act: (guest: Subject, id: string) => Promise<string>) =>
  async (guest: Subject): Promise<string> =>
    act(guest, await guest.ended())

async function propertiesOf(guest: Subject, id: string): Promise<string> {
  const answer = await guest.bridge.call(HOST_TYPE.properties, { ContainerId: id, ...PROCESSES })
  return Object.keys(JSON.parse(String(answer.body['Properties'])) as object).join() || 'nothing'
}

const annotated = (type: string, sandbox?: string): object => ({
  annotations: {
    'io.kubernetes.cri.container-type': type,
    ...(sandbox && { 'io.kubernetes.cri.sandbox-id': sandbox }),
  },
})

const CREATION: readonly Row[] = [
  { id: 'create: a container', run: created(SLEEP) },
  {
    id: 'create: without a root file system',
    run: (guest) => guest.createAs('rootless', guest.document('rootless', SLEEP)),
  },
  { id: 'create: schema 1.0', run: created(SLEEP, { document: { SchemaVersion: { Major: 1, Minor: 0 } } }) },
  { id: 'create: a member of the wrong type', run: created(SLEEP, { document: { OciBundlePath: 7 } }) },
  { id: 'create: a host name', run: created(SLEEP, { spec: { hostname: 'web-1' } }) },
  { id: 'create: a host name that is none', run: created(SLEEP, { spec: { hostname: 'bad_host!' } }) },
  {
    id: 'create: a host name without a UTS name space',
    run: created(SLEEP, { spec: { hostname: 'web', linux: { namespaces: [{ type: 'pid' }, { type: 'mount' }] } } }),
  },
  { id: 'create: no /proc', run: created(SLEEP, { spec: { mounts: [] } }) },
  {
    id: 'create: a bind mount of what is missing',
    run: created(SLEEP, { mounts: [{ destination: '/x', type: 'bind', source: '/no/such', options: ['bind'] }] }),
  },
  { id: 'create: no such program', run: created(['/no/such/init']) },
  { id: 'create: a program by name without PATH', run: created(['sleep', '1'], { process: { env: [] } }) },
  { id: 'create: a program by path without PATH', run: created(SLEEP, { process: { env: [] } }) },
  { id: 'create: no arguments', run: created([]) },
  { id: 'create: an id with a slash', run: (guest) => guest.createAs('a/../b', guest.document('row', SLEEP)) },
  {
    id: 'create: an id that is taken',
    run: async (guest) => {
      const [id] = await guest.create(SLEEP)
      return guest.createAs(id, guest.document(id, SLEEP))
    },
  },
  { id: 'create: a kind that is unknown', run: created(SLEEP, { spec: annotated('bogus') }) },
  { id: 'create: in a pod that is not there', run: created(SLEEP, { spec: annotated('container', 'no-pod') }) },
  {
    id: 'create: a pod without its name space',
    run: created(SLEEP, {
      spec: { ...annotated('sandbox'), windows: { network: { networkNamespace: 'never-made' } } },
    }),
  },
]

const STATES: readonly Row[] = [
  {
    id: 'created: another process before init',
    run: async (guest) => exec(guest, (await guest.create(SLEEP))[0], ['/bin/echo', 'early']),
  },
  {
    id: 'created: ended by force, its exit, and its state deleted',
    run: async (guest) => {
      const [id] = await guest.create(SLEEP)
      const ended = await guest.call(HOST_TYPE.shutdownForced, id)
      // Time enough for a process to live and end beside it.
      await guest.unanswered(new Promise(() => undefined))
      const exit = guest.isTold(id) ? 'told' : 'untold'
      await guest.removeLayers(id)
      return `${ended}, ${exit}, ${await guest.call(HOST_TYPE.deleteState, id)}`
    },
  },
  { id: 'created: its processes', run: async (guest) => propertiesOf(guest, (await guest.create(SLEEP))[0]) },
  { id: 'running: another process', run: inside((guest, id) => exec(guest, id, ['/bin/sh', '-c', 'echo o; exit 9'])) },
  { id: 'running: no such program', run: inside((guest, id) => exec(guest, id, ['nosuch'])) },
  {
    id: 'running: a working directory that is missing',
    run: inside((guest, id) => exec(guest, id, ['/bin/pwd'], { cwd: '/no' })),
  },
  {
    id: 'running: a relative working directory',
    run: inside((guest, id) => exec(guest, id, ['/bin/pwd'], { cwd: 'tmp' })),
  },
  { id: 'running: no arguments', run: inside((guest, id) => exec(guest, id, [])) },
  {
    id: 'running: its name',
    run: inside((guest, id) => exec(guest, id, ['/bin/hostname']), SLEEP, { spec: { hostname: 'web' } }),
  },
  {
    id: 'running: an end by SIGTERM',
    run: inside(async (guest, id) => {
      const pid = await guest.start(id, { OciProcess: oci(SLEEP) })
      const sent = await guest.call(HOST_TYPE.signal, id, { ProcessId: pid, Options: { Signal: 15 } })
      return `${sent}, exit ${await guest.exitOf(id, Number(pid))}`
    }),
  },
  {
    id: 'running: a signal that is none',
    run: inside((guest, id, init) => guest.call(HOST_TYPE.signal, id, { ProcessId: init, Options: { Signal: 99 } })),
  },
  {
    id: 'running: the size of no terminal',
    run: inside((guest, id, init) => guest.call(HOST_TYPE.resize, id, { ProcessId: init, Height: 1, Width: 1 })),
  },
  { id: 'running: limits', run: inside((guest, id) => guest.modify('Update', 'ContainerConstraints', LIMIT, id)) },
  {
    id: 'running: limits of the wrong type',
    run: inside((guest, id) =>
      guest.modify('Update', 'ContainerConstraints', { Linux: { memory: { limit: 'x' } } }, id),
    ),
  },
  { id: 'running: its state deleted', run: inside((guest, id) => guest.call(HOST_TYPE.deleteState, id)) },
  {
    id: 'running: init once more, and a process after that',
    run: inside(async (guest, id) => {
      const again = await guest.start(id, {})
      return `${again}, ${await exec(guest, id, ['/bin/echo', 'alive'])}`
    }),
  },
  {
    id: 'running: its layers removed, and a process after that',
    run: inside(async (guest, id) => {
      const removed = await guest.removeLayers(id)
      return `${removed}, ${await exec(guest, id, ['/bin/echo', 'still'])}`
    }),
  },
]

const ENDS: readonly Row[] = [
  {
    id: 'end: a first process without a handler hears no SIGTERM, but SIGKILL',
    run: inside(async (guest, id, init) => {
      const asked = await guest.call(HOST_TYPE.shutdownGraceful, id)
      const after = await guest.exitOf(id, init, 200)
      await guest.call(HOST_TYPE.shutdownForced, id)
      return `${asked}, ${after}, exit ${await guest.exitOf(id, init)} ${await guest.notified(id)}`
    }),
  },
  {
    id: 'end: a first process with a handler',
    run: inside(async (guest, id, init) => {
      await exec(guest, id, ['/bin/true'])
      const asked = await guest.call(HOST_TYPE.shutdownGraceful, id)
      return `${asked}, exit ${await guest.exitOf(id, init)} ${await guest.notified(id)}`
    }, OBEDIENT),
  },
  {
    id: 'end: by itself',
    run: inside(
      async (guest, id, init) => `exit ${await guest.exitOf(id, init)} ${await guest.notified(id)}`,
      ['/bin/sh', '-c', 'exit 3'],
    ),
  },
  {
    id: 'end: what else ran',
    run: inside(async (guest, id) => {
      const pid = await guest.start(id, { OciProcess: oci(SLEEP) })
      await guest.call(HOST_TYPE.shutdownForced, id)
      return `exit ${await guest.exitOf(id, Number(pid))}`
    }),
  },
  { id: 'ended: another process', run: ended((guest, id) => exec(guest, id, ['/bin/true'])) },
  { id: 'ended: shut down', run: ended((guest, id) => guest.call(HOST_TYPE.shutdownForced, id)) },
  { id: 'ended: its processes', run: ended(propertiesOf) },
  { id: 'ended: limits', run: ended((guest, id) => guest.modify('Update', 'ContainerConstraints', LIMIT, id)) },
  { id: 'ended: started', run: ended((guest, id) => guest.call(HOST_TYPE.start, id)) },
  {
    id: 'ended: its state deleted twice',
    run: ended(async (guest, id) => {
      await guest.removeLayers(id)
      return `${await guest.call(HOST_TYPE.deleteState, id)}, ${await guest.call(HOST_TYPE.deleteState, id)}`
    }),
  },
  {
    id: 'ended: its state deleted with layers mounted',
    run: ended(
      async (guest, id) =>
        `${await guest.call(HOST_TYPE.deleteState, id)}, ${await guest.call(HOST_TYPE.deleteState, id)}`,
    ),
  },
  { id: 'unknown: another process', run: (guest) => exec(guest, 'nobody', ['/bin/true']) },
  { id: 'unknown: its state deleted', run: (guest) => guest.call(HOST_TYPE.deleteState, 'nobody') },
]

const POD: Row = {
  id: 'pod: what one container writes to sandbox:// the next one reads',
  needs: 'adapter',
  run: async (guest) => {
    const network = { windows: { network: { networkNamespace: guest.namespace } } }
    const [pod, made] = await guest.create(SLEEP, { spec: { ...network, ...annotated('sandbox') } })
    if (made !== OK) return made
    await guest.start(pod, {})
    const mounts = [{ destination: '/shared', type: 'bind', source: 'sandbox:///volume', options: ['rbind', 'rw'] }]
    const member = {
      mounts,
      spec: {
        ...annotated('container', pod),
        mounts: [{ destination: '/proc', type: 'proc', source: 'proc' }, ...mounts],
      },
    }
    const writer = await guest.running(['/bin/sh', '-c', 'echo written > /shared/file'], member)
    await guest.exitOf(writer.id, writer.init)
    const reader = await guest.running(SLEEP, member)
    return exec(guest, reader.id, ['/bin/cat', '/shared/file'])
  },
}

export const CONTAINER_ROWS = needing('disks', [...CREATION, ...STATES, ...ENDS, POD])
