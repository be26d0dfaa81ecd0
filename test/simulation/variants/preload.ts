// Preloaded into a process: the library that it loads is the broken variant that SIMULATION_VARIANT names.

import { register } from 'node:module'

register(new URL('./hooks.js', import.meta.url), { data: process.env['SIMULATION_VARIANT'] })
