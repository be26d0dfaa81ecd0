// Comlink's adapter for Node.js ports comes without types at the path that its exports allow.

declare module 'comlink/dist/esm/node-adapter.mjs' {
  import type { Endpoint } from 'comlink'
  import type { MessagePort } from 'node:worker_threads'

  export default function nodeEndpoint(port: MessagePort): Endpoint
}
