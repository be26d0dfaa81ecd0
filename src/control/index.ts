// uvm-actors/control: what a program's Host holds, served to other programs of the same user, and the client that asks.

export { serveControl, type ControlServer } from './server.js'
export { ControlClient } from './client.js'
export { ControlCommand, type CommandExit } from './command.js'
export type { ControlPlace } from './address.js'
export { ControlRequestError } from './failure.js'
export {
  CONTROL_VERSION,
  VM_ACTIONS,
  type ControlCallRequest,
  type ControlEvent,
  type ControlInfo,
  type ControlLogLine,
  type ControlStats,
  type ControlVm,
  type ControlVmDetails,
  type ControlVmStats,
  type CreateVmRequest,
  type ExecStart,
  type VmAction,
  type VmActionRequest,
} from './messages.js'
