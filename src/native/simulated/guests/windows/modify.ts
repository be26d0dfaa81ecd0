// ModifySettings of a Windows guest: the utility VM by resource type, a container by resource path. Settings are read strictly: a member the
// guest does not know is a document it does not understand.

import { foldedMember as member } from '../../../../protocol/bridge/folding.js'
import { decodeAs, invalidJson, objectOf, textOf, type Document } from '../decode.js'
import { GUEST, GuestFault } from '../fault.js'
import type { GuestKernel } from '../kernel.js'
import { knownResources, type Behaviours } from '../resource-behaviour.js'
import { readMappedDirectory, type WindowsContainer } from './container.js'
import * as behaviours from './resources/index.js'

/** Resources of the utility VM, by type. */
const RESOURCES = knownResources(behaviours satisfies Behaviours<'windows'>)

/** @throws {GuestFault} */
export async function modifyWindows(kernel: GuestKernel, message: Document): Promise<Document> {
  const request = objectOf(message, 'Request')
  const type = textOf(request, 'RequestType') || 'Add'
  // Older hosts leave the type out when they remove an adapter.
  const resourceType = textOf(request, 'ResourceType') || 'Network'
  const resource = RESOURCES.get(resourceType)
  if (resource === undefined) throw new GuestFault(GUEST.failed, `the resource type "${resourceType}" is not supported`)
  const settings =
    resource.settings === undefined
      ? {}
      : decodeAs(resource.settings, member(request, 'Settings'), 'Settings', !resource.isLenient)
  resource.check(type)
  await resource.apply(kernel, type, settings)
  return {}
}

/** @throws {GuestFault} */
export function modifyWindowsContainer(container: WindowsContainer, message: Document): Document {
  const request = objectOf(message, 'Request')
  const type = textOf(request, 'RequestType') || 'Add'
  const path = textOf(request, 'ResourcePath')
  const change = CONTAINER_PATHS.get(path)
  if (change === undefined) throw new GuestFault(GUEST.failed, `the resource path "${path}" is not supported`)
  const apply = change(member(request, 'Settings'))
  if (container.state === 'terminated') throw new GuestFault(GUEST.systemAlreadyStopped)
  apply(container, type)
  return {}
}

/** Decodes the settings, and gives what is then to be done. */
type ContainerChange = (settings: unknown) => (container: WindowsContainer, type: string) => void

const CONTAINER_PATHS: ReadonlyMap<string, ContainerChange> = new Map<string, ContainerChange>([
  [
    'Container/Memory/SizeInMB',
    (settings) => {
      const size = typeof settings === 'bigint' ? Number(settings) : settings
      if (typeof size !== 'number' || !Number.isInteger(size) || size <= 0)
        throw invalidJson('Settings is not a size in MiB')
      return (container, type) => {
        requireType(type, ['Update'])
        container.memoryMB = size
      }
    },
  ],
  [
    'Container/Processor',
    (settings) => {
      const processor = decodeAs('Processor', settings, 'Settings', true)
      return (container, type) => {
        requireType(type, ['Update'])
        const count = Number(processor['Count'] ?? 0)
        if (count > 0) container.processors = count
      }
    },
  ],
  [
    'Container/MappedDirectories',
    (settings) => {
      const directory = readMappedDirectory(decodeAs('MappedDirectory', settings, 'Settings', true))
      const target = directory.ContainerPath.toLowerCase()
      return ({ mappedDirectories }, type) => {
        requireType(type, ['Add', 'Remove'])
        const index = mappedDirectories.findIndex(({ ContainerPath }) => ContainerPath.toLowerCase() === target)
        if (type === 'Remove') {
          if (index === -1) throw new GuestFault(GUEST.notFound, `nothing is mapped to ${directory.ContainerPath}`)
          mappedDirectories.splice(index, 1)
        } else if (index !== -1 || target === '') {
          throw new GuestFault(GUEST.failed, `nothing can be mapped to "${directory.ContainerPath}"`)
        } else mappedDirectories.push(directory)
      }
    },
  ],
])

function requireType(type: string, known: readonly string[]): void {
  if (!known.includes(type)) throw new GuestFault(GUEST.failed, `the request type "${type}" is not supported`)
}
