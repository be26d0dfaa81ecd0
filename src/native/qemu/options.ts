// What can be asked of the QEMU supervisor.

/** What an EndpointId means. There is no default network: an adapter whose EndpointId is not named here is refused. */
export type QemuNetwork =
  /** QEMU's own user network. Restricted unless said otherwise: the guest reaches nothing outside it but what is forwarded to it. */
  | { type: 'user'; restrict?: boolean; forwards?: { hostPort: number; guestPort: number }[] }
  /** A tap device that exists, in the network name space of that name under /run/netns, or in the supervisor's own. */
  | { type: 'tap'; name: string; namespace?: string }
  /** Frames over a Unix socket, to whoever listens there. */
  | { type: 'socket'; path: string }

export interface QemuOptions {
  /** A path, or a name to be found in PATH; default 'qemu-system-x86_64'. 7.2 or later. */
  binary?: string
  /**
   * The vhost-user daemon for vsock: a path, or a name to be found in PATH; default 'uvm-vsock', which `uvmctl image build` builds. 0.2 or later;
   * another program is refused with HCS_E_SERVICE_NOT_AVAILABLE when a VM with sockets starts.
   */
  vsockDaemon?: string
  /** 'auto' (the default) believes in KVM only after a machine has run under it. */
  accelerator?: 'auto' | 'kvm' | 'tcg'
  /**
   * Where it is written down which VMs there are, for the next supervisor: private, made where it is missing; at most 48 bytes. Default: `qemu`
   * in the service directory. Of a VM that runs from a template the memory lies here too.
   */
  stateDirectory?: string
  /** By EndpointId, whatever its case. */
  networks?: Readonly<Record<string, QemuNetwork>>
  /** Words for the kernel command line of every Linux guest, before what is meant for its init. */
  kernelArguments?: readonly string[]
  /** Firmware for documents with `Chipset.Uefi`, such as OVMF.fd; without it they are refused. */
  firmware?: string
  /** A delegated cgroup v2 directory: without it limits of processors are refused. */
  cgroup?: string
}

export interface QemuConnectOptions {
  /** Default: `defaultServiceDirectory()`. */
  directory?: string
  /**
   * Default true: when no supervisor runs in the directory, start one. With options it is given those; one that runs already keeps its own.
   * `graceMs`: how long it lives on without clients and VMs, milliseconds, default 10000.
   */
  start?: boolean | (QemuOptions & { graceMs?: number })
  /** Milliseconds above 0, or Infinity, for finding, starting and greeting; default 60000: KVM is tried at the start. */
  timeoutMs?: number
  signal?: AbortSignal
}
