// Bytes from one stream into another, one of which is the caller's: it may be process.stdout, used again and again, so nothing of ours stays
// on it and it is never ended or destroyed. (stream.pipeline leaves its listeners behind.)

import { finished, type Readable, type Writable } from 'node:stream'

/** Which side came to its end first, and with what error. */
export interface PumpEnd {
  readonly side: 'source' | 'sink'
  readonly error?: Error
  /** The sink threw at what came: the fault of either. */
  readonly thrown?: true
}

export interface Pump {
  /** Never rejects. Stays pending after `stop`. */
  readonly done: Promise<PumpEnd>
  /** Lets go of both streams. Idempotent. */
  stop(): void
}

/** Pumps until either side ends, fails or goes away; a sink that is slow holds the source. */
export function pump(source: Readable, sink: Writable): Pump {
  let stop = (): void => undefined
  const done = new Promise<PumpEnd>((resolve) => {
    const end = (side: PumpEnd['side'], error: Error | null | undefined): void => {
      stop()
      resolve(error ? { side, error } : { side })
    }
    const take = (chunk: unknown): void => {
      try {
        if (!sink.write(chunk)) source.pause()
      } catch (error) {
        // A sink that is broken, or a source of objects instead of bytes.
        stop()
        resolve({ side: 'sink', error: error instanceof Error ? error : new Error(String(error)), thrown: true })
      }
    }
    const more = (): void => void source.resume()
    const forgetSink = finished(sink, { readable: false }, (error) => end('sink', error))
    const forgetSource = finished(source, { writable: false }, (error) => end('source', error))
    stop = (): void => {
      forgetSink()
      forgetSource()
      source.off('data', take)
      sink.off('drain', more)
      source.pause()
    }
    sink.on('drain', more)
    source.on('data', take)
    // As pipe() does: a source that somebody has paused, such as the process's own stdin after a command before, flows again.
    source.resume()
  })
  return { done, stop: () => stop() }
}
