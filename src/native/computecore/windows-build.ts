// The build number of Windows, for messages that say what a host is too old for.

import koffi from 'koffi'

/** Undefined elsewhere, and where it cannot be told. */
export function windowsBuild(): number | undefined {
  if (process.platform !== 'win32') return undefined
  try {
    // RtlGetVersion: the others answer with a lower version to a program without a manifest.
    const version = koffi.struct({
      size: 'uint32_t',
      major: 'uint32_t',
      minor: 'uint32_t',
      build: 'uint32_t',
      platform: 'uint32_t',
      pack: koffi.array('uint16_t', 128),
    })
    const get = koffi.load('ntdll.dll').func('RtlGetVersion', 'int32_t', [koffi.inout(koffi.pointer(version))])
    const found: Record<string, unknown> = { size: koffi.sizeof(version), major: 0, minor: 0, build: 0, platform: 0 }
    found['pack'] = new Array<number>(128).fill(0)
    get(found)
    return Number(found['build'])
  } catch {
    return undefined
  }
}
