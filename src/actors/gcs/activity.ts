// What goes on inside one guest, as this side sees it: counted where it passes, told by `Host.stats({ vms: true })`.

export class Activity {
  /** Started or opened by this program; their exit is not known, and nobody has closed them. */
  processes = 0
  /** Bytes of stdin that went to the guest. */
  stdinBytes = 0
  /** Bytes of stdout and stderr that came from it. */
  outputBytes = 0
}
