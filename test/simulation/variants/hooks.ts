// Module hooks: one file of the library is another.

import type { InitializeHook, LoadHook } from 'node:module'
import { VARIANTS, type Variant } from './variants.js'

let variant: Variant | undefined

export const initialize: InitializeHook<string> = (name) => {
  variant = VARIANTS.find((one) => one.name === name)
  if (variant === undefined) throw new Error(`there is no variant ${name}`)
}

export const load: LoadHook = async (url, context, next) => {
  const loaded = await next(url, context)
  if (variant === undefined || !url.endsWith(`/dist/${variant.file}`)) return loaded
  let source = String(loaded.source)
  for (const [from, to] of variant.changes) {
    const found = source.split(from).length - 1
    if (found !== 1) throw new Error(`${variant.file} has ${found} places to break: ${from}`)
    source = source.replace(from, () => to)
  }
  return { ...loaded, source }
}
