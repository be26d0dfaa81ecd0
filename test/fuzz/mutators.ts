// What a fuzzed guest does with a request: each mutator makes the bytes that answer it, or that go out in place of an answer.

import { frame } from '../peer/peer.js'
import type { Random } from './random.js'

/** A request of the host that waits for its answer. */
export interface Target {
  readonly id: bigint
  /** Request type. */
  readonly type: number
}

export interface Mutator {
  readonly name: string
  /** Part of all frames, in thousandths. */
  readonly share: number
  /** The bytes that go out. None: silence. */
  make(target: Target, random: Random): Buffer
  /** Likely the end of the connection. */
  readonly isHarmful?: true
  /** The guest ends its stream behind them. */
  readonly ends?: true
}

/** Answers nothing; the call is given up and answered late. */
export const SILENCE = 'silence'

const NULL_ID = '00000000-0000-0000-0000-000000000000'

const OWN: Readonly<Record<number, (random: Random) => string>> = {
  0x10100501: (random) => `"ProcessId":${random.u32()}`,
  0x10100601: (random) => `"ExitCode":${random.u32()}`,
  0x10100901: () => '"Properties":"{\\"ProcessList\\":[{\\"ProcessId\\":1}]}"',
  0x10100c01: (random) => `"GuestStacks":${JSON.stringify('s'.repeat(random.below(300)))}`,
}

/** The name and a JSON text of the member that only this answer has. */
function ownMember(target: Target, random: Random): string {
  return OWN[target.type]?.(random) ?? '"Nothing":null'
}

function responseType(target: Target): number {
  return ((target.type & 0x0fff_ffff) | 0x2000_0000) >>> 0
}

function answer(target: Target, payload: string | Buffer, size?: number): Buffer {
  return frame(responseType(target), target.id, payload, size)
}

/** A legal answer, with room for more members. */
export function legal(target: Target, random: Random, more = ''): string {
  return `{"Result":0,"ActivityId":"${NULL_ID}",${ownMember(target, random)}${more}}`
}

function nest(random: Random, depth: number, isClosed: boolean): string {
  const [open, close] = random.pick([
    ['[', ']'],
    ['{"a":', '}'],
  ] as const)
  return open.repeat(depth) + (isClosed ? (open === '[' ? '' : '1') + close.repeat(depth) : '')
}

/** Legal in the end: the connection goes on. */
const HARMLESS: readonly Mutator[] = [
  { name: 'legal', share: 120, make: (target, random) => answer(target, legal(target, random)) },
  {
    name: 'failing result',
    share: 130,
    make: (target, random) => answer(target, `{"Result":${random.u32() - random.pick([0, 0x8000_0000])}}`),
  },
  {
    name: 'unknown members',
    share: 130,
    make: (target, random) =>
      answer(target, legal(target, random, `,"__proto__":${random.json()},"New":${random.json()}`)),
  },
  {
    name: 'white space',
    share: 80,
    make: (target, random) =>
      answer(target, ' \r\n\t'.repeat(random.below(40)) + legal(target, random) + '\n'.repeat(random.below(9))),
  },
  {
    name: 'type bits',
    share: 100,
    make: (target, random) => frame(0x2000_0000 + random.below(0x1000_0000), target.id, legal(target, random)),
  },
  {
    name: 'duplicate keys',
    share: 80,
    make: (target, random) =>
      answer(target, legal(target, random, `,"Result":${random.below(9)},"Result":0,"Result":-${random.below(9)}`)),
  },
  {
    name: 'long numbers',
    share: 80,
    make: (target, random) =>
      answer(target, legal(target, random, `,"N":${random.pick(['', '-'])}${'9'.repeat(15 + random.below(90))}`)),
  },
  {
    name: 'error records',
    share: 70,
    make: (target, random) =>
      answer(
        target,
        `{"Result":-1,"ErrorRecords":[{"Result":-1,"Message":${JSON.stringify('m'.repeat(random.below(900)))},"X":${random.json()}}]}`,
      ),
  },
  { name: SILENCE, share: 30, make: () => Buffer.alloc(0) },
]

