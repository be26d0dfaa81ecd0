// The two things that are read from ELF files (64 bits, little endian): a kernel module's .modinfo, and the libraries that a program
// names. Everything is checked against the file's size: a damaged file is an error, never a wrong answer.

const SECTION_STRINGS = 3
const SECTION_DYNAMIC = 6
const TAG_NEEDED = 1n
const DYNAMIC_ENTRY = 16
const SECTION_HEADER = 64

interface Section {
  name: string
  type: number
  link: number
  bytes: Buffer
}

/** A C string at a place of a buffer. */
function text(bytes: Buffer, at: number): string {
  const end = bytes.indexOf(0, at)
  return bytes.toString('latin1', at, end < 0 ? bytes.length : end)
}

function slice(file: Buffer, from: number, size: number): Buffer {
  if (!Number.isSafeInteger(from + size) || from + size > file.length)
    throw new RangeError('the file ends within a section')
  return file.subarray(from, from + size)
}

/** The sections of an ELF file; RangeError when it is none. */
function sections(file: Buffer): Section[] {
  if (file.length < 64 || file.readUInt32BE(0) !== 0x7f454c46 || file[4] !== 2 || file[5] !== 1) {
    throw new RangeError('no 64-bit ELF file')
  }
  const table = slice(file, Number(file.readBigUInt64LE(40)), file.readUInt16LE(60) * SECTION_HEADER)
  const read = (at: number): Section & { nameAt: number } => {
    const header = slice(table, at * SECTION_HEADER, SECTION_HEADER)
    const type = header.readUInt32LE(4)
    // A section of zeroes (8) has no bytes in the file.
    const size = type === 8 ? 0 : Number(header.readBigUInt64LE(32))
    const bytes = slice(file, size === 0 ? 0 : Number(header.readBigUInt64LE(24)), size)
    return { name: '', nameAt: header.readUInt32LE(0), type, link: header.readUInt32LE(40), bytes }
  }
  const all = Array.from({ length: table.length / SECTION_HEADER }, (_, at) => read(at))
  const names = all[file.readUInt16LE(62)]
  return all.map((section) => ({ ...section, name: names === undefined ? '' : text(names.bytes, section.nameAt) }))
}

/** What a kernel module says of itself: `depends`, `alias`, `name`, `license` and so on, each as often as it is there. */
export function moduleInfo(file: Buffer): Map<string, string[]> {
  const info = new Map<string, string[]>()
  const section = sections(file).find(({ name }) => name === '.modinfo')
  if (section === undefined) throw new RangeError('no kernel module: it has no .modinfo')
  for (const entry of section.bytes.toString('latin1').split('\0')) {
    const at = entry.indexOf('=')
    if (at > 0) info.set(entry.slice(0, at), [...(info.get(entry.slice(0, at)) ?? []), entry.slice(at + 1)])
  }
  return info
}

/** The libraries that a program or library needs, by name, and the interpreter that it asks for; none for a static one. */
export function neededLibraries(file: Buffer): string[] {
  const all = sections(file)
  const needed: string[] = []
  const interpreter = all.find(({ name }) => name === '.interp')
  if (interpreter !== undefined) needed.push(text(interpreter.bytes, 0))
  for (const { type, link, bytes } of all) {
    const strings = all[link]
    if (type !== SECTION_DYNAMIC || strings?.type !== SECTION_STRINGS) continue
    for (let at = 0; at + DYNAMIC_ENTRY <= bytes.length; at += DYNAMIC_ENTRY) {
      if (bytes.readBigUInt64LE(at) === TAG_NEEDED)
        needed.push(text(strings.bytes, Number(bytes.readBigUInt64LE(at + 8))))
    }
  }
  return needed
}
