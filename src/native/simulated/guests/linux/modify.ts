// ModifySettings of a Linux guest. Order of the checks: the request, its type (absent is Add), the settings by resource type, the target,
// the act.

import { foldedMember as member } from '../../../../protocol/bridge/folding.js'
import type { TypeName } from '../../../../protocol/schema/field-table.js'
import { decodeAs, objectOf, optionalObject, textOf, type Document } from '../decode.js'
import { GUEST, GuestFault } from '../fault.js'
import type { GuestKernel } from '../kernel.js'
import { knownResources, type Behaviours } from '../resource-behaviour.js'
import { isUvm } from './container.js'
import type { LinuxContainers } from './containers.js'
import * as behaviours from './resources/index.js'

const CONSTRAINTS = 'ContainerConstraints'

/** Resources of the utility VM, by type. */
const RESOURCES = knownResources(behaviours satisfies Behaviours<'linux'>)

/** @throws {GuestFault} */
export async function modifyLinux(
  kernel: GuestKernel,
  containers: LinuxContainers,
  message: Document,
): Promise<Document> {
  const request = objectOf(message, 'Request')
  const type = textOf(request, 'RequestType') || 'Add'
  const resourceType = textOf(request, 'ResourceType')
  const resource = RESOURCES.get(resourceType)
  if (resource === undefined && resourceType !== CONSTRAINTS) {
    throw new GuestFault(GUEST.failed, `the resource type "${resourceType}" is not supported`)
  }
  const settings = settingsOf(request, resource === undefined ? 'LCOWContainerConstraints' : resource.settings)
  const id = textOf(message, 'ContainerId')
  if (resource === undefined || !isUvm(id)) {
    const container = containers.find(id)
    if (resource !== undefined) throw new GuestFault(GUEST.failed, `${resourceType} is not a resource of a container`)
    container.constrain(optionalObject(settings, 'Linux') ?? {})
    return {}
  }
  resource.check(type)
  await resource.apply(kernel, type, settings)
  return {}
}

function settingsOf(request: Document, type: TypeName | undefined): Document {
  return type === undefined ? {} : decodeAs(type, member(request, 'Settings'), 'Settings')
}
