// What follows a break: the next transport, and the recording of the last.

import { inFile } from '../mutant.js'

export default [
  ...inFile('src/actors/gcs/connection/reconnect.ts', [
    {
      breaks: 'one more connection is tried than asked for',
      from: 'triedMs.length >= bounds.attempts',
      to: 'triedMs.length > bounds.attempts',
    },
    {
      breaks: 'every try has the whole time again',
      from: 'isNew ? nowMs + bounds.withinMs : state.untilMs',
      to: 'nowMs + bounds.withinMs',
    },
    {
      breaks: 'tries are counted for ever',
      from: 'state.triedMs.filter((at) => at > nowMs - bounds.withinMs)',
      to: 'state.triedMs',
    },
    {
      breaks: 'tries that succeeded are not counted',
      from: "state: { kind: 'up', triedMs: state.triedMs }, effects: ['stop', 'tell-restored']",
      to: "state: { kind: 'up', triedMs: [] }, effects: ['stop', 'tell-restored']",
    },
    { breaks: 'a break is told at every try', from: "isNew ? ['tell-lost'] : []", to: "['tell-lost']" },
    {
      breaks: 'a guest that comes late is waited for',
      from: "isActive ? { state: IDLE, effects: ['stop', 'give-up-time'] }",
      to: 'isActive ? { state, effects: [] }',
    },
  ]),
  ...inFile('src/actors/gcs/connection/reconnector.ts', [
    { breaks: 'the timer of a break that was followed goes on', from: 'following.timer.clear()', to: '' },
    {
      breaks: 'whoever waits for the guest does not hear that it is given up',
      from: "event === 'late' || event === 'lost'",
      to: "event === 'lost'",
    },
    { breaks: 'the listener stays open when the guest is back', from: '    this.#options.onStop()', to: '' },
    { breaks: 'a listener that fails is told as a guest that does not come', from: 'this.#failure = error\n', to: '' },
    {
      breaks: 'a stream that comes too late stays open',
      from: 'if (isOver()) return void stream.destroy()',
      to: 'if (isOver()) return',
    },
  ]),
  ...inFile('src/actors/gcs/connection/recorder.ts', [
    {
      breaks: "a broken connection's cause is recorded unscrubbed",
      from: '${scrubText(cause.message)}',
      to: '${cause.message}',
    },
    {
      breaks: 'what the guest refused with is quoted',
      from: 'said === undefined ? ',
      to: 'said !== undefined || true ? ',
    },
    { breaks: 'bodies are kept unscrubbed', from: 'const kept = scrubJson(text)', to: 'const kept = text' },
    { breaks: 'the ring has no bound in frames', from: 'this.frames > frames || ', to: '' },
    { breaks: 'the ring has no bound in bytes', from: ' || this.#bytes > bytes', to: '' },
    { breaks: 'dropped frames are not counted', from: 'this.#dropped++', to: '' },
    { breaks: 'a frame that is too large empties the ring', from: ' && text.length + FRAME_BYTES <= bytes', to: '' },
  ]),
  ...inFile('src/actors/gcs/connection/recordings.ts', [
    {
      breaks: 'a VM that exits leaves a recording of a break',
      from: 'this.#undecided?.timer.clear()\n    this.#undecided = undefined',
      to: '',
    },
    {
      breaks: 'a recording that cannot be written is not told',
      from: 'this.#options.onWarning(error as Error),',
      to: 'void error,',
    },
    { breaks: 'two recordings of one time have one name', from: '-${++this.#count}.gcsrec', to: '.gcsrec' },
    {
      breaks: 'the refusals of a guest without recorder and without connection are swapped',
      from: "isOff ? 'the recorder of this guest is switched off' : 'the guest has not connected yet'",
      to: "!isOff ? 'the recorder of this guest is switched off' : 'the guest has not connected yet'",
    },
    { breaks: 'a close does not wait for its recordings', from: 'await Promise.all(this.#writing)', to: '' },
    {
      breaks: 'an id takes a recording out of its directory',
      from: "init.vmId.replace(/[^\\w.-]+/g, '_')",
      to: 'init.vmId',
    },
  ]),
]
