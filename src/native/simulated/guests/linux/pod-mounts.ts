// What the containers of a pod share: bind mounts whose source begins with `sandbox://` come from a directory of the pod.

const SCHEME = 'sandbox://'

function directoryOf(sandboxId: string): string {
  return `/run/gcs/c/${sandboxId}/sandboxMounts`
}

/** The mounts of a container in a pod, with what the pod shares where it is. */
export function placeMounts<Mount extends { readonly source: string }>(sandboxId: string, mounts: Mount[]): Mount[] {
  return mounts.map((mount) =>
    mount.source.startsWith(SCHEME)
      ? { ...mount, source: `${directoryOf(sandboxId)}/${mount.source.slice(SCHEME.length)}`.replace(/\/+/g, '/') }
      : mount,
  )
}

/** Such a source is made when it is missing. */
export function isShared(sandboxId: string, source: string): boolean {
  return source.startsWith(`${directoryOf(sandboxId)}/`)
}
