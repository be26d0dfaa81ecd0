// The archive that a kernel unpacks into its first file system ("newc" cpio). Owners are root, times are zero, entries come in the order
// of their names: the same files make the same archive.

/** One entry: a directory, a link, or a file; `mode` are the permission bits. */
export type ArchiveEntry =
  | { path: string; kind: 'directory'; mode?: number }
  | { path: string; kind: 'link'; target: string }
  | { path: string; kind: 'file'; bytes: Buffer; mode?: number }

const TYPE = { directory: 0o040000, link: 0o120000, file: 0o100000 } as const
const END = 'TRAILER!!!'

function padded(bytes: Buffer, size: number): Buffer {
  return Buffer.concat([bytes, Buffer.alloc((4 - (size % 4)) % 4)])
}

function* entry(number: number, path: string, mode: number, links: number, data: Buffer): Generator<Buffer> {
  const name = Buffer.from(`${path}\0`)
  const fields = [number, mode, 0, 0, links, 0, data.length, 0, 0, 0, 0, name.length, 0]
  const header = Buffer.from(`070701${fields.map((field) => field.toString(16).padStart(8, '0')).join('')}`)
  const head = Buffer.concat([header, name])
  yield padded(head, head.length)
  if (data.length > 0) yield padded(data, data.length)
}

/** The archive, in pieces. Directories on the way to an entry are added where they are missing. */
export function* archive(entries: Iterable<ArchiveEntry>): Generator<Buffer> {
  const all = new Map<string, ArchiveEntry>()
  for (const each of entries) {
    const path = each.path.replace(/^\/+/, '')
    const parts = path.split('/')
    for (let depth = 1; depth < parts.length; depth++) {
      const parent = parts.slice(0, depth).join('/')
      if (!all.has(parent)) all.set(parent, { path: parent, kind: 'directory' })
    }
    if (path !== '') all.set(path, { ...each, path })
  }
  let number = 1
  for (const path of [...all.keys()].sort()) {
    const each = all.get(path)!
    if (each.kind === 'directory')
      yield* entry(number++, path, TYPE.directory | (each.mode ?? 0o755), 2, Buffer.alloc(0))
    else if (each.kind === 'link') yield* entry(number++, path, TYPE.link | 0o777, 1, Buffer.from(each.target))
    else yield* entry(number++, path, TYPE.file | (each.mode ?? 0o644), 1, each.bytes)
  }
  yield* entry(0, END, 0, 1, Buffer.alloc(0))
}

/** The entries of an archive: what a check of an image reads. RangeError when it is damaged. */
export function* readArchive(bytes: Buffer): Generator<{ path: string; mode: number; bytes: Buffer }> {
  const field = (at: number, index: number): number =>
    Number.parseInt(bytes.toString('latin1', at + 6 + index * 8, at + 14 + index * 8), 16)
  const round = (at: number): number => at + ((4 - (at % 4)) % 4)
  for (let at = 0; at < bytes.length;) {
    if (bytes.toString('latin1', at, at + 6) !== '070701') throw new RangeError(`no entry at byte ${at} of the archive`)
    const [mode, size, length] = [field(at, 1), field(at, 6), field(at, 11)]
    const path = bytes.toString('utf8', at + 110, at + 110 + length - 1)
    if (path === END) return
    const data = round(at + 110 + length)
    if (data + size > bytes.length) throw new RangeError(`${path} is not whole in the archive`)
    yield { path, mode, bytes: bytes.subarray(data, data + size) }
    at = round(data + size)
  }
  throw new RangeError('the archive has no end')
}
