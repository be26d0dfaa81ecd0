// The fleet engine: takes every VM of a plan through its whole life, all of them at once.
//
// A VM that fails is torn down like any other, and the others go on.

import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Writable } from 'node:stream'
import type { CallOptions, Guest, Host, UtilityVM } from 'uvm-actors'
import { guestArity, vmArity, type PlannedCall } from 'uvm-actors/tools'
import { LineSplitter } from '../lines.js'
import type { PlannedCommand, VmPlan } from './file.js'
import type { CommandReport, FleetObserver, FleetReport, VmReport } from './report.js'

/** Output kept for the report, characters a stream; all of it is streamed. */
const KEPT_OUTPUT = 64 * 1024

/** Runs all plans to their end. Never rejects: what fails is in the report. */
export async function runFleet(
  host: Host,
  plans: readonly VmPlan[],
  observer: FleetObserver,
  signal?: AbortSignal,
): Promise<FleetReport> {
  const startedMs = performance.now()
  const vms = await Promise.all(plans.map((plan) => new VmRun(host, plan, observer, signal).run()))
  const ok = vms.filter((vm) => vm.ok).length
  const { threads } = await host.stats()
  return {
    vms,
    summary: {
      vms: vms.length,
      ok,
      failed: vms.length - ok,
      commands: vms.reduce((sum, vm) => sum + vm.commands.length, 0),
      ms: Math.round(performance.now() - startedMs),
      threads: threads.actors,
    },
  }
}

class VmRun {
  readonly #report: VmReport
  readonly #startedMs = performance.now()
  readonly #options: CallOptions

  constructor(
    readonly host: Host,
    readonly plan: VmPlan,
    readonly observer: FleetObserver,
    signal: AbortSignal | undefined,
  ) {
    this.#options = signal === undefined ? {} : { signal }
    const { id, guestOS } = plan
    this.#report = { id, guestOS, ok: false, totalMs: 0, hostChanges: 0, guestChanges: 0, commands: [], saved: false }
  }

  #sinceMs(startMs: number): number {
    return Math.round(performance.now() - startMs)
  }

  async run(): Promise<VmReport> {
    const { id } = this.plan
    try {
      await this.#live()
      this.#report.ok = true
      this.observer.stage(id, 'done')
    } catch (error) {
      const { code = 'ERROR', message } = error as Error & { code?: string }
      this.#report.error = { code, message }
      this.observer.failed(id, error as Error)
      this.observer.stage(id, 'failed')
    }
    this.#report.totalMs = this.#sinceMs(this.#startedMs)
    return this.#report
  }

  async #live(): Promise<void> {
    const { id, guestOS, document } = this.plan
    this.observer.stage(id, 'booting')
    await using vm = await this.host.createVM(id, document, { guestOS, ...this.#options })
    await using guest = await this.host.createGuest(vm, this.#options)
    const failures: unknown[] = []
    const attempt = (work: Promise<void>): Promise<void> => work.catch((error: unknown) => void failures.push(error))
    await attempt(this.#use(vm, guest))
    this.observer.stage(id, 'stopping')
    await attempt(guest.closeConnection())
    await attempt(vm.terminate())
    if (failures.length > 0) throw firstOf(failures)
    this.#report.exitType = (await vm.wait()).exitType
  }

  async #use(vm: UtilityVM, guest: Guest): Promise<void> {
    const { id, host, guest: changes, run, saveAndResume } = this.plan
    const startMs = performance.now()
    await vm.start(this.#options)
    this.#report.startMs = this.#sinceMs(startMs)
    this.observer.stage(id, 'connecting')
    const connectMs = performance.now()
    await guest.createConnection(this.#options)
    this.#report.connectMs = this.#sinceMs(connectMs)
    this.observer.stage(id, 'changing')
    for (const call of host) {
      await this.#call(vm, call, vmArity(call.method))
      this.#report.hostChanges++
    }
    for (const call of changes) {
      await this.#call(guest, call, guestArity(call.method))
      this.#report.guestChanges++
    }
    this.observer.stage(id, 'running')
    for (const command of run) await this.#command(guest, command)
    if (saveAndResume) {
      this.observer.stage(id, 'saving')
      await this.#saveAndResume(vm)
    }
  }

  /** Options are a method's last argument, behind `arity` others. */
  async #call(target: UtilityVM | Guest, { method, args }: PlannedCall, arity: number): Promise<void> {
    // The file's method names were checked against the tables that define the methods.
    const methods = target as unknown as Record<string, (...args: unknown[]) => Promise<void>>
    const all = Array.from({ length: arity }, (_, index) => args[index])
    await methods[method]?.(...all, this.#options)
  }

  async #command(guest: Guest, command: PlannedCommand): Promise<void> {
    const { args, commandLine, stdin, expectExit } = command
    const startMs = performance.now()
    const stdout = new Captured((line) => this.observer.output(this.plan.id, 'stdout', line))
    const stderr = new Captured((line) => this.observer.output(this.plan.id, 'stderr', line))
    const exitCode = await guest.execInUVM(
      {
        ...(args === undefined ? {} : { args }),
        ...(commandLine === undefined ? {} : { commandLine }),
        ...(stdin === undefined ? {} : { stdin }),
        stdout,
        stderr,
      },
      this.#options,
    )
    const report: CommandReport = {
      command: commandLine ?? (args ?? []).join(' '),
      exitCode,
      expected: expectExit,
      ms: this.#sinceMs(startMs),
      stdout: stdout.finish(),
      stderr: stderr.finish(),
    }
    this.#report.commands.push(report)
    if (exitCode !== expectExit) {
      throw new Error(`the command ${JSON.stringify(report.command)} ended with ${exitCode}, expected ${expectExit}`)
    }
  }

  async #saveAndResume(vm: UtilityVM): Promise<void> {
    const file = join(tmpdir(), `uvm-fleet-${process.pid}-${vm.runtimeId}.vmrs`)
    try {
      await vm.pause(this.#options)
      await vm.save({ SaveType: 'ToFile', SaveStateFilePath: file }, this.#options)
      this.#report.saved = true
      await vm.resume(this.#options)
    } finally {
      await rm(file, { force: true })
    }
  }
}

/** The failure itself; what failed in the teardown after it is told beside it. */
function firstOf(failures: unknown[]): unknown {
  const [first, ...more] = failures
  if (more.length === 0 || !(first instanceof Error)) return first
  const later = more.map((error) => (error instanceof Error ? error.message : String(error)))
  return Object.assign(first, { message: `${first.message} (and then: ${later.join('; ')})` })
}

/** Takes a command's output: told line by line, its beginning kept. */
class Captured extends Writable {
  readonly #lines: LineSplitter
  #kept = ''

  constructor(onLine: (line: string) => void) {
    super({ decodeStrings: true })
    this.#lines = new LineSplitter((line) => onLine(line))
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    const text = this.#lines.push(chunk)
    if (this.#kept.length < KEPT_OUTPUT) this.#kept = (this.#kept + text).slice(0, KEPT_OUTPUT)
    done()
  }

  /** Tells what stands after the last line feed. @returns the kept output */
  finish(): string {
    this.#lines.end()
    return this.#kept
  }
}
