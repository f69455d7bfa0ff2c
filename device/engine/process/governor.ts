/** How a training child shares the machine: a share of the time, and no time during pauses. */
import { type ChildProcess, spawn } from 'node:child_process'
import type { Socket } from 'node:net'

export type ResourcePolicy = {
  /** Share of the time that it may run, above 0 and at most 1. Results do not depend on it. */
  readonly cpuShare: number
  /** Polled while it has work; true stops it. */
  readonly isPaused: () => boolean
  /** After this long a pause the process is ended, which returns its memory. */
  readonly longestPauseMs: number
}

/** The governor's access to its process. */
type Governed = {
  readonly pid: () => number | undefined
  readonly signal: (signal: 'SIGSTOP' | 'SIGCONT') => void
  /** Ends the process; its work waits. */
  readonly terminate: () => void
  /** Continues the work that waits, in a fresh process where it was ended. */
  readonly resume: () => void
}

export type Governor = ReturnType<typeof governor>

/** Windows cannot stop a process: a pause ends it at once, and a share below 1 is refused. */
export const CAN_STOP = process.platform !== 'win32'

const POLL_MS = 50
/** Short enough for progress to look steady, long compared with the cost of two signals. */
const PERIOD_MS = 100

export const governor = (policy: ResourcePolicy, governed: Governed) => {
  const stopped = guardedStop(governed)
  const cycle = shareCycle(policy.cpuShare, (isOn) => {
    if (suspendedSince === undefined) isOn ? governed.signal('SIGCONT') : stopped.stop()
  })
  let poll: NodeJS.Timeout | undefined
  let termination: NodeJS.Timeout | undefined
  let suspendedSince: number | undefined
  let pausedMs = 0

  const suspend = () => {
    suspendedSince = performance.now()
    if (!CAN_STOP) return governed.terminate()
    stopped.stop()
    termination = setTimeout(() => governed.terminate(), policy.longestPauseMs)
    termination.unref()
  }
  const resume = () => {
    clearTimeout(termination)
    pausedMs += performance.now() - (suspendedSince ?? performance.now())
    suspendedSince = undefined
    governed.signal('SIGCONT')
  }
  const check = () => {
    if (policy.isPaused() === (suspendedSince !== undefined)) return
    if (suspendedSince === undefined) return suspend()
    resume()
    governed.resume()
  }

  return {
    /** Work begins: isPaused is polled at once, and then every POLL_MS. */
    begin() {
      if (poll) return
      poll = setInterval(check, POLL_MS)
      check()
      cycle.begin()
    },
    /** No more work: a stopped process runs again. */
    end() {
      clearInterval(poll)
      cycle.end()
      poll = undefined
      resume()
    },
    isSuspended: () => suspendedSince !== undefined,
    /** Milliseconds spent in pauses so far. */
    pausedMs: () =>
      pausedMs + (suspendedSince === undefined ? 0 : performance.now() - suspendedSince),
    processGone: stopped.close,
  }
}

/** Turns on and off, on for a share of each period; always on for a share of 1. */
const shareCycle = (share: number, turn: (isOn: boolean) => void) => {
  let timer: NodeJS.Timeout | undefined
  const next = (isOn: boolean) => {
    turn(isOn)
    timer = setTimeout(() => next(!isOn), PERIOD_MS * (isOn ? share : 1 - share))
    timer.unref()
  }
  return {
    begin: () => {
      if (share < 1) next(true)
    },
    end: () => clearTimeout(timer),
  }
}

/** A stopped process cannot see its parent die, so a shell on a pipe waits for that and kills
 *  it. */
const guardedStop = ({ pid, signal }: Governed) => {
  let guard: { readonly pid: number; readonly shell: ChildProcess } | undefined
  const close = () => {
    guard?.shell.kill('SIGKILL')
    guard = undefined
  }
  return {
    stop() {
      const id = pid()
      if (id === undefined) return
      if (guard?.pid !== id) {
        close()
        guard = { pid: id, shell: guardShell(id) }
      }
      signal('SIGSTOP')
    },
    close,
  }
}

const guardShell = (pid: number): ChildProcess => {
  const script = 'trap "" INT TERM HUP; read -r line; kill -KILL "$0"'
  const shell = spawn('sh', ['-c', script, String(pid)], { stdio: ['pipe', 'ignore', 'ignore'] })
  shell.on('error', () => {})
  shell.unref()
  ;(shell.stdin as Socket | null)?.unref()
  return shell
}
