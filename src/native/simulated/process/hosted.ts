// The simulated service as a service process holds it. Its guests dial in the service's directory, whoever holds the VM.

import { systemClock } from '../../clock.js'
import type { HostedServiceFactory } from '../../service-process/hosted.js'
import type { ServiceOptions } from '../options.js'
import { carryOut } from '../service/carry-out.js'
import { ComputeService } from '../service/compute-service.js'
import { startBuiltinGuest } from '../service/guest-host.js'

/** What a program asks a service process for. */
export const SIMULATED_PROVIDER = 'simulated'

const host: HostedServiceFactory = (given, { directory, takeSocket, ended }) => {
  const options = given as ServiceOptions
  const service = new ComputeService(options, {
    clock: systemClock,
    takeSocket,
    ended,
    ...(options.guest === 'none'
      ? {}
      : { startGuest: (system) => startBuiltinGuest(system, systemClock, options.seed ?? 1, () => directory) }),
  })
  return {
    provider: SIMULATED_PROVIDER,
    carryOut: (client, call, deliver) => carryOut(service, client, call, deliver),
    leave: (client) => service.leave(client),
    count: () => service.count(),
    stop: () => service.stop(),
  }
}

export default host
