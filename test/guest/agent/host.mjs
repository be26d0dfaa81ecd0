// For `node --import`: a program's Host.open listens where the guest of run.sh dials, and its compute service is simulated without a guest.

import { Host } from 'uvm-actors'

const open = Host.open.bind(Host)
Host.open = (options = {}) =>
  open({ ...options, socketDirectory: `${process.env.OUT}/sockets`, simulated: { guest: 'none' } })
