// The document of a container in a Linux guest, around a specification as other tools make it.

import { InvalidConfigError } from '../errors.js'
import { BOOLEAN, TEXT } from '../options/rows.js'
import { checkOptions, optionTable } from '../options/table.js'
import { isRecord } from '../protocol/json.js'
import type { LinuxHostedSystem, OciSpec } from '../protocol/schema/index.js'

export interface LcowContainerOptions {
  /** Where the container's scratch is mounted in the guest; default `scratch` in the bundle. */
  scratchPath?: string
  /** The scratch is named in the document; default true. False: the guest keeps what the container writes where it will. */
  namesScratch?: boolean
}

const OP = 'lcowContainer'
export const LCOW_CONTAINER_OPTIONS = optionTable<LcowContainerOptions>('options', {
  scratchPath: TEXT,
  namesScratch: BOOLEAN,
})

/**
 * What `guest.createContainer` sends for a container of a Linux guest: `spec` is an OCI runtime specification and is passed on as it is. The
 * guest needs its `process`, `root` and `linux`.
 *
 * @param bundlePath an absolute path in the guest, of this container alone
 * @throws {InvalidConfigError} a path that is not absolute, a specification that is no object, a bad option
 */
export function lcowContainer(
  bundlePath: string,
  spec: OciSpec,
  options: LcowContainerOptions = {},
): LinuxHostedSystem {
  checkOptions({ op: OP }, options, LCOW_CONTAINER_OPTIONS)
  const { scratchPath = `${bundlePath}/scratch`, namesScratch = true } = options
  for (const [path, value] of Object.entries({ bundlePath, scratchPath }) as [string, unknown][]) {
    if (typeof value === 'string' && value.startsWith('/')) continue
    throw new InvalidConfigError({ op: OP, path, value, reason: 'expected an absolute path in the guest' })
  }
  if (!isRecord(spec))
    throw new InvalidConfigError({ op: OP, path: 'spec', secret: spec, reason: 'expected an object' })
  return {
    SchemaVersion: { Major: 2, Minor: 1 },
    OciBundlePath: bundlePath,
    OciSpecification: spec,
    ...(namesScratch ? { ScratchDirPath: scratchPath } : {}),
  }
}
