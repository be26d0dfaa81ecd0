// Linux guests for a suite: one boots, in front of the first test, and all others start from it.

import assert from 'node:assert/strict'
import {
  Host,
  type ComputeSystem,
  type Guest,
  type QemuOptions,
  type QemuService,
  type UtilityVM,
} from '#dist/index.js'
import { assertNothingOpen } from './host.js'
import { guestDocument, guestImage, qemuDirectory, type Image, type QemuDirectory } from './qemu.js'

export const TEMPLATE = 'template'
/** More than any buffer on the way holds. */
export const OUTPUT = Array.from({ length: 20_000 }, (_, index) => `${index + 1}\n`).join('')

export interface Guests {
  readonly image: Image
  readonly directory: QemuDirectory
  readonly service: QemuService
  readonly host: Host
  /** A VM of the suite's own document, with its guest connected. */
  started(id: string, document: ComputeSystem): Promise<{ vm: UtilityVM; guest: Guest }>
  /** A VM of the template, for one test. */
  clone(id: string, work: (vm: UtilityVM, guest: Guest) => Promise<void>): Promise<void>
  /** Pids of QEMU and its daemon. */
  pidsOf(vm: UtilityVM): Promise<{ qemu: number; daemon: number }>
}

/** The suite is skipped, with the reason, where there is no image. */
export function useGuests(options: QemuOptions = {}): Guests {
  let found: { image: Image; directory: QemuDirectory; service: QemuService; host: Host } | undefined
  const has = (): NonNullable<typeof found> => found ?? assert.fail('the suite has not begun')
  const guests: Guests = {
    get image() {
      return has().image
    },
    get directory() {
      return has().directory
    },
    get service() {
      return has().service
    },
    get host() {
      return has().host
    },
    started: async (id, document) => {
      const vm = await has().host.createVM(id, document)
      const guest = await has().host.createGuest(vm)
      await vm.start()
      await guest.createConnection({ timeoutMs: 300_000 })
      return { vm, guest }
    },
    clone: async (id, work) => {
      const document = guestDocument(has().image, { RestoreState: { TemplateSystemId: TEMPLATE } })
      const { vm, guest } = await guests.started(id, document)
      try {
        await work(vm, guest)
      } finally {
        await vm.terminate().catch(() => undefined)
        await guest.close()
        await vm.close()
      }
    },
    pidsOf: async (vm) => {
      const lines = await has().directory.commandLines()
      const of = (part: string): number =>
        [...lines].find(([, line]) => line.includes(vm.runtimeId) && line.includes(part))?.[0] ??
        assert.fail(`${vm.id} has no process with ${part}`)
      return { qemu: of('guest='), daemon: of('--uds-path') }
    },
  }
  before(async function () {
    const image = guestImage()
    if (typeof image === 'string') {
      console.log(`      no guests: ${image}`)
      this.skip()
    }
    const directory = await qemuDirectory({ vsockDaemon: image.daemon, ...options })
    const service = await directory.connect()
    const host = await Host.open({ provider: 'qemu', threads: 1, qemu: { service } })
    found = { image, directory, service, host }
    const document = guestDocument(image, {}, { ShouldTerminateOnLastHandleClosed: false })
    const { vm, guest } = await guests.started(TEMPLATE, document)
    await output(guest, 'echo template > /made-in')
    await guest.close()
    await vm.pause()
    await vm.save({ SaveType: 'AsTemplate' })
    await vm.close()
  })
  after(async () => {
    if (found === undefined) return
    const { host, service, directory } = found
    const template = await host.openVM(TEMPLATE).catch(() => undefined)
    await template?.terminate()
    await template?.close()
    await assertNothingOpen(host)
    await host.close()
    await service.close()
    await directory.remove()
  })
  return guests
}

/** What a line of shell says; it must end well. */
export async function output(guest: Guest, line: string): Promise<string> {
  const process = await guest.createProcess({ CommandArgs: ['sh', '-c', line], CreateStdOutPipe: true })
  let text = ''
  for await (const chunk of process.stdout!) text += String(chunk)
  assert.equal((await process.wait()).exitCode, 0, line)
  return text.trim()
}
