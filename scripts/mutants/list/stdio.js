// Streams of guest processes, and commands whose streams are relayed.

import { inFile } from '../mutant.js'

const STDIO = ['test/actors/gcs/process/stdio.test.ts']
const EXEC = ['test/actors/gcs/process/exec.test.ts', 'test/actors/gcs/process/exec-streams.test.ts']

export default [
  ...inFile('src/actors/gcs/process/breaks.ts', [
    { breaks: 'a command goes on although its output is cut', from: 'this.#running.add(running)', to: '', tests: EXEC },
    {
      breaks: 'a command that has ended is still told of breaks',
      from: 'this.#running.delete(running)\n',
      to: '\n',
      tests: EXEC,
      equivalent:
        'it aborts a controller that nobody listens to any more; all that is left is a little memory, until the Guest goes',
    },
  ]),
  ...inFile('src/actors/gcs/process/exec-output.ts', [
    { breaks: 'output beyond the bound is kept', from: 'this.#room -= kept.byteLength', to: '', tests: EXEC },
    {
      breaks: 'nobody is told that output was dropped',
      from: 'if (kept.byteLength < chunk.byteLength) this.isTruncated = true',
      to: '',
      tests: EXEC,
    },
    {
      breaks: 'stdout and stderr are swapped',
      from: "[collectors.get('stdout'), collectors.get('stderr')]",
      to: "[collectors.get('stderr'), collectors.get('stdout')]",
      tests: EXEC,
    },
    {
      breaks: "the caller's own stream holds nothing up",
      from: 'if (this.#to === undefined || this.#to.write(chunk)) {',
      to: 'if (this.#to === undefined || (this.#to.write(chunk), true)) {',
      tests: EXEC,
    },
  ]),
  ...inFile('src/actors/gcs/process/exec.ts', [
    {
      breaks: 'input that nobody reads holds the exit up',
      from: 'const failed = input.done.then(() => new Promise<never>(() => undefined))',
      to: 'const failed = input.done.then(() => through)',
      tests: EXEC,
      equivalent: 'a race settles with whichever comes first, and both are the exit then',
    },
    { breaks: "the caller's streams keep our listeners", from: "stream.off('error', hear)", to: '', tests: EXEC },
    { breaks: 'a program that was given up is not killed', from: 'void giveUp(process, host)', to: '', tests: EXEC },
    {
      breaks: 'nobody is told of a program that goes on',
      from: "onLeft(new InvalidStateError({ ...subject, state: 'left-running', reason, cause }))",
      to: '',
      tests: EXEC,
    },
    {
      breaks: 'the time of the start is given once more',
      from: 'Math.max(timeoutMs - (clock.now() - startedMs), Number.MIN_VALUE)',
      to: 'timeoutMs',
      tests: EXEC,
    },
    { breaks: 'a backslash before a quote is not doubled', from: "'$1$1\\\\\"'", to: "'$1\\\\\"'", tests: EXEC },
    {
      breaks: 'an output stream that fails is no failure',
      from: "if (side === 'sink') throw error ?? new Error('the stream for the output was ended')",
      to: '',
      tests: EXEC,
    },
    {
      breaks: 'the streams stay ours when the command has ended',
      from: 'for (const { stop } of [...output, input]) stop()',
      to: '',
      tests: EXEC,
    },
    {
      breaks: 'input is not ended behind a stream of the caller',
      from: 'if (error !== undefined) throw error\n    to.end()',
      to: 'if (error !== undefined) throw error',
      tests: EXEC,
    },
    {
      breaks: 'a program of blanks is started',
      from: 'if (commandLine && (guestOS',
      to: 'if (false && commandLine && (guestOS',
      tests: EXEC,
    },
    {
      breaks: 'a terminal may have a stderr',
      from: 'if (terminal && request.stderr !== undefined) {',
      to: 'if (false) {',
      tests: EXEC,
    },
  ]),
  ...inFile('src/actors/gcs/process/pump.ts', [
    {
      breaks: 'a slow sink does not hold its source',
      from: 'if (!sink.write(chunk)) source.pause()',
      to: 'sink.write(chunk)',
      tests: EXEC,
    },
    {
      breaks: 'a source is read on when the pump has stopped',
      from: "source.off('data', take)\n      sink.off('drain', more)\n      source.pause()",
      to: "source.off('data', take)\n      sink.off('drain', more)",
      tests: EXEC,
    },
    { breaks: 'a listener stays on the sink', from: "sink.off('drain', more)", to: '', tests: EXEC },
  ]),
  ...inFile('src/actors/gcs/process/stdio-channel.ts', [
    {
      breaks: 'stdin credit is one byte short',
      from: 'this.post({ credit: chunk.byteLength })',
      to: 'this.post({ credit: chunk.byteLength - 1 })',
      tests: STDIO,
    },
    {
      breaks: 'a port is left open at the end of a stream',
      from: "this.post({ end: true })\n    // What was posted arrives before the port's own end: whoever never reads holds nothing here.\n    this.port.close()",
      to: 'this.post({ end: true })',
      tests: STDIO,
    },
    {
      breaks: 'output is read ahead without bound',
      from: 'if (this.#unreadBytes >= STDIO_WINDOW_BYTES) socket.pause()',
      to: '',
      tests: STDIO,
    },
    {
      breaks: 'output that was paused never goes on',
      from: 'if (this.#unreadBytes < STDIO_WINDOW_BYTES) this.socket?.resume()',
      to: '',
      tests: STDIO,
    },
    {
      breaks: 'small pieces are lost at the end',
      from: 'this.over = true\n    this.#flush()\n    this.post({ end: true })',
      to: 'this.over = true\n    this.post({ end: true })',
      tests: STDIO,
    },
    {
      breaks: 'small pieces wait for more although the reader has room',
      from: 'if (this.#messages < MAX_MESSAGES) this.#flush()',
      to: '',
      tests: STDIO,
    },
    {
      breaks: 'a guest that writes a byte at a time costs a message each',
      from: 'if (this.#messages < MAX_MESSAGES) this.#send(ownBytes(chunk))',
      to: 'if (true) this.#send(ownBytes(chunk))',
      tests: STDIO,
    },
    {
      breaks: 'gathered pieces overwrite each other',
      from: 'this.#gatheredBytes += chunk.byteLength',
      to: 'this.#gatheredBytes = chunk.byteLength',
      tests: STDIO,
    },
    {
      breaks: 'a large piece overtakes small ones',
      from: 'if (this.#gatheredBytes + chunk.byteLength > GATHER_BYTES) this.#flush()',
      to: 'if (this.#gatheredBytes + chunk.byteLength > GATHER_BYTES && chunk.byteLength < GATHER_BYTES) this.#flush()',
      tests: STDIO,
    },
    {
      breaks: 'a stream that never connects is waited for',
      from: 'this.#lateTimer = this.#clock.after(LATE_CONNECT_MS, () => this.finish({ closed: true, unused: true }))',
      to: '',
      tests: STDIO,
    },
    {
      breaks: 'a stream that connects late is cut later',
      from: 'this.#lateTimer?.clear()\n    this.socket = socket',
      to: 'this.socket = socket',
      tests: STDIO,
    },
    {
      breaks: 'the listener of a stream stays open',
      from: 'await this.#listener.close()\n    if (!this.#isListening) return',
      to: 'if (!this.#isListening) return',
      tests: STDIO,
    },
    {
      breaks: 'input that came before the guest connected is lost',
      from: 'for (const chunk of this.#early.splice(0)) this.#write(socket, chunk)',
      to: '',
      tests: STDIO,
    },
    {
      breaks: 'an end of input that came before the guest connected is lost',
      from: 'if (this.#ended) socket.end()',
      to: '',
      tests: STDIO,
    },
    {
      breaks: 'input of a process that is gone stays open',
      from: 'super.exited()\n    this.#closeIfUnread()',
      to: 'super.exited()',
      tests: STDIO,
    },
    {
      breaks: "a guest's own end of file stops its input",
      from: 'if (this.hasExited && (this.#guestHasEnded',
      to: 'if ((this.#guestHasEnded',
      tests: STDIO,
    },
    {
      breaks: 'bytes of a shared buffer are transferred with it',
      from: 'chunk.byteOffset === 0 && buffer.byteLength === chunk.byteLength',
      to: 'chunk.byteOffset === 0',
      tests: STDIO,
    },
  ]),
  ...inFile('src/actors/gcs/process/stdio-streams.ts', [
    {
      breaks: 'output that is cut has an error of Node.js alone',
      from: 'this.destroy(this.#cutBy)',
      to: 'this.destroy()',
      tests: ['test/actors/gcs/process/stdio-cut.test.ts'],
    },
    {
      breaks: 'input that is cut ends as if the process had closed it',
      from: 'this.writableFinished ? undefined : cutError(this.#subject)',
      to: 'undefined',
      tests: ['test/actors/gcs/process/stdio-cut.test.ts'],
    },
    { breaks: 'stdin sends without credit', from: ' && this.#credit > 0', to: '', tests: STDIO },
    {
      breaks: 'a write whose stream is lost never ends',
      from: 'pending?.done(error ?? unreadError(this.#subject))',
      to: '',
      tests: STDIO,
    },
    {
      breaks: 'what was written is cut when stdin has finished',
      from: 'if (this.writableFinished) this.#port.close()',
      to: 'if (false) this.#port.close()',
      tests: STDIO,
    },
    {
      breaks: "the caller's buffer goes with its bytes",
      from: 'new Uint8Array(rest.subarray(0, size))',
      to: 'rest.subarray(0, size) as Uint8Array<ArrayBuffer>',
      tests: STDIO,
    },
    {
      breaks: 'the end overtakes what has not been read',
      from: 'if (this.#ended) this.push(null)',
      to: 'this.push(null)',
      tests: STDIO,
    },
    {
      breaks: 'bytes are taken although nobody reads',
      from: 'if (hasRoom) this.#wanted = true',
      to: 'this.#wanted = true',
      tests: STDIO,
    },
    {
      breaks: 'an empty write waits for ever',
      from: 'if (chunk.byteLength === 0) {\n      callback()\n      return\n    }',
      to: 'if (chunk.byteLength === 0) return',
      tests: STDIO,
    },
    {
      breaks: 'the guest writes on for a reader that is gone',
      from: 'this.#received.length = 0\n    closePort(this.#port)',
      to: 'this.#received.length = 0',
      tests: STDIO,
    },
  ]),
]
