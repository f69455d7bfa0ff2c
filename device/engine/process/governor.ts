/** How a training child shares the machine: it runs for a share of the time, and not at all while training is paused. */
import { type ChildProcess, spawn } from 'node:child_process'
import type { Socket } from 'node:net'

export type Manners = {
  /** Share of the time that it may run, above 0 and at most 1. Results do not depend on it. */
  readonly cpuShare: number
  /** Asked while it has work; true stops it. */
  readonly isPaused: () => boolean
  /** After so long a pause the process is ended and its memory goes back. */
  readonly heldMs: number
}

/** The governed process: what the governor does to it. */
export type Governed = {
  readonly pid: () => number | undefined
  readonly signal: (signal: 'SIGSTOP' | 'SIGCONT') => void
  /** Ends the process; its work waits. */
  readonly letGo: () => void
  /** Goes on with what waits, in a fresh process where it was ended. */
  readonly goOn: () => void
}

export type Governor = {
  /** Work begins: the pause is looked up at once, and then every POLL_MS. */
  begin(): void
  /** No more work: a stopped process runs again. */
  end(): void
  isHeld(): boolean
  /** Milliseconds spent in pauses so far. */
  pausedMs(): number
  /** The process is gone. */
  forget(): void
}

/** Windows has no signal that stops a process: there a pause ends it at once, and a share below 1 is refused. */
export const CAN_STOP = process.platform !== 'win32'

const POLL_MS = 50
/** Short, so that a stopped part is not felt in progress; long beside the cost of two signals. */
const PERIOD_MS = 100

export const governor = ({ cpuShare, isPaused, heldMs }: Manners, governed: Governed): Governor => {
  let poll: NodeJS.Timeout | undefined
  let cycle: NodeJS.Timeout | undefined
  let release: NodeJS.Timeout | undefined
  let heldSince: number | undefined
  let paused = 0
  let guard: Guard | undefined

  const stop = () => {
    const pid = governed.pid()
    if (pid === undefined) return
    if (guard?.pid !== pid) {
      guard?.close()
      guard = guardStopped(pid)
    }
    governed.signal('SIGSTOP')
  }
  const turn = (isOn: boolean) => {
    if (heldSince === undefined) isOn ? governed.signal('SIGCONT') : stop()
    cycle = setTimeout(() => turn(!isOn), PERIOD_MS * (isOn ? cpuShare : 1 - cpuShare))
    cycle.unref()
  }
  const hold = () => {
    heldSince = performance.now()
    if (!CAN_STOP) return governed.letGo()
    stop()
    release = setTimeout(() => governed.letGo(), heldMs)
    release.unref()
  }
  const resume = () => {
    clearTimeout(release)
    paused += performance.now() - (heldSince ?? performance.now())
    heldSince = undefined
    governed.signal('SIGCONT')
  }
  const look = () => {
    if (isPaused() === (heldSince !== undefined)) return
    if (heldSince === undefined) return hold()
    resume()
    governed.goOn()
  }

  return {
    begin() {
      if (poll) return
      poll = setInterval(look, POLL_MS)
      look()
      if (cpuShare < 1) turn(true)
    },
    end() {
      clearInterval(poll)
      clearTimeout(cycle)
      poll = undefined
      resume()
    },
    isHeld: () => heldSince !== undefined,
    pausedMs: () => paused + (heldSince === undefined ? 0 : performance.now() - heldSince),
    forget() {
      guard?.close()
      guard = undefined
    },
  }
}

type Guard = { readonly pid: number; close(): void }

/** A stopped process cannot see its parent die. A shell waits for that on a pipe, and then kills the process. */
const guardStopped = (pid: number): Guard => {
  const shell: ChildProcess = spawn(
    'sh',
    ['-c', 'trap "" INT TERM HUP; read -r line; kill -KILL "$0"', String(pid)],
    { stdio: ['pipe', 'ignore', 'ignore'] },
  )
  shell.on('error', () => {})
  shell.unref()
  ;(shell.stdin as Socket | null)?.unref()
  return { pid, close: () => void shell.kill('SIGKILL') }
}
