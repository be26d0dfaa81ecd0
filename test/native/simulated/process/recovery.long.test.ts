import { testNextProgram } from './next-program.js'

testNextProgram(100)
