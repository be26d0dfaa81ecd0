// Fakes of the manager interfaces, made from what the package exports and nothing else: what a program's own tests would write. They hold
// exactly the members that are documented, so that they stop compiling when an interface asks for more.

import type {
  Attachment,
  CallOptions,
  ContainerHandle,
  ExitStatus,
  GuestCapabilities,
  ExecOutput,
  GuestManager,
  GuestProcessHandle,
  LCOWMappedVirtualDisk,
  LCOWScsiManager,
  LifetimeManager,
  Properties,
  SCSIDevice,
  SCSIManager,
} from '#dist/index.js'

/** What was asked, in order, across all fakes of a test; and what must fail. */
export class Script {
  readonly log: string[] = []
  readonly #failures = new Map<string, Error>()

  fail(method: string, error: Error): void {
    this.#failures.set(method, error)
  }

  async run(method: string, ...args: unknown[]): Promise<void> {
    this.log.push([method, ...args.map((arg) => JSON.stringify(arg))].join(' '))
    const failure = this.#failures.get(method)
    if (failure !== undefined) throw failure
  }
}

export class FakeLifetime implements LifetimeManager {
  readonly id = 'fake'
  readonly runtimeId = '00000000-0000-0000-0000-00000000000f'
  readonly guestOS = 'linux'
  #exit: ExitStatus | undefined

  constructor(readonly script: Script) {}

  start(): Promise<void> {
    return this.script.run('start')
  }
  async terminate(): Promise<void> {
    await this.script.run('terminate')
    this.#exit = { status: 0, exitType: 'ForcedExit' }
  }
  shutdown(): Promise<void> {
    return this.script.run('shutdown')
  }
  close(): Promise<void> {
    return this.script.run('close')
  }
  pause(): Promise<void> {
    return this.script.run('pause')
  }
  resume(): Promise<void> {
    return this.script.run('resume')
  }
  save(): Promise<void> {
    return this.script.run('save')
  }
  async wait(): Promise<ExitStatus> {
    await this.script.run('wait')
    return this.#exit ?? { status: 0, exitType: 'GracefulExit' }
  }
  async propertiesV2(): Promise<Properties> {
    return {}
  }
  async propertiesV3(): Promise<Properties> {
    return {}
  }
  async startedTime(): Promise<Date | undefined> {
    return undefined
  }
  async stoppedTime(): Promise<Date | undefined> {
    return undefined
  }
  async exitError(): Promise<Error | undefined> {
    return undefined
  }
}

export class FakeSCSI implements SCSIManager {
  constructor(readonly script: Script) {}

  addSCSIDisk(disk: Attachment, controller: number, lun: number): Promise<void> {
    return this.script.run('addSCSIDisk', disk.Path, controller, lun)
  }
  removeSCSIDisk(controller: number, lun: number): Promise<void> {
    return this.script.run('removeSCSIDisk', controller, lun)
  }
}

export class FakeGuestSCSI implements LCOWScsiManager {
  constructor(readonly script: Script) {}

  addLCOWMappedVirtualDisk(settings: LCOWMappedVirtualDisk): Promise<void> {
    return this.script.run('addLCOWMappedVirtualDisk', settings.MountPath)
  }
  removeLCOWMappedVirtualDisk(settings: LCOWMappedVirtualDisk): Promise<void> {
    return this.script.run('removeLCOWMappedVirtualDisk', settings.MountPath)
  }
  removeSCSIDevice(settings: SCSIDevice): Promise<void> {
    return this.script.run('removeSCSIDevice', settings.Controller, settings.Lun)
  }
}

const NOT_HERE = (): never => {
  throw new Error('this fake has no such thing')
}

export class FakeGuestManager implements GuestManager {
  exitCode = 0

  constructor(readonly script: Script) {}

  prepareConnection(): Promise<void> {
    return this.script.run('prepareConnection')
  }
  createConnection(): Promise<void> {
    return this.script.run('createConnection')
  }
  closeConnection(): Promise<void> {
    return this.script.run('closeConnection')
  }
  async capabilities(): Promise<GuestCapabilities | undefined> {
    return undefined
  }
  async createContainer(): Promise<ContainerHandle> {
    return NOT_HERE()
  }
  async openContainer(): Promise<ContainerHandle> {
    return NOT_HERE()
  }
  async createProcess(): Promise<GuestProcessHandle> {
    return NOT_HERE()
  }
  async execInUVM(request: { args?: string[] }, _options?: CallOptions): Promise<number> {
    await this.script.run('execInUVM', request.args)
    return this.exitCode
  }
  async exec(request: { args?: string[] }): Promise<ExecOutput> {
    await this.script.run('exec', request.args)
    return { exitCode: this.exitCode, stdout: Buffer.alloc(0), stderr: Buffer.alloc(0), truncated: false }
  }
  async dumpStacks(): Promise<string> {
    return ''
  }
  deleteContainerState(id: string): Promise<void> {
    return this.script.run('deleteContainerState', id)
  }
  modifyServiceSettings(service: string): Promise<void> {
    return this.script.run('modifyServiceSettings', service)
  }
  async isConnected(): Promise<boolean> {
    return true
  }
  close(): Promise<void> {
    return this.script.run('guest.close')
  }
  async openProcess(): Promise<GuestProcessHandle> {
    return NOT_HERE()
  }
  async setMigrating(): Promise<void> {}
  async resumeConnection(): Promise<void> {}
  async nextPort(): Promise<number> {
    return 0x4000_0001
  }
  async setNextPort(): Promise<void> {}
  async bridgeNextId(): Promise<bigint> {
    return 1n
  }
  async seedBridgeNextId(): Promise<void> {}
}
