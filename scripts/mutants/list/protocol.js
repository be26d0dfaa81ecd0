// The guest's bridge on the wire: frames, messages, and what may be kept of them.

import { inFile } from '../mutant.js'

const HOSTILE = [
  'test/actors/gcs/hostile.test.ts',
  'test/actors/gcs/connection/wire.test.ts',
  'test/actors/gcs/connection/handshake.test.ts',
]

export default [
  ...inFile('src/protocol/bridge/encode.ts', [
    {
      breaks: 'the line feed is not counted in the size',
      from: 'writeHeader(target, { type, size, id }, start)',
      to: 'writeHeader(target, { type, size: size - 1, id }, start)',
    },
  ]),
  ...inFile('src/protocol/bridge/folding.ts', [
    {
      breaks: 'a null takes back what another spelling gave',
      from: 'if (value[key] !== null || found === undefined) found = value[key]',
      to: 'found = value[key]',
    },
    {
      breaks: 'letter case counts',
      from: "=== '\\u017f' ? 's' : 'k')).toLowerCase()",
      to: "=== '\\u017f' ? 's' : 'k'))",
    },
    { breaks: 'a name that is given twice keeps its first place', from: 'members.delete(name)', to: '' },
  ]),
  ...inFile('src/protocol/bridge/frame-reader.ts', [
    {
      breaks: 'a chunk is held until the next one comes',
      from: 'this.#chunk = NOTHING\n    this.#at = 0',
      to: 'this.#at = this.#chunk.byteLength',
      equivalent: 'every frame comes out the same: 64 KiB of memory a connection, for as long as its guest is silent',
    },
    {
      breaks: 'a payload that comes in pieces begins anew with each',
      from: 'payload.set(rest, this.#payloadFill)',
      to: 'payload.set(rest, 0)',
    },

    {
      breaks: 'a header that comes in two pieces loses the first',
      from: 'this.#headerBytes.set(taken, this.#headerFill)',
      to: 'this.#headerBytes.set(taken, 0)',
    },
    {
      breaks: 'an end inside a header counts as an orderly one',
      from: "? 'boundary' : 'header'",
      to: "? 'boundary' : 'boundary'",
    },
  ]),
  ...inFile('src/protocol/bridge/header.ts', [
    {
      breaks: 'the answer to DumpStacks is bounded like others',
      from: "rpc === 'DumpStacks' ? MAX_STACKS_FRAME_BYTES : ",
      to: '',
    },
    { breaks: 'an answer may not quote a large request', from: ' + MOST_QUOTES * requestBytes', to: '' },
    {
      breaks: 'ids lose their upper half',
      from: 'isSmall ? Math.floor(low / TWO_TO_32) : Number(id >> UPPER_HALF)',
      to: '0',
    },
  ]),
  ...inFile('src/protocol/bridge/messages.ts', [
    { breaks: 'a text that is not UTF-8 is taken', from: 'fatal: true', to: 'fatal: false', tests: HOSTILE },
    { breaks: 'an activity id that is no GUID is taken', from: '&& !isGuid(activity)', to: '&& false', tests: HOSTILE },
    {
      breaks: 'a result in its unsigned form is refused',
      from: "'Result', -0x8000_0000, 0xffff_ffff) | 0\n  checkActivityId",
      to: "'Result', -0x8000_0000, 0x7fff_ffff) | 0\n  checkActivityId",
      tests: HOSTILE,
    },
    {
      breaks: 'a capability of another type is taken',
      from: 'for (const name of CAPABILITY_FLAGS) booleanIn(capabilities, what, name)',
      to: '',
      tests: HOSTILE,
    },
    {
      breaks: 'answers without GuestDefinedCapabilities are taken',
      from: 'if (defined === undefined) throw',
      to: 'if (false) throw',
      tests: HOSTILE,
    },
    {
      breaks: 'the trace context goes behind the members of the request',
      from: 'body.indexOf(BASE_END) + BASE_END.length',
      to: 'body.length - 1',
      tests: HOSTILE,
    },
    {
      breaks: 'records of another type are taken',
      from: '!Array.isArray(records) || !records.every(isRecord)',
      to: '!Array.isArray(records)',
      tests: HOSTILE,
    },
    {
      breaks: 'a pid of another type is taken',
      from: "ExecuteProcess: (body, what) => void integerIn(body, what, 'ProcessId', 0, 0xffff_ffff),",
      to: '',
      tests: HOSTILE,
    },
  ]),
  ...inFile('src/protocol/bridge/scrub-json.ts', [
    {
      breaks: 'an object of unknown members is gone into',
      from: 'if ((kind & IS_OPEN) !== 0 && depth < MAX_DEPTH)',
      to: 'if (depth < MAX_DEPTH)',
    },
    { breaks: 'an object keeps as many members as it has', from: ' || count >= MAX_ELEMENTS', to: '' },
    { breaks: 'an object of any depth is gone into', from: ' && depth < MAX_DEPTH', to: '' },
    {
      breaks: 'an array of unknown members is gone into',
      from: 'if ((kind & (IS_OPEN | KEEPS_TEXT)) !== 0) this.#array',
      to: 'if (kind >= 0) this.#array',
    },
    { breaks: 'what follows a document is kept', from: 'if (this.#at < this.text.length) throw new NotJson()', to: '' },
  ]),
  ...inFile('src/protocol/bridge/scrub.ts', [
    { breaks: 'an address keeps its signature', from: 'name.replace(/[?#].*$/s, (rest) => `${rest[0]}…`)', to: 'name' },
    {
      breaks: 'an address keeps its password',
      from: "bare.replace(/^([a-z][\\w+.-]*:[\\\\/]{2})[^\\\\/]*@/i, '$1…@')",
      to: 'bare',
    },

    { breaks: 'a quoted text is kept to its end', from: 'kept.length === text.length ? text : `${kept}…`', to: 'text' },

    {
      breaks: 'names of any length are kept',
      from: 'return value.length <= MAX_NAME ? withoutSignature(value) : undefined',
      to: 'return withoutSignature(value)',
    },
  ]),
]
