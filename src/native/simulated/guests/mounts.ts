// Where a guest has mounted what: plain data, so that it can move with the machine.

/** What a mount shows. */
export type Backing =
  | { readonly kind: 'disk'; readonly controller: number; readonly lun: number; readonly partition: number }
  | { readonly kind: 'pmem'; readonly device: number; readonly offset: number }
  | { readonly kind: 'plan9'; readonly port: number; readonly name: string }
  | { readonly kind: 'vsmb'; readonly name: string; readonly path: string }
  /** Layers and the writable part are paths of the guest, topmost first; without the latter it is read-only. */
  | { readonly kind: 'overlay'; readonly layers: readonly string[]; readonly upper: string | undefined }
  /** Block CIMs on disks of the first controller. */
  | { readonly kind: 'cim'; readonly luns: readonly number[]; readonly volume: string }

export interface Mount {
  readonly source: string
  readonly target: string
  readonly filesystem: string
  readonly readOnly: boolean
  readonly backing: Backing
  /** Not a mount but a link to the device. */
  readonly isLink?: boolean
  /** What was mounted there before, and is again afterwards (Linux). */
  readonly under?: Mount
}
