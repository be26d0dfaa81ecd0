// What reaches the compute service, handle by handle: the changes of one handle arrive in the order in which they were called.

import { ComputeService } from '#dist/native/simulated/service/compute-service.js'

export type Arrival = (service: object, handle: number, argument: string) => void

let listener: Arrival | undefined

type Operate = ComputeService['operate']
const operate = Reflect.get(ComputeService.prototype, 'operate') as Operate

ComputeService.prototype.operate = function (this: ComputeService, ...args: Parameters<Operate>): Promise<string> {
  const [handle, op, argument] = args
  if (op === 'modify') listener?.(this, handle, argument)
  return operate.apply(this, args)
}

/** Listens to all of this process until the returned function is called: one run at a time. */
export function onArrival(arrival: Arrival): () => void {
  listener = arrival
  return () => (listener = undefined)
}
