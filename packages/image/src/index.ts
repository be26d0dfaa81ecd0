// uvm-actors-image: the guest image for VMs under QEMU, and the daemon for the host's side of their vsock, built and found again.

export { buildImage, type ImageOptions } from './build.js'
export { openImage, type GuestImage, type ImageManifest, type ImagePart } from './manifest.js'
export { needsDaemon as needsVsockDaemon } from './tools.js'
export { buildDaemon as buildVsockDaemon, type DaemonOptions as VsockDaemonOptions } from './daemon.js'
