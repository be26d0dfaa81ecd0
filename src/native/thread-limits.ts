// What the threads of ours that have very many VMs may take for young objects. The default lets each fill tens of megabytes with garbage
// before it looks: at a thousand VMs that was a third of what one of them cost, and calls were no faster for it.

import type { ResourceLimits } from 'node:worker_threads'

/** MiB: three semi-spaces of 4. */
export const THREAD_LIMITS: ResourceLimits = { maxYoungGenerationSizeMb: 12 }
