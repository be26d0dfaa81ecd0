// One actor thread at the service: its calls come over a message port, its events go back over it.

import type { MessagePort } from 'node:worker_threads'
import type { HcsEvent } from '../../hcs.js'
import type { FromService, ServiceCall, ToService } from '../../remote/wire.js'
import { carryOut, refusalOf } from './carry-out.js'
import type { ComputeService } from './compute-service.js'

/**
 * Serves until the port closes; its handles then wait for whoever adopts them. A handle whose making was still under way is closed when it
 * is there: nobody knows its token.
 *
 * @returns to be called when the thread is known to be gone before the port has closed
 */
export function servePort(service: ComputeService, client: string, port: MessagePort): () => void {
  let isGone = false
  const deliveries = new Set<(event: HcsEvent) => void>()
  const answer = (message: FromService): void => port.postMessage(message)
  const deliver = (events: number | undefined): ((event: HcsEvent) => void) => {
    if (events === undefined) return () => undefined
    const delivery = (event: HcsEvent): void => answer({ events, event })
    deliveries.add(delivery)
    return delivery
  }
  port.on('message', (message: ToService) => {
    // Events go to a living thread or are kept for the next one: which of them were handled makes no difference here.
    if ('handled' in message) return
    const { number, events, call } = message
    perform(service, client, call, deliver(events)).then(
      (ok) => {
        if (isGone && (call.do === 'create' || call.do === 'open')) service.close(Number(ok)).catch(() => undefined)
        else answer({ number, ok })
      },
      (error: unknown) => answer({ number, fails: refusalOf(error) }),
    )
  })
  const gone = (): void => {
    isGone = true
    service.orphan((delivery) => deliveries.has(delivery))
  }
  port.once('close', gone)
  return gone
}

async function perform(
  service: ComputeService,
  client: string,
  call: ServiceCall,
  deliver: (event: HcsEvent) => void,
): Promise<string> {
  if (call.do !== 'adopt') return carryOut(service, client, call, deliver)
  service.adopt(Number(call.token), client, deliver)
  return call.token
}
