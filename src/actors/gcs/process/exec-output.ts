// Guest.exec: one command in the utility VM, with what it wrote. What goes beyond the bound is read and dropped, so that the command ends.

import { finished, Writable } from 'node:stream'
import { InvalidConfigError } from '../../../errors.js'
import { COUNT } from '../../../options/rows.js'
import { checkOptions, optionTable } from '../../../options/table.js'
import { isRecord } from '../../../protocol/json.js'
import { readArgument } from '../../arguments.js'
import type { CallOptions, CallSubject } from '../../mailbox/contract.js'
import type { ExecOutput, ExecRequest } from '../managers.js'
import { runInUVM, type ExecHost } from './exec.js'

const MAX_BYTES = 1024 * 1024

const OUTPUT_OPTIONS = optionTable<{ maxBytes?: number }>('request', { maxBytes: COUNT })

/** Keeps the first bytes of a stream, and hands everything on to the caller's own stream, when there is one. */
class Collector extends Writable {
  readonly #chunks: Buffer[] = []
  readonly #to: Writable | undefined
  readonly #forget: () => void
  #room: number
  #more: (() => void) | undefined
  isTruncated = false

  constructor(maxBytes: number, to: Writable | undefined) {
    // With a stream of the caller it takes one piece at a time: what waited here would be lost when the command ends.
    super(to === undefined ? {} : { highWaterMark: 1 })
    this.#room = maxBytes
    this.#to = to
    this.#forget =
      to === undefined
        ? () => undefined
        : finished(to, { readable: false }, (error) => {
            this.destroy(error ?? new Error('the stream for the output was ended'))
          })
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, callback: () => void): void {
    const kept = chunk.subarray(0, this.#room)
    this.#room -= kept.byteLength
    if (kept.byteLength > 0) this.#chunks.push(kept)
    if (kept.byteLength < chunk.byteLength) this.isTruncated = true
    if (this.#to === undefined || this.#to.write(chunk)) {
      callback()
      return
    }
    this.#more = callback
    this.#to.once('drain', callback)
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    this.#forget()
    if (this.#more !== undefined) this.#to?.off('drain', this.#more)
    callback(error)
  }

  get bytes(): Buffer {
    return Buffer.concat(this.#chunks)
  }
}

function refuseRequest(subject: CallSubject, request: unknown): never {
  throw new InvalidConfigError({ ...subject, path: 'request', secret: request, reason: 'expected an object' })
}

/** @throws as execInUVM */
export async function runForOutput(
  host: ExecHost,
  request: ExecRequest & { maxBytes?: number },
  options: CallOptions | undefined,
): Promise<ExecOutput> {
  const { subject } = host
  const given = readArgument(subject, 'request', (): typeof request =>
    isRecord(request) ? { ...request } : refuseRequest(subject, request),
  )
  const { maxBytes = MAX_BYTES, ...plain } = given
  checkOptions(subject, { maxBytes }, OUTPUT_OPTIONS)
  // What is no stream is left for the check of the request.
  const isStream = (to: Writable | undefined): boolean =>
    to === undefined || typeof (to as unknown as Partial<Writable> | null)?.write === 'function'
  const collectors = new Map<'stdout' | 'stderr', Collector>()
  const withOutput: ExecRequest = { ...plain }
  // A terminal has one output.
  for (const name of plain.terminal === true ? (['stdout'] as const) : (['stdout', 'stderr'] as const)) {
    if (!isStream(plain[name])) continue
    const collector = new Collector(maxBytes, plain[name])
    collectors.set(name, collector)
    withOutput[name] = collector
  }
  try {
    const exitCode = await runInUVM(host, withOutput, options)
    const [stdout, stderr] = [collectors.get('stdout'), collectors.get('stderr')]
    return {
      exitCode,
      stdout: stdout?.bytes ?? Buffer.alloc(0),
      stderr: stderr?.bytes ?? Buffer.alloc(0),
      truncated: stdout?.isTruncated === true || stderr?.isTruncated === true,
    }
  } finally {
    for (const collector of collectors.values()) collector.destroy()
  }
}
