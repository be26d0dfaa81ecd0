// A public call without a row in calls.ts is tried by nobody.

import assert from 'node:assert/strict'
import {
  Container,
  Guest,
  GuestProcess,
  Host,
  Simulation,
  SimulatedService,
  UtilityVM,
  UtilityVMBuilder,
} from '#dist/index.js'
import {
  BUILDER,
  CONTAINER,
  EVENTS,
  GUEST,
  HOST,
  INTERNAL,
  PROCESS,
  SERVICE,
  SIMULATION,
  STATICS,
  VM,
  type Calls,
} from './calls.js'

type Class = abstract new (...args: never[]) => object

/** Names of the methods of a class and of those it extends. */
function methodsOf({ prototype, name: type }: Class): string[] {
  const names = new Set<string>()
  for (let at = prototype as object; at !== Object.prototype; at = Object.getPrototypeOf(at) as object) {
    for (const [name, { value }] of Object.entries(Object.getOwnPropertyDescriptors(at))) {
      const isOurs = ['constructor', ...INTERNAL].some((own) => own === name || own === `${type}.${name}`)
      if (typeof value === 'function' && !isOurs) names.add(name)
    }
  }
  return [...names].sort()
}

const CLASSES: [Class, Calls][] = [
  [Host as unknown as Class, { ...HOST, ...EVENTS }],
  [UtilityVM, { ...VM, ...EVENTS }],
  [Guest, { ...GUEST, ...EVENTS }],
  [Container, { ...CONTAINER, ...EVENTS }],
  [GuestProcess, PROCESS],
  [UtilityVMBuilder, BUILDER],
  [SimulatedService as unknown as Class, SERVICE],
  [Simulation as unknown as Class, SIMULATION],
]

describe('the list of public calls', () => {
  for (const [type, calls] of CLASSES) {
    it(`has every call of a ${type.name}, and no other`, () => {
      assert.deepEqual(Object.keys(calls).sort(), methodsOf(type))
    })
  }

  it('has every function of the classes themselves', () => {
    for (const [type] of CLASSES) {
      const own = Object.entries(Object.getOwnPropertyDescriptors(type))
        .filter(([name, { value }]) => typeof value === 'function' && !INTERNAL.includes(name))
        .map(([name]) => name)
      assert.deepEqual(own, STATICS[type.name] ?? [], type.name)
    }
  })
})
