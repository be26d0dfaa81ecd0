// What changes a guest for good: its security policy; and what it does not survive.

import { NULL_ID } from '../peer/host.js'
import type { Row, Subject } from './subject.js'

const base64 = (text: string): string => Buffer.from(text).toString('base64')
const policy =
  (EncodedSecurityPolicy: string, EnforcerType = '') =>
  (guest: Subject) =>
    guest.modify('Add', 'SecurityPolicy', { EncodedSecurityPolicy, EnforcerType })
const fragment = (Fragment?: string) => (guest: Subject) => guest.modify('Add', 'SecurityPolicyFragment', { Fragment })

export const LAST_ROWS: readonly Row[] = [
  { id: 'policy: an enforcer that is unknown', run: policy('', 'standard') },
  { id: 'policy: not base64', run: policy('!', 'rego') },
  { id: 'policy: no Rego', run: policy(base64('{"allow_all":true}')) },
  { id: 'fragment: none', run: fragment() },
  { id: 'fragment: not COSE', run: fragment(base64('package fragment')) },
  { id: 'policy: an open door, after all that failed', run: policy('') },
  { id: 'policy: a second one', run: policy('') },
  {
    id: 'policy: a short id behind an open door',
    needs: 'disks',
    run: async (guest) => (await guest.create(['/bin/true'], {}, 'short'))[1],
  },
  {
    // Refused, but the scratch is laid over the root directory of a real agent, which can make no container after that.
    id: 'layers: without a root path',
    needs: 'disks',
    run: (guest) => {
      const layers = { ContainerID: 'x', ContainerRootPath: '', Layers: [{ Path: '/run/layers/base' }] }
      return guest.modify('Add', 'CombinedLayers', { ...layers, ScratchPath: '/run/scratch/base/rootless' })
    },
  },
]

export const BREAKS = 'the bridge breaks'

/** The request is not answered. */
const breaks =
  (ask: (guest: Subject) => Promise<unknown>) =>
  (guest: Subject): Promise<string> =>
    ask(guest).then(
      (answer) => `answered ${String(answer)}`,
      () => BREAKS,
    )

const without = (part: string) =>
  breaks((guest) => {
    const { OciSpecification: spec, ...document } = guest.document('x', ['/bin/true']) as { OciSpecification: object }
    return guest.createAs(
      'x',
      part === 'OciSpecification' ? document : { ...document, OciSpecification: { ...spec, [part]: undefined } },
    )
  })

export const FATAL_ROWS: readonly Row[] = [
  { id: 'fatal: a process without arguments', run: breaks((guest) => guest.start(NULL_ID, {})) },
  { id: 'fatal: an empty list of arguments', run: breaks((guest) => guest.start(NULL_ID, { CommandArgs: [] })) },
  { id: 'fatal: a command line of blanks', run: breaks((guest) => guest.start(NULL_ID, { CommandLine: '  ' })) },
  {
    id: 'fatal: a disk on controller 4',
    run: breaks((guest) => guest.modify('Add', 'MappedVirtualDisk', { MountPath: '/x', Controller: 4 })),
  },
  {
    id: 'fatal: a device of controller 4',
    run: breaks((guest) => guest.modify('Remove', 'SCSIDevice', { Controller: 4 })),
  },
  ...['OciSpecification', 'process', 'root', 'linux'].map((part) => ({
    id: `fatal: a container without ${part}`,
    run: without(part),
  })),
].map((row) => ({ ...row, isFatal: true }))
