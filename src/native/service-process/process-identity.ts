// Whether a process is the one that somebody wrote down: pids are used again, so its start time goes with it where the system tells.

import { readFileSync } from 'node:fs'

/** When a process began, in the words of its system; '' where that cannot be had, undefined when there is no such process. */
export function processStartTime(pid: number): string | undefined {
  if (process.platform !== 'linux') return isAlive(pid) ? '' : undefined
  try {
    // The name is in parentheses and may contain anything; the 22nd field is the start, in ticks since boot; the third is the state.
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return fields[0] === 'Z' || fields[0] === 'X' ? undefined : (fields[19] ?? '')
  } catch {
    return isAlive(pid) ? '' : undefined
  }
}

/** Whether the process that was written down still runs. */
export function isRunning({ pid, startTime }: { pid: number; startTime: string }): boolean {
  if (pid <= 0) return false
  const found = processStartTime(pid)
  return found !== undefined && (startTime === '' || found === '' || found === startTime)
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
