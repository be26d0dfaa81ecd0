// The table at the end of a fleet run, and its summary line.

import Table from 'cli-table3'
import type { FleetReport, VmReport } from './report.js'

const HEAD = [
  'VM',
  'guest',
  'start ms',
  'connect ms',
  'host changes',
  'guest changes',
  'commands',
  'saved',
  'exit',
  'result',
]
/** Longest error shown in a cell; the whole text was told when it happened. */
const MAX_ERROR = 60

/** `columns` of the terminal: one that is too narrow for the table gets a few short lines a VM. */
export function fleetTable({ vms }: FleetReport, columns = Infinity): string {
  const table = new Table({ head: HEAD, style: { head: [], border: [], compact: true } })
  table.push(...vms.map(row))
  const text = table.toString()
  const width = text.indexOf('\n')
  return width <= columns ? text : vms.map(lines).join('\n')
}

function lines(vm: VmReport): string {
  const [id, guest, start, connect, host, inside, commands, saved, exit, result] = row(vm)
  return [
    `${id} (${guest}): ${result}`,
    `  start ${start} ms, connect ${connect} ms`,
    `  changes: host ${host}, guest ${inside}`,
    `  commands ${commands}, saved ${saved}`,
    `  exit ${exit}`,
  ].join('\n')
}

function row(vm: VmReport): string[] {
  const passed = vm.commands.filter(({ exitCode, expected }) => exitCode === expected).length
  const message = (vm.error?.message ?? '').split('\n')[0] ?? ''
  return [
    vm.id,
    vm.guestOS,
    String(vm.startMs ?? '-'),
    String(vm.connectMs ?? '-'),
    String(vm.hostChanges),
    String(vm.guestChanges),
    `${passed}/${vm.commands.length}`,
    vm.saved ? 'yes' : '-',
    vm.exitType ?? '-',
    vm.ok ? 'ok' : message.length > MAX_ERROR ? `${message.slice(0, MAX_ERROR)}…` : message,
  ]
}

export function summaryLine({ summary }: FleetReport): string {
  const { vms, ok, failed, commands, ms, threads, osThreads } = summary
  const all = osThreads === undefined ? '' : ` (process: ${osThreads.before} threads before, ${osThreads.most} at most)`
  return `${vms} VMs, ${ok} ok, ${failed} failed; ${commands} commands; ${(ms / 1000).toFixed(2)} s on ${threads} actor threads${all}`
}
