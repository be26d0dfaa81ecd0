// The next program of a service process, with as few VMs as show it: that these are many is in the long tests.

import { testNextProgram } from './next-program.js'

testNextProgram(4)
