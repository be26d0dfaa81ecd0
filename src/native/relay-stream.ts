// The relay of a caller's stream to a compute service elsewhere, for a migration.

import type { Duplex } from 'node:stream'

/**
 * Joins a caller's stream and our end of the way to the service, until either is over. The caller's stream is neither ended nor destroyed:
 * that is its owner's business.
 */
export function relayBetween(stream: Duplex, end: Duplex): void {
  const lost = (): void => {
    // What has been read is still delivered.
    if (stream.readableEnded && !end.writableFinished) end.once('finish', () => end.destroy())
    else end.destroy()
  }
  end.on('error', () => undefined)
  if (stream.destroyed) {
    end.destroy()
    return
  }
  stream.on('error', lost)
  stream.on('close', lost)
  // The service has said its last word: it lets go. A socket that may be half open would not notice.
  end.once('end', () => end.destroy())
  end.once('close', () => {
    stream.unpipe(end)
    end.unpipe(stream)
    stream.off('error', lost)
    stream.off('close', lost)
  })
  stream.pipe(end)
  end.pipe(stream, { end: false })
}
