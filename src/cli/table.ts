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

export function fleetTable({ vms }: FleetReport): string {
  const table = new Table({ head: HEAD, style: { head: [], border: [], compact: true } })
  table.push(...vms.map(row))
  return table.toString()
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
