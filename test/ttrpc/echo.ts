// A service for the tests of ttrpc, with a server on a socket of its own.

import { create, createFileRegistry } from '@bufbuild/protobuf'
import type { DescMethodUnary, DescService } from '@bufbuild/protobuf'
import {
  FieldDescriptorProto_Label,
  FieldDescriptorProto_Type,
  FileDescriptorProtoSchema,
} from '@bufbuild/protobuf/wkt'
import { once } from 'node:events'
import { createServer, type Server } from 'node:net'
import { join } from 'node:path'
import { TtrpcServer, type CallContext, type ServerOptions } from '#ttrpc/index.js'
import { temporaryDirectory, type TemporaryDirectory } from '../support/child.js'

const METHODS = ['Say', 'Wait', 'Throw', 'Fail', 'Missing'] as const
const text = { inputType: '.echo.Text', outputType: '.echo.Text' }
const file = create(FileDescriptorProtoSchema, {
  name: 'echo.proto',
  package: 'echo',
  syntax: 'proto3',
  messageType: [
    {
      name: 'Text',
      field: [
        {
          name: 'text',
          number: 1,
          type: FieldDescriptorProto_Type.STRING,
          label: FieldDescriptorProto_Label.OPTIONAL,
          jsonName: 'text',
        },
      ],
    },
  ],
  service: [{ name: 'Echo', method: METHODS.map((name) => ({ name, ...text })) }],
})

export const ECHO = createFileRegistry(file, () => undefined).getService('echo.Echo')!

export function method(name: (typeof METHODS)[number]): DescMethodUnary {
  return ECHO.methods.find((one) => one.name === name) as DescMethodUnary
}

export type Say = (request: { text: string }, context: CallContext) => { text: string } | Promise<{ text: string }>

export interface EchoServer {
  path: string
  server: TtrpcServer
  errors: Error[]
  close: () => Promise<void>
}

/** `implementation` by the local names of the methods: say, wait, throw, fail. */
export async function echoServer(
  implementation: Record<string, Say>,
  options: ServerOptions = {},
): Promise<EchoServer> {
  const place: TemporaryDirectory = await temporaryDirectory()
  const path = join(place.path, 'echo.sock')
  const errors: Error[] = []
  const server = new TtrpcServer({ onError: (error) => errors.push(error), ...options })
  server.add(ECHO as DescService, implementation as never)
  const net: Server = createServer((socket) => server.serve(socket)).listen(path)
  await once(net, 'listening')
  const close = async (): Promise<void> => {
    server.close()
    net.close()
    await once(net, 'close')
    await place.remove()
  }
  return { path, server, errors, close }
}
