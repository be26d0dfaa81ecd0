// Parts of images made by hand: ELF files, kernel modules, programs that stand for tools.

import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'

/** A directory that is gone after the suite's tests. */
export function temporary(): () => string {
  let directory = ''
  before(async () => {
    directory = await mkdtemp('/tmp/uvm-image-test-')
  })
  after(() => rm(directory, { recursive: true, force: true }))
  return () => directory
}

/** An ELF file of these sections: name, type, bytes; `link` names the section of its strings. */
export function elf(sections: { name: string; type: number; bytes: Buffer; link?: string }[]): Buffer {
  const all = [
    { name: '', type: 0, bytes: Buffer.alloc(0) },
    ...sections,
    { name: '.shstrtab', type: 3, bytes: Buffer.alloc(0) },
  ]
  const names = all.map(({ name }) => name)
  const strings = Buffer.from(`${names.join('\0')}\0`)
  all[all.length - 1]!.bytes = strings
  const header = Buffer.alloc(64)
  header.write('\x7fELF\x02\x01\x01', 'latin1')
  const table = Buffer.alloc(all.length * 64)
  const body: Buffer[] = []
  let at = 64
  all.forEach((section, index) => {
    const linked = 'link' in section ? names.indexOf(section.link as string) : 0
    table.writeUInt32LE(strings.indexOf(`${section.name}\0`), index * 64)
    table.writeUInt32LE(section.type, index * 64 + 4)
    table.writeBigUInt64LE(BigInt(at), index * 64 + 24)
    table.writeBigUInt64LE(BigInt(section.bytes.length), index * 64 + 32)
    table.writeUInt32LE(linked, index * 64 + 40)
    body.push(section.bytes)
    at += section.bytes.length
  })
  header.writeBigUInt64LE(BigInt(at), 40)
  header.writeUInt16LE(all.length, 60)
  header.writeUInt16LE(all.length - 1, 62)
  return Buffer.concat([header, ...body, table])
}

/** A kernel module that says this of itself. */
export const kernelModule = (...says: string[]): Buffer =>
  elf([{ name: '.modinfo', type: 1, bytes: Buffer.from(`${says.join('\0')}\0`) }])

/** A program that needs these libraries. */
export function program(needed: string[], interpreter?: string): Buffer {
  const strings = Buffer.from(`\0${needed.join('\0')}\0`)
  const dynamic = Buffer.alloc((needed.length + 1) * 16)
  needed.forEach((name, index) => {
    dynamic.writeBigUInt64LE(1n, index * 16)
    dynamic.writeBigUInt64LE(BigInt(strings.indexOf(`${name}\0`, 1)), index * 16 + 8)
  })
  const loader = interpreter === undefined ? [] : [{ name: '.interp', type: 1, bytes: Buffer.from(`${interpreter}\0`) }]
  return elf([
    ...loader,
    { name: '.dynstr', type: 3, bytes: strings },
    { name: '.dynamic', type: 6, bytes: dynamic, link: '.dynstr' },
  ])
}

export async function put(path: string, content: string | Buffer): Promise<string> {
  await mkdir(dirname(path), { recursive: true })
  await writeFile(path, content)
  return path
}

/** A tool that is a shell script. */
export async function tool(directory: string, name: string, script: string): Promise<string> {
  const path = await put(join(directory, name), `#!/bin/sh\n${script}\n`)
  await chmod(path, 0o755)
  return path
}
