// The containers of a Linux guest: creating them, finding them, and the pods they may belong to.

import { isPolicyEnforced } from '../security-policy.js'
import { textOf, type Document } from '../decode.js'
import { GUEST, GuestFault } from '../fault.js'
import type { GuestKernel } from '../kernel.js'
import { isUvm, LinuxContainer, type SavedContainer } from './container.js'
import { decodeContainerDocument } from './container-document.js'
import { removeGuestFile } from './files.js'
import { guestPath } from './mounting.js'
import { below } from './paths.js'
import { checkRuntime, checkSpec, networkNamespaces } from './runtime.js'

/** What ids look like once a security policy is in force. */
const CONFIDENTIAL_ID = /^[0-9a-fA-F]{64}$/

export class LinuxContainers {
  readonly #kernel: GuestKernel
  readonly #notify: (body: Document) => void
  /** A container that is being created is there too. */
  readonly #containers = new Map<string, LinuxContainer>()

  constructor(kernel: GuestKernel, notify: (body: Document) => void) {
    this.#kernel = kernel
    this.#notify = notify
  }

  all(): LinuxContainer[] {
    return [...this.#containers.values()]
  }

  /** @throws {GuestFault} */
  async create(request: Document): Promise<Document> {
    const document = decodeContainerDocument(request)
    const id = textOf(request, 'ContainerId')
    if (this.#containers.has(id)) throw new GuestFault(GUEST.systemAlreadyExists)
    this.#checkId(id)
    const kernel = this.#kernel
    const activity = textOf(request, 'ActivityId')
    const container = new LinuxContainer({ kernel, id, activity, document, notify: this.#notify }, kernel.nextPid())
    checkSpec(kernel, container)
    this.#checkPod(container)
    this.#add(container)
    try {
      await checkRuntime(kernel, container)
    } catch (error) {
      this.#remove(container)
      throw error
    }
    // The runtime takes its time.
    await kernel.turn()
    container.state = 'created'
    return { SelectedProtocolVersion: 0 }
  }

  #checkId(id: string): void {
    if (id === '' || isUvm(id)) throw new GuestFault(GUEST.invalidArgument, `"${id}" cannot be the id of a container`)
    if (isPolicyEnforced(this.#kernel) && !CONFIDENTIAL_ID.test(id)) {
      throw new GuestFault(GUEST.failed, `invalid container id "${id}"`)
    }
  }

  #checkPod({ id, spec }: LinuxContainer): void {
    if (spec.kind !== 'container') return
    const pod = this.#containers.get(spec.sandboxId)
    if (pod?.spec.kind !== 'sandbox') {
      throw new GuestFault(GUEST.failed, `the pod "${spec.sandboxId}" of container ${id} does not exist`)
    }
  }

  #add(container: LinuxContainer): void {
    const pod = this.#containers.get(container.spec.sandboxId)
    if (container.networkNamespace === '') container.networkNamespace = pod?.networkNamespace ?? ''
    this.#containers.set(container.id, container)
    this.#kernel.assignNamespace(container.networkNamespace, 1)
    networkNamespaces(this.#kernel).add(container.networkNamespace)
  }

  #remove(container: LinuxContainer): void {
    this.#containers.delete(container.id)
    this.#kernel.assignNamespace(container.networkNamespace, -1)
  }

  /** A container whose creation is complete. @throws {GuestFault} */
  find(id: string): LinuxContainer {
    const container = this.#containers.get(id)
    if (container === undefined) throw new GuestFault(GUEST.systemNotFound)
    // The code for this is lost on its way, as in the real guest.
    if (container.state === 'creating') throw new GuestFault(GUEST.failed, 'the container is still being created')
    return container
  }

  /** The container that a request names. @throws {GuestFault} */
  of(request: Document): LinuxContainer {
    return this.find(textOf(request, 'ContainerId'))
  }

  /** Forgets a container whatever its runtime says. @throws {GuestFault} it was still running, or something is mounted in its bundle */
  delete(request: Document): Document {
    const container = this.of(request)
    const wasRunning = container.state === 'running'
    this.#remove(container)
    container.delete()
    if (wasRunning) throw new GuestFault(GUEST.failed, `container ${container.id} is not stopped`)
    this.#removeBundle(container.spec.bundlePath)
    return {}
  }

  /** @throws {GuestFault} something is mounted in it */
  #removeBundle(path: string): void {
    const bundle = guestPath(path)
    if (path === '' || bundle === '/') return
    const mounted = [...this.#kernel.mounts.keys()].find((target) => below(bundle, target) !== undefined)
    if (mounted !== undefined) throw new GuestFault(GUEST.failed, `unlinkat ${mounted}: device or resource busy`)
    try {
      removeGuestFile(this.#kernel, bundle)
    } catch {
      // What is not there needs no removing.
    }
  }

  capture(): SavedContainer[] {
    return this.all().map((container) => container.capture())
  }

  restore(saved: SavedContainer[]): void {
    const options = { kernel: this.#kernel, notify: this.#notify }
    for (const one of saved) this.#add(LinuxContainer.restore(options, one))
  }
}
