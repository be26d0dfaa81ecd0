// Calls of the wire, carried out by the compute service. A handle's token is its number.

import { HRESULT } from '../../../protocol/hresult.js'
import type { HcsEvent, MigrationStep } from '../../hcs.js'
import type { Refusal, ServiceCall, SystemOp } from '../../remote/wire.js'
import { HcsFailure } from '../failure.js'
import type { ComputeService } from './compute-service.js'

/** @param deliver for calls that open a handle @throws {HcsFailure} */
export async function carryOut(
  service: ComputeService,
  client: string,
  call: Exclude<ServiceCall, { do: 'adopt' }>,
  deliver: (event: HcsEvent) => void,
): Promise<string> {
  switch (call.do) {
    case 'create':
      return String(await service.create(client, call.id, call.document, deliver))
    case 'open':
      return String(await service.open(client, call.id, deliver))
    case 'operate':
      return isMigrationStep(call.op)
        ? service.operate(Number(call.token), 'migrate', call.argument, call.op, call.socket)
        : service.operate(Number(call.token), call.op, call.argument, undefined, call.socket)
    case 'close':
      await service.close(Number(call.token))
      return ''
    case 'enumerate':
      return service.enumerate(call.query)
    case 'serviceProperties':
      return service.serviceProperties(call.query)
    case 'modifyService':
      return service.modifyService(call.settings)
    case 'grantAccess':
      service.grantAccess(call.vmId, call.path)
      return ''
    case 'revokeAccess':
      service.revokeAccess(call.vmId, call.path)
      return ''
    case 'file':
      return service.file(call.what, call.path)
    case 'workingSet':
      return String(service.workingSet(call.runtimeId) ?? '')
  }
}

const MIGRATION_STEPS: ReadonlySet<string> = new Set<MigrationStep>([
  'initialize-source',
  'start-source',
  'transfer',
  'finalize',
  'cancel',
])

export function isMigrationStep(op: SystemOp): op is MigrationStep {
  return MIGRATION_STEPS.has(op)
}

/** A failure in the form in which it crosses. */
export function refusalOf(error: unknown): Refusal {
  if (!(error instanceof HcsFailure)) {
    const said = error instanceof Error ? (error.stack ?? error.message) : String(error)
    return { hresult: HRESULT.E_UNEXPECTED, document: JSON.stringify({ ErrorMessage: said }) }
  }
  return { hresult: error.hresult, document: error.document ?? '' }
}