/** Against the protocol, or very likely so. */
const HARMFUL: readonly Mutator[] = [
  {
    name: 'unknown id',
    share: 3,
    make: (target, random) => frame(responseType(target), random.u64() | (1n << 63n), legal(target, random)),
  },
  {
    name: 'answered twice',
    share: 3,
    make: (target, random) =>
      Buffer.concat([answer(target, legal(target, random)), answer(target, legal(target, random))]),
  },
  {
    name: 'size too small',
    share: 3,
    make: (target, random) => answer(target, legal(target, random), random.below(16)),
  },
  {
    name: 'size too large',
    share: 3,
    make: (target, random) => answer(target, '', 4_194_305 + random.below(0xffbf_0000)),
  },
  {
    name: 'direction',
    share: 3,
    make: (target, random) =>
      frame(
        (random.pick([0, 1, 4, 8, 15]) * 0x1000_0000 + (target.type & 0x0fff_ffff)) >>> 0,
        target.id,
        legal(target, random),
      ),
  },
  {
    name: 'cut off',
    share: 3,
    ends: true,
    make: (target, random) => {
      const whole = answer(target, legal(target, random))
      return whole.subarray(0, 1 + random.below(whole.length - 1))
    },
  },
  {
    name: 'JSON cut off',
    share: 3,
    make: (target, random) => {
      const text = legal(target, random)
      return answer(target, text.slice(0, random.below(text.length)))
    },
  },
  {
    name: 'bytes flipped',
    share: 5,
    make: (target, random) => {
      const bytes = answer(target, legal(target, random))
      for (let count = 0; count <= random.below(4); count++) {
        const at = random.below(bytes.length)
        bytes[at] = bytes[at]! ^ (1 << random.below(8))
      }
      return bytes
    },
  },
  { name: 'random payload', share: 3, make: (target, random) => answer(target, random.bytes(random.below(400))) },
  { name: 'random JSON', share: 3, make: (target, random) => answer(target, random.json()) },
  { name: 'random frame', share: 3, make: (_target, random) => random.bytes(16 + random.below(200)) },
  {
    name: 'deep nesting',
    share: 3,
    make: (target, random) => {
      const deep = nest(random, 129 + random.below(12_000), random.next() < 0.5)
      return answer(target, random.next() < 0.5 ? deep : `{"Result":0,"X":${deep}}`)
    },
  },
  {
    name: 'wrong member types',
    share: 3,
    make: (target, random) => {
      const name = random.pick([
        'Result',
        'ErrorMessage',
        'ErrorRecords',
        'ActivityId',
        'ProcessId',
        'ExitCode',
        'GuestStacks',
        'Properties',
      ])
      return answer(target, `{"Result":0,"${name}":${random.json(2)}}`)
    },
  },
  {
    name: 'nested document',
    share: 3,
    make: (target, random) =>
      answer(
        target,
        `{"Result":0,"Properties":${JSON.stringify(random.pick([nest(random, 12_000, true), '', '{', random.json()]))}}`,
      ),
  },
  {
    name: 'notifications',
    share: 3,
    make: (_target, random) => {
      const text = `{"ContainerId":${JSON.stringify(random.pick(['c', 'd', '']))},"ActivityId":"${NULL_ID}","Type":"ForcedExit","Result":${random.pick(['0', 'null', '"0"'])},"ResultInfo":${random.pick(['null', '"{}"', '""', '7'])}}`
      return frame(random.pick([0x3010_0101, 0x3010_0101, 0x3010_0201]), 0n, text)
    },
  },
  {
    name: 'flood',
    share: 3,
    make: (target, random) => {
      const one = random.pick([answer(target, legal(target, random)), frame(0x3010_0101, 0n, '{"ContainerId":"c"}')])
      return Buffer.concat(Array.from({ length: 200 }, () => one))
    },
  },
]

export const MUTATORS: readonly Mutator[] = [
  ...HARMLESS,
  ...HARMFUL.map((mutator) => ({ ...mutator, isHarmful: true }) as const),
]
