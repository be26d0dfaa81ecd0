// The greetings of both ends as values: no sockets, no clocks. Where there is a secret (a named pipe of Windows can be listened on by
// anyone), each end proves that it knows it, over both ends' nonces and all that the greeting says; without one the directory's mode is
// what keeps others out. The client says nothing that is worth hearing before the service has proved itself.

import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import { isRecord } from '../../protocol/json.js'
import {
  MessageError,
  PROTOCOL_MAJOR,
  readClientHello,
  readEntered,
  readEntering,
  readServiceHello,
  type ClientHello,
  type Entering,
  type Greeting,
  type Role,
  type ServiceGreeting,
  type ServiceHello,
} from './messages.js'

const NONCE_BYTES = 32

export type Secret = Uint8Array | undefined

function prove(
  secret: Uint8Array,
  end: 'client' | 'service',
  nonces: readonly Uint8Array[],
  said: unknown,
): Uint8Array {
  const hmac = createHmac('sha256', secret).update(`uvm service ${PROTOCOL_MAJOR} ${end}\0`)
  for (const nonce of nonces) hmac.update(nonce)
  return hmac.update(JSON.stringify(said)).digest()
}

function isSame(proof: Uint8Array | undefined, expected: Uint8Array): boolean {
  return proof?.byteLength === expected.byteLength && timingSafeEqual(proof, expected)
}

const saidBy = ({ major, version, pid, provider, directory }: ServiceHello): unknown[] => [
  major,
  version,
  pid,
  provider,
  directory,
]
const entered = ({ as, client, socket }: Entering): unknown[] => [as, client, socket]

/** Who a client takes itself for. */
export interface Entrance {
  as: Role
  client?: string
  socket?: bigint
}

/** Why a greeting came to nothing, in words for the caller. */
export class HandshakeError extends Error {
  /** What the service said of itself, when it came that far. */
  readonly hello: ServiceHello | undefined

  constructor(message: string, hello?: ServiceHello) {
    super(message)
    this.hello = hello
  }
}

export type ClientStep = { send: Greeting } | { isIn: true; client: string; hello: ServiceHello }

export class ClientHandshake {
  readonly #entrance: Entrance
  readonly #secret: Secret
  readonly #own: ClientHello
  #hello: ServiceHello | undefined

  constructor(options: { version: string; entrance: Entrance; secret: Secret; major?: number }) {
    this.#entrance = options.entrance
    this.#secret = options.secret
    this.#own = { major: options.major ?? PROTOCOL_MAJOR, version: options.version, nonce: randomBytes(NONCE_BYTES) }
  }

  /** The first message. */
  begin(): Greeting {
    return { hello: this.#own }
  }

  /** @throws {HandshakeError} @throws {MessageError} */
  receive(message: unknown): ClientStep {
    if (this.#hello === undefined) return this.#greeted(message)
    const answer = readEntered(message)
    if ('refused' in answer)
      throw new HandshakeError(`the service refused the connection: ${answer.refused}`, this.#hello)
    return { isIn: true, client: answer.entered, hello: this.#hello }
  }

  #greeted(message: unknown): ClientStep {
    if (isRecord(message) && typeof message['refused'] === 'string') {
      throw new HandshakeError(`the service refused the connection: ${message['refused']}`)
    }
    const hello = readServiceHello(message)
    if (hello.major !== this.#own.major) {
      throw new HandshakeError(
        `the service (pid ${hello.pid}, version ${hello.version}) speaks protocol ${hello.major}, ` +
          `this program (version ${this.#own.version}) ${this.#own.major}`,
        hello,
      )
    }
    const nonces = [this.#own.nonce, hello.nonce]
    if (this.#secret !== undefined && !isSame(hello.proof, prove(this.#secret, 'service', nonces, saidBy(hello)))) {
      throw new HandshakeError('who answers there does not know the secret of the service: it is somebody else', hello)
    }
    this.#hello = hello
    const { as, client = '', socket } = this.#entrance
    const enter: Entering = { as, client, socket: socket === undefined ? '' : String(socket) }
    if (this.#secret !== undefined) enter.proof = prove(this.#secret, 'client', nonces, entered(enter))
    return { send: { enter } }
  }
}

export type ServiceStep =
  | { send: ServiceGreeting }
  /** The last message before the connection is closed. */
  | { refuse: ServiceGreeting }
  | { enters: Entering }

export class ServiceHandshake {
  readonly #own: ServiceHello
  readonly #secret: Secret
  #client: ClientHello | undefined

  constructor(options: { about: Omit<ServiceHello, 'nonce' | 'proof'>; secret: Secret }) {
    this.#own = { ...options.about, nonce: randomBytes(NONCE_BYTES) }
    this.#secret = options.secret
  }

  /** @throws {MessageError} */
  receive(message: unknown): ServiceStep {
    if (this.#client === undefined) return this.#greeted(readClientHello(message))
    const entering = readEntering(message)
    const nonces = [this.#client.nonce, this.#own.nonce]
    if (
      this.#secret !== undefined &&
      !isSame(entering.proof, prove(this.#secret, 'client', nonces, entered(entering)))
    ) {
      return { refuse: { refused: 'the client does not know the secret of this service' } }
    }
    return { enters: entering }
  }

  #greeted(hello: ClientHello): ServiceStep {
    // A client of another major learns who is here, and leaves by itself.
    if (hello.major !== this.#own.major) return { refuse: { hello: this.#own } }
    if (hello.nonce.byteLength !== NONCE_BYTES) throw new MessageError('a nonce is not as the protocol has it')
    this.#client = hello
    const proof = this.#secret && prove(this.#secret, 'service', [hello.nonce, this.#own.nonce], saidBy(this.#own))
    return { send: { hello: proof === undefined ? this.#own : { ...this.#own, proof } } }
  }
}
