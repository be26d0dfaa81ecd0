// The handshake of protocol version 4: negotiate, check the guest's system, and on a cold start send what the guest asks for.
//
// No I/O of its own: `ask` sends one request and answers it. Any failure means that the connection must be closed.

import { ProtocolError, UnsupportedGuestError } from '../../../errors.js'
import type { RpcName } from '../../../protocol/bridge/header.js'
import {
  CAPABILITY_FLAGS,
  decodeNegotiated,
  GUEST_DEFINED_CAPABILITIES,
  hostCreateBody,
  negotiateBody,
  PROTOCOL_VERSION,
  requestBody,
  type Answer,
} from '../../../protocol/bridge/messages.js'
import { WCOW_PARENT_ADDRESS } from '../../../protocol/hvsocket.js'
import { foldedMember as member } from '../../../protocol/bridge/folding.js'
import type { GuestOS } from '../../../protocol/guest-os.js'
import { NULL_CONTAINER_ID, type NegotiatedGuest } from '../contract.js'

export interface HandshakeOptions {
  guestOS: GuestOS
  runtimeId: string
  coldStart: boolean
  /** TimeZoneInformation document, or ''. */
  timeZone: string
}

/**
 * @throws {ProtocolError} another version, or capabilities that do not decode
 * @throws {UnsupportedGuestError} the guest says that it is another system than the VM was built for
 */
export async function shakeHands(
  ask: (rpc: RpcName, body: string) => Promise<Answer>,
  options: HandshakeOptions,
): Promise<NegotiatedGuest> {
  const negotiated = decodeNegotiated(await ask('NegotiateProtocol', negotiateBody()))
  if (negotiated.version !== PROTOCOL_VERSION) {
    throw new ProtocolError({
      reason: `the guest chose protocol version ${negotiated.version}, not ${PROTOCOL_VERSION}`,
    })
  }
  // Older Windows guests leave their system out.
  const os = negotiated.runtimeOsType === '' ? 'windows' : negotiated.runtimeOsType.toLowerCase()
  if (os !== options.guestOS) {
    const said = JSON.stringify(negotiated.runtimeOsType.slice(0, 80))
    throw new UnsupportedGuestError({
      reason: `the guest says that it is ${said}, the VM was made for ${options.guestOS}`,
    })
  }
  const guest = describeGuest(options.guestOS, negotiated.capabilities, negotiated.guestDefined)
  if (options.coldStart) await greet(ask, guest, options)
  return guest
}

function describeGuest(
  guestOS: GuestOS,
  capabilities: Record<string, unknown>,
  defined: Record<string, unknown>,
): NegotiatedGuest {
  const versions = member(capabilities, 'SupportedSchemaVersions')
  return {
    guestOS,
    capabilities: {
      ...Object.fromEntries(CAPABILITY_FLAGS.map((name) => [name, member(capabilities, name) === true])),
      SupportedSchemaVersions: Array.isArray(versions) ? versions : [],
      RuntimeOsType: guestOS,
    },
    guestDefined: Object.fromEntries(GUEST_DEFINED_CAPABILITIES.map((name) => [name, member(defined, name) === true])),
  }
}

/** Cold start: host create and start when the guest asks, and for Windows the addresses of its sockets. */
async function greet(
  ask: (rpc: RpcName, body: string) => Promise<Answer>,
  guest: NegotiatedGuest,
  options: HandshakeOptions,
): Promise<void> {
  if (guest.capabilities['SendHostCreateMessage'] === true) {
    await ask('Create', hostCreateBody(options.timeZone))
    if (guest.capabilities['SendHostStartMessage'] === true) await ask('Start', requestBody(NULL_CONTAINER_ID))
  }
  if (options.guestOS === 'windows') await ask('ModifySettings', hvSocketUpdateBody(options.runtimeId))
}

function hvSocketUpdateBody(runtimeId: string): string {
  const settings = `{"LocalAddress":"${runtimeId}","ParentAddress":"${WCOW_PARENT_ADDRESS}"}`
  const request = `{"RequestType":"Update","ResourceType":"HvSocket","Settings":${settings}}`
  return requestBody(NULL_CONTAINER_ID, { Request: request })
}
