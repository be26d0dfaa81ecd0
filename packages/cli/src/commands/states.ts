// uvmctl save, restore: a VM in a file.

import type { Command } from 'commander'
import { access } from 'node:fs/promises'
import { resolve } from 'node:path'
import { connect, connectOrStart } from '../connection.js'
import { readDocument } from '../document-file.js'
import { UsageError } from '../exit-codes.js'
import { print } from '../output.js'
import { OWNER } from '../service.js'
import { withDirectory, type CommonOptions } from './options.js'

export function addStates(program: Command): void {
  withDirectory(
    program
      .command('save')
      .summary('save a VM to a file')
      .description('Pauses a VM, saves its state to a file, and ends and removes it.')
      .argument('<vm>', 'id of the VM')
      .argument('<file>', 'where to; must not exist')
      .option('--keep', 'let the VM go on'),
  ).action(async (vm: string, file: string, options: CommonOptions & { keep?: boolean }) => {
    const path = resolve(file)
    if (await exists(path)) throw new UsageError(`${file}: it exists; nothing was saved`)
    const client = await connect(options)
    await client.act(vm, 'pause')
    try {
      await client.act(vm, 'save', { save: { SaveType: 'ToFile', SaveStateFilePath: path } })
    } catch (error) {
      await client.act(vm, 'resume').catch(() => undefined)
      throw error
    }
    if (options.keep === true) await client.act(vm, 'resume')
    else await client.remove(vm, true)
    print(path)
  })
  withDirectory(
    program
      .command('restore')
      .summary('go on with a VM from a file')
      .description('Makes a VM from its document and a file of `save`, and goes on where it was.')
      .argument('<file>', 'of `uvmctl save`')
      .requiredOption('--document <file>', 'the document that the VM was made from')
      .option('--name <id>', 'id of the VM (default: the name of the file)'),
  ).action(async (file: string, options: CommonOptions & { document: string; name?: string }) => {
    const path = resolve(file)
    if (!(await exists(path))) throw new UsageError(`${file}: there is no such file`)
    const document = await readDocument(options.document)
    const { VirtualMachine } = document
    if (VirtualMachine === undefined) throw new UsageError(`${options.document}: VirtualMachine: expected an object`)
    document.Owner ??= OWNER
    VirtualMachine.RestoreState = { ...VirtualMachine.RestoreState, SaveStateFilePath: path }
    const id = options.name ?? file.replace(/^.*[/\\]/, '').replace(/\.[^.]*$/, '')
    const client = await connectOrStart(options)
    await client.create({ id, document })
    print(id)
  })
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  )
}
