// Who may import whom: the one table of the layers, held by scripts/imports.js. What a zone does not list it does not see, and every
// file has a zone.

/**
 * @typedef {object} Zone
 * @property {string} path expression over paths from the root of the repository; a file belongs to the first zone that fits
 * @property {string[]} sees zones besides its own
 * @property {string[]} [packages] of npm
 * @property {string[] | '*'} [core] modules of Node.js; types may be taken from every one. Absent: not even types
 * @property {string} why
 */

/** What knows neither time, nor chance, nor this system, nor another thread. */
const QUIET = ['events', 'stream']
const PURE = ['hresult', 'errors', 'protocol', 'options', 'checks']
const NATIVE = [
  'native',
  'files',
  'ownFiles',
  'windows',
  'sockets',
  'serviceProcess',
  'simulated',
  'simulatedEdge',
  'qemu',
]
const ACTORS = ['journal', 'contracts', 'hearts', 'rooms', 'edges', 'threads', 'actors']

/** @type {Record<string, Zone>} */
export const ZONES = {
  hresult: { path: '^src/protocol/(hresult|text)\\.ts$', sees: [], why: 'the errors stand on it' },
  errors: { path: '^src/(errors(-[a-z]+)*|predicates)\\.ts$', sees: ['hresult'], why: 'everything sees the errors' },
  protocol: {
    path: '^src/protocol/',
    sees: ['hresult', 'errors'],
    packages: ['lossless-json'],
    why: 'the protocol is pure: no Node.js API, nothing from the layers above',
  },
  options: {
    path: '^src/options/',
    sees: ['hresult', 'errors', 'protocol'],
    why: 'options are checked in every layer',
  },
  builder: { path: '^src/builder/', sees: PURE, why: 'the builder is pure: it sees the protocol only' },
  files: {
    path: '^src/native/private-file\\.ts$',
    sees: PURE,
    core: '*',
    why: 'files of this system, written for their user alone',
  },
  ownFiles: {
    path: '^src/native/own-file\\.ts$',
    sees: PURE,
    core: '*',
    why: 'where the files of this library are',
  },
  native: {
    path: '^src/native/[^/]+\\.ts$',
    sees: PURE,
    core: QUIET,
    why: 'the contracts of the native layer know none of its bindings',
  },
  sockets: {
    path: '^src/native/(remote|unix-socket)/',
    sees: [...PURE, 'native'],
    // For flock, which Node.js has not.
    packages: ['koffi'],
    core: '*',
    why: 'native',
  },
  serviceProcess: {
    path: '^src/native/service-process/',
    sees: [...PURE, 'native', 'ownFiles', 'sockets'],
    packages: ['koffi', 'msgpackr'],
    core: '*',
    why: 'a service process holds any provider: it knows none',
  },
  windows: {
    path: '^src/native/(computecore|hyperv-socket)/',
    sees: [...PURE, 'native', 'ownFiles', 'sockets'],
    packages: ['koffi'],
    core: '*',
    why: 'koffi is loaded by the bindings to libraries alone',
  },
  simulatedEdge: {
    path: '^src/native/simulated/(thread/|process/|((client|simulated-service)|devices/host-files|state/(saved-states|runtime-id)|guests/host-folder)\\.ts$)',
    sees: [...PURE, 'native', 'files', 'ownFiles', 'sockets', 'serviceProcess', 'simulated'],
    core: '*',
    why: 'the threads, files and ids of the system, which the simulated service has from here alone',
  },
  simulated: {
    path: '^src/native/simulated/',
    sees: [...PURE, 'native', 'sockets', 'simulatedEdge'],
    packages: ['msgpackr'],
    core: QUIET,
    why: 'a simulated service repeats: what differs from run to run is passed in',
  },
  qemu: {
    path: '^src/native/qemu/',
    sees: [...PURE, 'native', 'files', 'ownFiles', 'sockets', 'serviceProcess', 'simulated', 'simulatedEdge'],
    packages: ['msgpackr'],
    core: '*',
    why: 'processes, files and sockets of this system; documents, states and handles are those of the strict service',
  },
  contracts: {
    path: '^src/actors/(vm|gcs|mailbox|threads)/contract\\.ts$',
    sees: [...PURE, 'native', 'hearts', 'rooms', 'edges', 'actors'],
    core: [],
    why: 'what actors and their proxies say to each other',
  },
  checks: {
    path: '^src/actors/arguments\\.ts$',
    sees: [...PURE, 'contracts'],
    why: 'arguments are checked everywhere',
  },
  hearts: {
    path: '^src/actors/(vm/(queue|exit|lifecycle)|gcs/(connection/(bridge(-contract)?|outstanding|deadlines|handshake|request-ids|restore)|process/signals|resource/modify-gate))\\.ts$',
    sees: [...PURE, 'contracts'],
    why: 'a heart of an actor does no I/O: bytes and events in, effects out',
  },
  edges: {
    path: '^src/actors/mailbox/(trace-context|channel)\\.ts$',
    sees: [...PURE, 'native', 'contracts', 'hearts', 'rooms', 'actors'],
    packages: ['@opentelemetry/api'],
    core: '*',
    why: 'channels and tracing, which the rooms have from here alone',
  },
  rooms: {
    path: '^src/actors/(vm|gcs|mailbox|supervision)/',
    sees: [...PURE, 'native', 'contracts', 'hearts', 'edges', 'actors'],
    packages: ['comlink', 'msgpackr'],
    core: QUIET,
    why: 'actors and their proxies know no binding, and repeat: what differs from run to run is passed in',
  },
  journal: {
    path: '^src/actors/journal/',
    sees: [...PURE, 'native'],
    why: 'what a journal says and how it is kept is pure: the file and the clock are passed in',
  },
  threads: {
    path: '^src/actors/threads/',
    sees: [...PURE, 'native', 'files', 'ownFiles', 'contracts', 'rooms', 'edges', 'actors'],
    packages: ['piscina'],
    core: '*',
    why: 'the wiring of the actor threads',
  },
  actors: {
    path: '^src/actors/[^/]+\\.ts$',
    sees: [...PURE, 'builder', ...NATIVE, 'contracts', 'rooms', 'edges', 'threads', 'journal'],
    packages: ['eventemitter3'],
    core: '*',
    why: 'the Host puts everything together, except for the command line',
  },
  simulation: {
    path: '^src/simulation/',
    sees: [...PURE, ...NATIVE, ...ACTORS],
    core: QUIET,
    why: 'a simulation repeats: it has neither files, nor sockets, nor threads of this system',
  },
  worker: {
    path: '^src/worker\\.ts$',
    sees: [...PURE, ...NATIVE, ...ACTORS],
    core: '*',
    why: 'what a bundler is given: all that runs in other threads',
  },
  index: {
    path: '^src/index\\.ts$',
    sees: [...PURE, 'builder', ...NATIVE, ...ACTORS, 'simulation'],
    why: 'the surface',
  },
  testing: {
    path: '^src/testing/',
    sees: [...PURE, 'builder', ...NATIVE, ...ACTORS, 'simulation'],
    core: QUIET,
    why: 'fakes stand for what the actors give, and run nothing of it',
  },
  control: {
    path: '^src/control/',
    sees: [...PURE, ...ACTORS, 'sockets', 'serviceProcess'],
    core: '*',
    why: 'control serves a Host that somebody has opened',
  },
  tools: {
    path: '^src/tools/',
    sees: [...PURE, 'builder', ...ACTORS, 'index'],
    packages: ['msgpackr'],
    core: '*',
    why: 'tools stand above all',
  },
  image: {
    path: '^packages/image/src/',
    sees: [],
    packages: ['uvm-actors'],
    core: '*',
    why: 'building an image needs tools of this machine, and of the library its errors alone',
  },
  cli: {
    path: '^packages/cli/src/',
    sees: [],
    packages: ['uvm-actors', 'uvm-actors-image', 'commander', 'cli-table3', 'log-update', 'zod'],
    core: '*',
    why: 'the command line uses what is published of the library',
  },
  ttrpc: {
    path: '^packages/ttrpc/src/',
    sees: [],
    packages: ['@bufbuild/protobuf'],
    core: '*',
    why: 'ttrpc is of use to others: it knows nothing of VMs',
  },
  containerd: {
    path: '^packages/containerd/src/',
    sees: [],
    packages: ['uvm-actors', 'uvm-ttrpc', '@bufbuild/protobuf'],
    core: '*',
    why: 'pods use what is published of the library',
  },
  peer: {
    path: '^test/peer/',
    sees: [],
    core: '*',
    why: 'the peer shares no code with the library, so that a mistake in one cannot hide in the other',
  },
  outside: {
    path: '^(test|bench|examples)/',
    sees: ['peer'],
    packages: ['*'],
    core: '*',
    why: 'tests, benchmarks and examples use what is built',
  },
}
