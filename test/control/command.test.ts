// A command of another program, as the client holds it: its output ends only where that program said so.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { Duplex } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { BridgeClosedError } from '#dist/index.js'
import { ControlCommand } from '#dist/control/command.js'
import { CHANNEL, encodeFrames, encodeMessage } from '#dist/control/frames.js'
import { rejection, rejectsWith } from '../support/expect.js'

describe('the output of a command of another program', () => {
  let socket: Duplex
  let command: ControlCommand
  beforeEach(() => {
    socket = new Duplex({ read: () => undefined, write: (_chunk, _encoding, done) => done() })
    command = new ControlCommand(socket, Buffer.alloc(0), { args: ['cat'] }, { op: 'control.exec', id: 'a' })
  })

  async function says(frame: Uint8Array): Promise<void> {
    const heard = once(socket, 'data')
    socket.push(frame)
    await heard
  }

  async function isCut(reading: Promise<unknown>): Promise<void> {
    const error = await rejection(reading)
    assert.equal(error, await command.exit.catch((failed: unknown) => failed))
  }

  it('has no end when that program goes away', async () => {
    const readings = [buffer(command.stdout), buffer(command.stderr)]
    for (const reading of readings) reading.catch(() => undefined)
    await says(encodeFrames(CHANNEL.stdout, Buffer.from('half')))
    socket.destroy()
    await rejectsWith(command.exit, BridgeClosedError)
    for (const reading of readings) await isCut(reading)
  })

  it('has no end when the command is told to have failed', async () => {
    const reading = buffer(command.stdout)
    reading.catch(() => undefined)
    await says(encodeMessage(CHANNEL.end, { error: { name: 'Error', message: 'cut' } }))
    await rejectsWith(command.exit, Error)
    await isCut(reading)
  })

  it('is whole after the exit, read or not when the connection closes', async () => {
    await says(encodeFrames(CHANNEL.stdout, Buffer.from('whole')))
    await says(encodeMessage(CHANNEL.end, { exitCode: 0, known: true }))
    assert.deepEqual(await command.exit, { exitCode: 0, known: true })
    const closed = once(socket, 'close')
    socket.destroy()
    await closed
    assert.equal(String(await buffer(command.stdout)), 'whole')
    assert.equal(String(await buffer(command.stderr)), '')
  })
})
