// uvm-actors/testing: fakes of a Host, a VM, a guest, a container and a process for tests of code that takes the interfaces, and the
// simulated service for those that want the real thing without a hypervisor. It knows no test framework.

export type { Answer, AnswerOf, MethodsOf, SilentMethodsOf } from './answers.js'
export { UnscriptedCallError } from './answers.js'
export { CallLog, type RecordedCall } from './call-log.js'
export type { FakeOptions, Scripted } from './scripted.js'
export { FakeHost, type FakeHostOptions } from './fake-host.js'
export { FakeVM, type FakeVMOptions } from './fake-vm.js'
export { execOutput, FakeGuest, type FakeGuestOptions } from './fake-guest.js'
export { FakeContainer } from './fake-container.js'
export { FakeProcess, type FakeOutput, type FakeProcessOptions } from './fake-process.js'

export { Simulation, type SimulationCrash, type SimulationResources } from '../simulation/simulation.js'
export type { RunOptions, SimulationOptions, SimulationWeather } from '../simulation/options.js'
export { SimulatedService, type SimulatedOptions } from '../native/simulated/simulated-service.js'
export type { FaultRule, HcsOp, ServiceOptions } from '../native/simulated/options.js'
export { SimulationStuckError } from '../errors.js'
