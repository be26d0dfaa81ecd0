// Either thread of the two bare hops: one passes on, the other answers with what it was given.

import { parentPort, workerData, type MessagePort } from 'node:worker_threads'

const { next, echo } = workerData as { next?: MessagePort; echo?: MessagePort }
echo?.on('message', (message: unknown) => echo.postMessage(message))
next?.on('message', (message: unknown) => parentPort?.postMessage(message))
parentPort?.on('message', (message: unknown) => next?.postMessage(message))
