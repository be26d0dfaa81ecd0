// The SCSI controllers of a UVM. Their GUIDs are fixed, so that the guest finds controller n by its VMBus instance: version 5 UUIDs of
// the ASCII digit n in the namespace d422512d-2bf2-4752-809d-7b82b5fcb1b4 (reference implementation).

export const SCSI_CONTROLLER_GUIDS = [
  'df6d0690-79e5-55b6-a5ec-c1e2f77f580a',
  '0110f83b-de10-5172-a266-78bca56bf50a',
  'b5d2d8d4-3a75-51bf-945b-3444dc6b8579',
  '305891a9-b251-5dfe-91a2-c25d9212275b',
] as const

/** Highest LUN of a controller; Hyper-V has 64 on each. */
export const MAX_LUN = 63
