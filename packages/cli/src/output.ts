// What a command prints: a table for people, JSON or lines of a format for programs.

import Table from 'cli-table3'
import { harmless } from './harmless.js'

export interface OutputOptions {
  /** One JSON document; a line of JSON each where the output is a stream. */
  json?: boolean
  /** Text with members in braces, such as '{Id} {State}'. */
  format?: string
}

export interface Column<T> {
  head: string
  of: (row: T) => string
}

/** Columns of the terminal; Infinity when it is none. */
export function terminalColumns(): number {
  return process.stdout.isTTY ? process.stdout.columns : Infinity
}

export function print(text: string): void {
  process.stdout.write(`${text}\n`)
}

export function printNote(text: string): void {
  process.stderr.write(`${text}\n`)
}

/** Entries of a list. */
export function printList<T extends object>(
  rows: readonly T[],
  columns: readonly Column<T>[],
  options: OutputOptions,
): void {
  if (options.json === true) return print(toJson(rows))
  if (options.format !== undefined) return rows.forEach((row) => printEntry(row, options))
  print(tableText(rows, columns, terminalColumns()))
}

/** One thing; `text` is what people read. */
export function printOne(value: object, text: () => string, options: OutputOptions): void {
  if (options.json === true || options.format !== undefined) printEntry(value, options)
  else print(text())
}

/** A line of a stream, or the one line of a thing. */
export function printEntry(value: object, { format }: OutputOptions): void {
  print(format === undefined ? toJson(value) : formatted(format, value))
}

function toJson(value: unknown): string {
  return JSON.stringify(value, (_name, member: unknown) => (typeof member === 'bigint' ? String(member) : member))
}

/** `{a.b}` is that member, an object as JSON, nothing when it is not there; `\t` and `\n` are what they mean. */
export function formatted(format: string, value: object): string {
  return format
    .replace(/\\t/g, '\t')
    .replace(/\\n/g, '\n')
    .replace(/\{([^{}]+)\}/g, (_whole, path: string) => {
      let found: unknown = value
      for (const name of path.split('.')) {
        found = typeof found === 'object' && found !== null ? (found as Record<string, unknown>)[name] : undefined
      }
      if (found === undefined || found === null) return ''
      return typeof found === 'object' ? toJson(found) : harmless(String(found as string))
    })
}

/** Columns without borders; where a terminal is too narrow for them, a few short lines for each entry. */
export function tableText<T>(rows: readonly T[], columns: readonly Column<T>[], width = Infinity): string {
  const table = new Table({
    head: columns.map(({ head }) => head),
    style: { head: [], border: [], compact: true, 'padding-left': 0, 'padding-right': 2 },
    chars: NO_BORDERS,
  })
  table.push(...rows.map((row) => columns.map(({ of }) => harmless(of(row)))))
  const text = table.toString().replace(/ +$/gm, '')
  const widest = Math.max(...text.split('\n').map((line) => line.length))
  if (widest <= width) return text
  return rows
    .map((row) => columns.map(({ head, of }) => `${head}: ${harmless(of(row))}`.slice(0, width)).join('\n'))
    .join('\n\n')
}

const NO_BORDERS = Object.fromEntries(
  [
    'top',
    'top-mid',
    'top-left',
    'top-right',
    'bottom',
    'bottom-mid',
    'bottom-left',
    'bottom-right',
    'left',
    'left-mid',
    'mid',
    'mid-mid',
    'right',
    'right-mid',
    'middle',
  ].map((name) => [name, '']),
)
