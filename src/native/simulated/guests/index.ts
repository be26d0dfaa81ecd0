// The built-in guests.

import { Guest } from './guest.js'
import type { BuiltinGuestFactory } from './machine.js'

export const createLinuxGuest: BuiltinGuestFactory = (surroundings) => new Guest('linux', surroundings)
export const createWindowsGuest: BuiltinGuestFactory = (surroundings) => new Guest('windows', surroundings)
