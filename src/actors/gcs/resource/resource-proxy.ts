// The part of a Guest that is one request a method: what is mounted, plugged and configured inside. The methods are made from the
// statements in protocol/guest-resources, their types too, so that none can be forgotten.

import {
  GUEST_METHOD_NAMES,
  guestMethod,
  guestRequest,
  type GuestMethodName,
  type ResourceManagers,
} from '../../../protocol/guest-resources/methods.js'
import { documentText } from '../../arguments.js'
import { Events, type EventNames } from '../../events.js'
import type { CallOptions, CallSubject } from '../../mailbox/contract.js'

abstract class ResourceSender<E> extends Events<E> {
  /** Sends one ModifySettings. `write` makes its Request value and may throw InvalidConfigError. */
  protected abstract modify(
    method: GuestMethodName,
    write: (subject: CallSubject) => string,
    options: CallOptions | undefined,
  ): Promise<void>

  static {
    for (const method of GUEST_METHOD_NAMES) {
      const { count } = guestMethod(method)
      const { [method]: value } = {
        [method](this: ResourceSender<unknown>, ...args: unknown[]): Promise<void> {
          const write = (subject: CallSubject): string => resourceRequest(method, args.slice(0, count), subject)
          return this.modify(method, write, args[count] as CallOptions | undefined)
        },
      }
      Object.defineProperty(this.prototype, method, { value, writable: true, configurable: true })
    }
  }
}

/** An emitter with the methods of every resource manager. */
export const GuestResources = ResourceSender as unknown as abstract new <E>(
  label: string,
  names: EventNames<E>,
) => ResourceSender<E> & ResourceManagers

/** The Request value for the arguments of a method. @throws {InvalidConfigError} */
export function resourceRequest(method: GuestMethodName, args: readonly unknown[], subject: CallSubject): string {
  return guestRequest(method, args, subject, (type, value) => documentText(subject, type, value))
}
