// The events of a Container.

import type { EventNames } from '../../events.js'

export interface ContainerEvents {
  /** It has exited; once. Not told when the guest went away before. */
  exited: []
}

export const CONTAINER_EVENTS: EventNames<ContainerEvents> = { exited: true }
