// A container's document for a Linux guest, from the OCI specification that containerd has written for this host.

import { basename } from 'node:path'
import type { schema } from 'uvm-actors'
import type { Spec } from './bundle.js'

/** A folder of this host that the guest shall have. */
export interface Share {
  hostPath: string
  guestPath: string
  readOnly: boolean
}

export interface GuestDocument {
  document: schema.LinuxHostedSystem
  shares: Share[]
}

export interface HostFiles {
  /** Whether it is a folder; of what is neither file nor folder undefined: it is left out. */
  isFolder(path: string): Promise<boolean | undefined>
  /** A folder that has this file alone, under its name. */
  folderOf(file: string): Promise<string>
}

/** Name spaces that a container has none of: its pod is the VM, whose network is the pod's. */
const NOT_OWN: ReadonlySet<string | undefined> = new Set(['network', 'user'])
/** Annotations that say what is whose pod; to the guest every container is one of its own. */
const CRI = 'io.kubernetes.cri.'

/** Where the guest keeps a container. */
export function guestBundle(id: string): string {
  return `/run/gcs/c/${id}`
}

/**
 * What names things of this host is left out or carried over: hooks and seccomp go, name spaces lose their paths, bind mounts become shares.
 *
 * @param rootPath the root file system on this host
 */
export async function guestDocument(id: string, spec: Spec, rootPath: string, host: HostFiles): Promise<GuestDocument> {
  const bundle = guestBundle(id)
  const shares: Share[] = [{ hostPath: rootPath, guestPath: `${bundle}/rootfs`, readOnly: true }]
  const mounts: schema.OciMount[] = []
  for (const mount of spec.mounts ?? []) {
    const isBind = mount.type === 'bind' || mount.options?.some((option) => option === 'bind' || option === 'rbind')
    const { source } = mount
    if (isBind !== true || source === undefined) {
      mounts.push(mount)
      continue
    }
    const isFolder = await host.isFolder(source)
    if (isFolder === undefined) continue
    const guestPath = `${bundle}/mounts/${shares.length}`
    const readOnly = mount.options?.includes('ro') === true
    // A share is a folder, and nothing but the file is for the guest.
    shares.push({ hostPath: isFolder ? source : await host.folderOf(source), guestPath, readOnly })
    mounts.push({ ...mount, source: isFolder ? guestPath : `${guestPath}/${basename(source)}` })
  }
  const { hooks: _hooks, linux, annotations = {}, ...rest } = spec as Spec & { hooks?: unknown }
  const {
    seccomp: _seccomp,
    namespaces,
    ...linuxRest
  } = (linux ?? {}) as Record<string, unknown> & {
    namespaces?: { type?: string }[]
  }
  return {
    shares,
    document: {
      SchemaVersion: { Major: 2, Minor: 1 },
      OciBundlePath: bundle,
      OciSpecification: {
        ...rest,
        root: { path: `${bundle}/rootfs`, readonly: spec.root?.readonly ?? false },
        mounts,
        annotations: Object.fromEntries(Object.entries(annotations).filter(([key]) => !key.startsWith(CRI))),
        linux: {
          ...linuxRest,
          cgroupsPath: `/containers/${id}`,
          namespaces: (namespaces ?? []).flatMap(({ type }) => (NOT_OWN.has(type) ? [] : [{ type }])),
        },
      } as schema.OciSpec,
      ScratchDirPath: '',
    },
  }
}
