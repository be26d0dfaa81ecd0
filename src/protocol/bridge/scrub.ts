// What may be kept of a message for people to read later: its shape, names and numbers, but nothing that somebody would want to keep secret.
//
// Names are matched as the bridge matches them. By what is allowed, not by what is forbidden: text stays only in members that name things (ids, types, paths), and the walk goes only into
// members known to hold such. Everything else, and every member a later version adds, becomes a note of its size: environment variables,
// annotations, arguments, command lines, policies, fragments, credential specs and cookies, mount options, registry values, stack dumps.
// Guests quote whole requests in their error texts: of those the size stays. Paths may be addresses with a signature or a password in them,
// which go.
//
// Here is what is known of names and texts; scrub-json.ts goes over a message, once.

import { foldName } from './folding.js'
import type { RpcName } from './header.js'

/** Requests whose schema holds nothing but names and numbers: as the host writes them they may be kept whole. */
export const PLAIN_REQUESTS: ReadonlySet<RpcName> = new Set<RpcName>([
  'Start',
  'ShutdownGraceful',
  'ShutdownForced',
  'WaitForProcess',
  'SignalProcess',
  'ResizeConsole',
  'GetProperties',
  'NegotiateProtocol',
  'DumpStacks',
  'DeleteContainerState',
  'LifecycleNotification',
])

/** Text that is kept. */
const NAMES = words(
  `ContainerId ActivityId traceparent RequestType ResourceType ResourcePath PropertyType PropertyTypes RPCType Type Operation SystemType
  RuntimeOsType State ExitType ContainerID ContainerRootPath ScratchPath ScratchDirPath OciBundlePath MountPath ShareName HostPath
  ContainerPath Path PathType Cache CimName VolumeGUID VMBusGUID Filesystem FilterType EnforcerType MediaType LocalAddress ParentAddress
  AdapterId NamespaceID Namespace Id ID MacAddress IPAddress IpAddress DestinationPrefix NextHop WorkingDirectory cwd path type ociVersion
  StdIn StdOut StdErr Signal IsolationType ImageName ModuleName FileName FunctionName SystemGUID RuntimeId`,
)

/** Members that are gone into, whatever they are: an object, an array of objects, or a document carried as text. */
const OPEN = words(
  `Request Settings ContainerConfig ProcessParameters Query Properties ResultInfo otsc Options VsockStdioRelaySettings StdioRelaySettings
  Capabilities GuestDefinedCapabilities SupportedSchemaVersions SchemaVersion ErrorRecords CombinedLayers Layers BlockCIMs MappingInfo
  IPConfigs IpConfigurations Routes Linux Windows memory cpu OciSpecification OciProcess Spec CWCOWHostedSystem process root linux namespaces
  user consoleSize ConsoleSize Container Storage MappedDirectories Networking Memory Processor ProcessList`,
)

/** Documents carried as text. */
const NESTED = words('ContainerConfig ProcessParameters Query Properties ResultInfo')

function words(text: string): readonly string[] {
  return text.split(/\s+/)
}

/** What may be done with the value of a member. */
export const KEEPS_TEXT = 1
export const IS_OPEN = 2
export const HOLDS_DOCUMENT = 4

/** The kinds of all names that have one, by folded name. */
const KINDS = new Map<string, number>()
for (const [names, kind] of [
  [NAMES, KEEPS_TEXT],
  [OPEN, IS_OPEN],
  [NESTED, HOLDS_DOCUMENT],
] as const) {
  for (const name of names) KINDS.set(foldName(name), (KINDS.get(foldName(name)) ?? 0) | kind)
}

/** Every name that has one, as the schema spells it: nearly all come so. */
export const KNOWN_NAMES: readonly string[] = [...NAMES, ...OPEN, ...NESTED]

/** Longer than any name that has a kind: not worth a look. */
const LONGEST = Math.max(...[...KINDS.keys()].map((name) => name.length))

/** However it is spelt; 0 for a name that is not known. */
export function kindOfMember(name: string): number {
  return name.length > LONGEST ? 0 : (KINDS.get(foldName(name)) ?? 0)
}

/** Words of a text of ours before anything that may have been quoted into it. */
const UNQUOTED = /^[^{}[\]"'`=<>\r\n]{0,160}/
/** Longest name or path that is kept, characters. */
const MAX_NAME = 256

/** The beginning of a text of ours that may quote anything. */
export function scrubText(text: string): string {
  const kept = UNQUOTED.exec(text)?.[0] ?? ''
  return kept.length === text.length ? text : `${kept}…`
}

/** A name or a path that may be kept; undefined when it is too long. */
export function keptName(value: string): string | undefined {
  return value.length <= MAX_NAME ? withoutSignature(value) : undefined
}

/** What an address lets in whoever has it: the query and the fragment (a SAS signature), a user and a password before the host. */
function withoutSignature(name: string): string {
  const bare = name.replace(/[?#].*$/s, (rest) => `${rest[0]}…`)
  return bare.replace(/^([a-z][\w+.-]*:[\\/]{2})[^\\/]*@/i, '$1…@')
}
