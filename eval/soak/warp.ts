/**
 * Preloaded into a program under test (`node --import`): its clocks run as always, and jump when
 * the process that started it says so. Timers that are due by then fire.
 */

/** advanceMs: all clocks, as when time passes. setMs: the wall clock alone, as when it is set. */
export type Jump = { readonly warp: number; readonly advanceMs?: number; readonly setMs?: number }
/** Sent back once a jump is made: its number. */
export type Jumped = { readonly warped: number }

type Warped = { _idleTimeout: number; _destroyed: boolean; refresh(): unknown }
/** dueAt: by the warped steady clock. */
type Pending = { readonly timer: WeakRef<Warped>; readonly everyMs: number | null; dueAt: number }

const RealDate = Date
const realNow = performance.now.bind(performance)
let steadyMs = 0
/** How far the wall clock is from the real one when the program starts: an environment variable. */
export const SET_MS = 'SOAK_SET_MS'
let setMs = Number(process.env[SET_MS] ?? 0)

const pending = new Set<Pending>()
const MAX_TIMEOUT = 2 ** 31 - 1

const install = (): void => {
  globalThis.Date = new Proxy(RealDate, {
    construct: (target, args, newTarget) =>
      Reflect.construct(target, args.length > 0 ? args : [target.now()], newTarget),
    apply: () => new Date().toString(),
  })
  const now = RealDate.now.bind(RealDate)
  RealDate.now = () => now() + steadyMs + setMs
  performance.now = () => realNow() + steadyMs
  for (const name of ['setTimeout', 'setInterval'] as const) {
    const real = globalThis[name]
    const known = (call: () => void, delayMs?: number, ...args: []) => {
      const made = real(call, delayMs, ...args)
      const timer = new WeakRef(made as unknown as Warped)
      const ms = Math.max(1, delayMs ?? 1)
      if (ms < MAX_TIMEOUT)
        pending.add({
          timer,
          everyMs: name === 'setInterval' ? ms : null,
          dueAt: performance.now() + ms,
        })
      return made
    }
    globalThis[name] = Object.assign(known, real) as never
  }
  process.on('message', (message: Jump) => {
    if (typeof message?.warp !== 'number') return
    jump(message)
    process.send?.({ warped: message.warp } satisfies Jumped)
  })
  // Listening alone does not keep the program running.
  process.channel?.unref()
}

const jump = ({ advanceMs = 0, setMs: setBy = 0 }: Jump): void => {
  setMs += setBy
  if (advanceMs === 0) return
  steadyMs += advanceMs
  const now = performance.now()
  for (const one of pending) {
    const timer = one.timer.deref()
    if (!timer || timer._destroyed) {
      pending.delete(one)
      continue
    }
    // An interval went on by itself since the last jump.
    if (one.everyMs !== null) while (one.dueAt <= now - advanceMs) one.dueAt += one.everyMs
    timer._idleTimeout = Math.max(1, Math.round(one.dueAt - now))
    timer.refresh()
  }
}

// Only in the program itself: its children inherit this file with their arguments.
if (process.send && /(?:^|[\\/])cli\.[jt]s$/.test(process.argv[1] ?? '')) install()
