// A guest connection in action: listening, connecting, shaking hands, ending.

import { inFile } from '../mutant.js'

export default [
  ...inFile('src/actors/gcs/connection/attempts.ts', [
    {
      breaks: 'one caller who gives up ends the attempt of all',
      from: 'if (attempt.callers === 0) attempt.abort.abort(why)',
      to: 'attempt.abort.abort(why)',
    },
    {
      breaks: 'an attempt that nobody waits for goes on',
      from: 'if (attempt.callers === 0) attempt.abort.abort(why)',
      to: '',
    },
    {
      breaks: 'whoever joins has no time of its own',
      from: 'call.timed ? Infinity : CONNECT_TIMEOUT_MS',
      to: 'Infinity',
    },
    {
      breaks: 'whoever comes joins an attempt that is being given up',
      from: 'while (this.#current?.abort.signal.aborted === true)',
      to: 'while (false)',
    },
    {
      breaks: 'every caller makes an attempt of its own',
      from: 'const attempt = this.#current ?? this.#start(op, act)',
      to: 'const attempt = this.#start(op, act)',
    },
  ]),
  ...inFile('src/actors/gcs/connection/bridge-listener.ts', [
    {
      breaks: 'a listener that could not be opened is never tried again',
      from: 'if (this.#listener === opening) this.#listener = undefined',
      to: '',
    },
    {
      breaks: 'a listener that nobody wants any more stays open',
      from: 'await listener.close()\n      throw error',
      to: 'throw error',
    },
    { breaks: 'a listener is opened before the last one has closed', from: 'await this.#closing\n', to: '' },
    {
      breaks: 'sockets that were accepted are counted for ever',
      from: "stream.once('close', () => gauges.sockets--)",
      to: '',
    },
  ]),
  ...inFile('src/actors/gcs/connection/connection.ts', [
    {
      breaks: 'as much waits for a guest that does not read as callers send',
      from: ' && unread + text.length > MAX_UNREAD_BYTES',
      to: ' && false',
    },
    {
      breaks: 'a failing result that is accepted fails',
      from: ' || this.options.accept?.includes(result >>> 0) === true',
      to: '',
    },
    {
      breaks: 'late answers are not made good',
      from: ';(effect.bounds as Waiting).options.onLate?.(effect.answer)',
      to: '',
    },
    { breaks: 'what a replaced stream says counts', from: 'if (!isCurrent()) return\n', to: '' },
    { breaks: 'the old stream stays open at a resume', from: 'old.destroy()', to: '' },
    {
      breaks: 'a stream stays open when its connection is over',
      from: 'this.#timer?.timer.clear()\n        this.#stream.destroy()',
      to: 'this.#timer?.timer.clear()',
    },
    {
      breaks: 'the timer of an earlier deadline is not taken',
      from: 'this.#timer.at <= deadlineMs',
      to: 'this.#timer.at >= 0',
    },
    {
      breaks: 'after a time-out no other request runs out',
      from: 'this.#watch(this.#bridge.nextDeadlineMs(), clock.now())',
      to: '',
    },
    { breaks: 'the handshake carries the trace context', from: "rpc === 'NegotiateProtocol' ? undefined : ", to: '' },
    {
      breaks: 'a stream that ended before it was taken is waited for',
      from: 'if (stream.destroyed) queueMicrotask',
      to: 'if (false) queueMicrotask',
    },
    {
      breaks: 'an error has neither operation nor id',
      from: 'this.reject(withContext(error, this.context))',
      to: 'this.reject(error)',
    },
  ]),
  ...inFile('src/actors/gcs/connection/connector.ts', [
    {
      breaks: 'a guest that hung up without a word ends the connect',
      from: 'if (!hungUp || signal.aborted',
      to: 'if (hungUp || signal.aborted',
    },
    {
      breaks: 'the listener stays open behind a connect',
      from: '    } finally {\n      await this.#listener.close()\n    }\n  }\n\n  #begin',
      to: '    } finally {\n    }\n  }\n\n  #begin',
    },
    {
      breaks: 'ids of the connection before are used again',
      from: 'if (this.#leftovers !== undefined) connection.seed(this.#leftovers.nextId)',
      to: '',
    },
    {
      breaks: 'a break is told at its end as well',
      from: 'if (!wasTold) this.#options.onEnd(error, cause)',
      to: 'this.#options.onEnd(error, cause)',
    },
    {
      breaks: 'another service id is taken for the one that was prepared',
      from: 'serviceId !== undefined && serviceId !== prepared',
      to: 'false',
    },
    {
      breaks: 'what is unknown is held for ever',
      from: 'this.#env.clock.after(RESTORE_MS, () => this.#endRestore(connection))',
      to: 'this.#env.clock.after(Infinity, () => this.#endRestore(connection))',
    },
    {
      breaks: 'what nobody has taken over is not told',
      from: 'if (ids.length + containers.length === 0) return',
      to: 'return',
    },
    {
      breaks: 'a connection that ends with its VM is recorded as broken',
      from: 'this.#endings.gone === undefined && this.#recorder',
      to: 'this.#recorder',
    },
    {
      breaks: 'a connect after the end of the VM waits',
      from: 'this.#endings.assertNotGone(CONNECT)\n    await this.#attempts.settleAborted()\n    this.#endings.assertNotGone(CONNECT)',
      to: 'await this.#attempts.settleAborted()',
      equivalent: 'the listener that it would open for refuses it just so',
    },
    {
      breaks: 'a close does not end the attempt that runs',
      from: "const settled = this.#attempts.end((op) => new InvalidStateError({ ...this.#context(op), state: 'closed', reason }))",
      to: 'const settled = Promise.resolve()',
    },
    {
      breaks: 'the end of the VM leaves the listener open',
      from: 'await settled\n    await this.#listener.close()\n    if (cause !== undefined)',
      to: 'await settled\n    if (cause !== undefined)',
    },
    {
      breaks: 'a connection is closed twice for one guest',
      from: 'if (this.#connection !== connection) return\n    const served',
      to: 'const served',
      equivalent: 'another takes its place only when it is over, and it ends once',
    },
  ]),
  ...inFile('src/actors/gcs/connection/endings.ts', [
    {
      breaks: 'the end of the VM counts for more than the deadline',
      from: 'if (reason instanceof UVMError) return reason\n    if (this.gone !== undefined) return this.unavailable(op)',
      to: 'if (this.gone !== undefined) return this.unavailable(op)\n    if (reason instanceof UVMError) return reason',
    },
    {
      breaks: 'later calls do not know why the connection ended',
      from: 'if (this.last !== undefined) return new',
      to: 'if (false) return new',
    },
    {
      breaks: 'a guest that never connected and one that is gone swap their texts',
      from: 'return gone === undefined\n',
      to: 'return gone !== undefined\n',
    },
  ]),
  ...inFile('src/actors/gcs/connection/entropy-listener.ts', [
    { breaks: 'too little entropy is given', from: 'const ENTROPY_BYTES = 512', to: 'const ENTROPY_BYTES = 511' },
    {
      breaks: 'the listener stays open once entropy was given',
      from: 'await this.#drop()\n    if (socket === undefined) return',
      to: 'if (socket === undefined) return',
    },
    {
      breaks: 'a socket that fails at the close is told as a warning',
      from: "socket.on('error', (error) => {\n      if (!this.#closed) onWarning(error)",
      to: "socket.on('error', (error) => {\n      onWarning(error)",
    },
  ]),
  ...inFile('src/actors/gcs/connection/greeting.ts', [
    {
      breaks: 'a handshake that is given up goes on',
      from: "signal.addEventListener('abort', giveUp, { once: true })",
      to: '',
    },
    {
      breaks: 'a resume that is given up ends the connection',
      from: "if (connection.transport.kind === 'resuming')\n      connection.drop",
      to: 'if (false)\n      connection.drop',
    },
    {
      breaks: 'a guest that answers a resume wrongly may try again',
      from: "if (connection.transport.kind === 'resuming') connection.close(",
      to: 'if (false) connection.close(',
    },
  ]),
  ...inFile('src/actors/gcs/connection/handshake.ts', [
    { breaks: 'another protocol version is taken', from: 'negotiated.version !== PROTOCOL_VERSION', to: 'false' },
    {
      breaks: 'another system than the VM was made for is taken',
      from: 'if (os !== options.guestOS) {',
      to: 'if (false) {',
    },
    {
      breaks: 'the host is created on every connection',
      from: 'if (options.coldStart) await greet',
      to: 'await greet',
    },
    {
      breaks: 'a Linux guest is told of addresses too',
      from: "if (options.guestOS === 'windows') await ask('ModifySettings'",
      to: "await ask('ModifySettings'",
    },
    {
      breaks: 'a Start is sent to a guest that asks for none',
      from: "if (guest.capabilities['SendHostStartMessage'] === true) await ask('Start'",
      to: "await ask('Start'",
    },
    {
      breaks: 'a Windows guest that does not name its system is refused',
      from: "negotiated.runtimeOsType === '' ? 'windows' : ",
      to: '',
    },
  ]),
]
