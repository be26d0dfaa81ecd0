// node --test with-node.js
import { test } from 'node:test'
import { cases } from './cases.js'

for (const [title, run] of Object.entries(cases)) void test(title, run)
