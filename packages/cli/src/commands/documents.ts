// uvmctl doc, trace: documents and recordings, without any service.

import type { Command } from 'commander'
import { readFile } from 'node:fs/promises'
import { lcowBuilder, wcowBuilder } from 'uvm-actors'
import { decodeRecording, isRecord, RecordingFileError, recordingLines, type RecordedFrame } from 'uvm-actors/tools'
import { connectOrStart } from '../connection.js'
import { documentProblems, placeOf, readJsonFile } from '../document-file.js'
import { EXIT, ExitWith, UsageError } from '../exit-codes.js'
import { print, printEntry, printNote } from '../output.js'
import { OWNER } from '../service.js'
import { withDirectory, withOutput, type CommonOptions, type PrintOptions } from './options.js'

export function addDocuments(program: Command): void {
  withDirectory(
    program
      .command('doc')
      .summary('check and print a document')
      .description(
        'Checks a ComputeSystem document, says each mistake with its place, and prints it. With --template it prints one to start from.',
      )
      .argument('[file]', "the document; '-' reads standard input")
      .option('--template <kind>', "'lcow' or 'wcow': what hcsshim gives such a VM")
      .option('--quiet', 'check only')
      .option('--dry-run', 'have the service judge it too: the VM is made, not started, and removed'),
  )
    .addHelpText(
      'after',
      '\nExamples:\n  uvmctl doc vm.json\n  uvmctl doc --template lcow > vm.json\n  uvmctl doc --dry-run vm.json',
    )
    .action(async (file: string | undefined, options: DocOptions) => doc(file, options))
  withOutput(
    program
      .command('trace')
      .summary('print the recording of a guest connection')
      .description(
        'Prints a recording of the flight recorder. Secrets are not in it: they were left out when it was made.',
      )
      .argument('<file>', 'of guest.saveRecording, or of a connection that broke')
      .option('--type <name>', 'frames of that call only, such as ExecuteProcess')
      .option('--id <id>', 'frames with that id only')
      .option('--since <ms>', 'from so many milliseconds after the connection began', Number)
      .option('--until <ms>', 'until then', Number),
  ).action(trace)
}

/** To be replaced by whoever starts from it. */
const WCOW_FILES = { osFiles: 'C:\\layers\\base\\UtilityVM\\Files', scratchPath: 'C:\\scratch\\uvm.vhdx' }

interface DocOptions extends CommonOptions {
  template?: string
  quiet?: boolean
  dryRun?: boolean
}

async function doc(file: string | undefined, options: DocOptions): Promise<void> {
  const { template } = options
  if ((file === undefined) === (template === undefined)) throw new UsageError('doc: expected a file, or --template')
  if (template !== undefined) {
    if (template !== 'lcow' && template !== 'wcow') throw new UsageError("--template: expected 'lcow' or 'wcow'")
    const builder = template === 'lcow' ? lcowBuilder(OWNER) : wcowBuilder(OWNER, WCOW_FILES)
    return print(JSON.stringify(builder.toDocument(), null, 2))
  }
  const document = await readJsonFile(file!)
  const problems = isRecord(document)
    ? documentProblems(document, true)
    : [{ path: '$', problem: 'expected an object' }]
  for (const problem of problems) printNote(`${file}: ${placeOf(problem)}: ${problem.problem}`)
  if (problems.length > 0) throw new ExitWith(EXIT.unusable)
  if (options.dryRun === true) {
    const client = await connectOrStart(options)
    const id = `dry-run-${process.pid}`
    await client.create({ id, document: document as never, start: false })
    await client.remove(id, true)
  }
  if (options.quiet !== true) print(JSON.stringify(document, null, 2))
}

interface TraceOptions extends PrintOptions {
  type?: string
  id?: string
  since?: number
  until?: number
}

async function trace(file: string, options: TraceOptions): Promise<void> {
  const { type, id, since = -Infinity, until = Infinity } = options
  for (const [name, value] of Object.entries({ since, until }))
    if (Number.isNaN(value)) throw new UsageError(`--${name}: expected milliseconds`)
  const bytes = await readFile(file).catch((error: NodeJS.ErrnoException) => {
    throw new UsageError(`${file}: ${error.code === 'ENOENT' ? 'there is no such file' : error.message}`)
  })
  let recording
  try {
    recording = decodeRecording(bytes)
  } catch (error) {
    if (!(error instanceof RecordingFileError)) throw error
    throw new UsageError(`${file}: ${error.message}`)
  }
  // Head lines, then one a frame, in the same order.
  const lines = recordingLines(recording)
  const heads = lines.length - recording.frames.length
  const asJson = options.json === true || options.format !== undefined
  if (!asJson) for (const line of lines.slice(0, heads)) print(line)
  recording.frames.forEach((frame, at) => {
    const line = lines[heads + at]!
    if (!fits(frame, line, { id, type, since, until })) return
    if (asJson) printEntry(frame, options)
    else print(line)
  })
}

function fits(
  frame: RecordedFrame,
  line: string,
  { id, type, since, until }: { id: string | undefined; type: string | undefined; since: number; until: number },
): boolean {
  if (frame.at < since || frame.at > until) return false
  if (id !== undefined && String(frame.id) !== id) return false
  return type === undefined || new RegExp(`(->|<-) ${type.replace(/[^A-Za-z]/g, '')}\\b`, 'i').test(line)
}
