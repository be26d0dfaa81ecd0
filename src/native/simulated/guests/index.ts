// The built-in guests.

import { BootableGuest } from './guest.js'
import type { BuiltinGuestFactory } from './machine.js'

export const createLinuxGuest: BuiltinGuestFactory = (surroundings) => new BootableGuest('linux', surroundings)
export const createWindowsGuest: BuiltinGuestFactory = (surroundings) => new BootableGuest('windows', surroundings)
