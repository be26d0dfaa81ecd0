// How messages travel between our caller and an actor: packed.
//
// A plain Comlink client sends one object a call, with a text id, and is answered so. Our caller sends flat arrays: structured clone
// pays for every object and every member's name, which for small calls is most of the cost. Measured (bench/suites/mailbox.ts), packing and
// early sending are what carries more than twice the calls that arrays of Comlink messages did.

/** Calls, four entries each: id, method, input, meta. */
export type CallBatch = unknown[]
/** Answers and notices, two entries each: id and value. A failure has its id negative and its error's record; the id of a notice is NOTICE. */
export type AnswerBatch = unknown[]

const CALL_ENTRIES = 4
const ANSWER_ENTRIES = 2

/** Stands where an answer has its id; calls count from 1. */
export const NOTICE = 0

/**
 * Messages that go out without waiting for the end of the turn: the other thread begins with them while this one goes on. Fewer wake
 * it too often, more leave it idle.
 */
const EARLY_MESSAGES = 32
export const EARLY_CALL_ENTRIES = EARLY_MESSAGES * CALL_ENTRIES
export const EARLY_ANSWER_ENTRIES = EARLY_MESSAGES * ANSWER_ENTRIES

export function packCall(batch: CallBatch, id: number, method: string, input: unknown, meta: unknown): void {
  batch.push(id, method, input, meta)
}

/** Takes a call out again. False when it is not there. */
export function dropCall(batch: CallBatch, id: number): boolean {
  for (let at = 0; at < batch.length; at += CALL_ENTRIES) {
    if (batch[at] !== id) continue
    batch.splice(at, CALL_ENTRIES)
    return true
  }
  return false
}

/** The batches of one call each. */
export function splitCalls(batch: CallBatch): { id: number; single: CallBatch }[] {
  const calls = []
  for (let at = 0; at < batch.length; at += CALL_ENTRIES) {
    calls.push({ id: batch[at] as number, single: batch.slice(at, at + CALL_ENTRIES) })
  }
  return calls
}

/** Hands over every call. */
export function unpackCalls(
  batch: CallBatch,
  take: (id: number, method: string, input: unknown, meta: unknown) => void,
): void {
  for (let at = 0; at < batch.length; at += CALL_ENTRIES) {
    take(batch[at] as number, batch[at + 1] as string, batch[at + 2], batch[at + 3])
  }
}

/** The batches of one answer or notice each. */
export function splitAnswers(batch: AnswerBatch): AnswerBatch[] {
  const answers = []
  for (let at = 0; at < batch.length; at += ANSWER_ENTRIES) answers.push(batch.slice(at, at + ANSWER_ENTRIES))
  return answers
}
