/** A program that is started once and does one thing after the other, asked by JSON lines. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { z } from 'zod'
import { FedError } from '../../adapters/errors.ts'
import { onLines } from './programs.ts'

/** A peer's answer. seconds: of the work alone, by its own clock; others by the kind of work. */
const Reply = z.object({
  seconds: z.number().optional(),
  cpuSeconds: z.number().optional(),
  /** Resident: the most so far, and before the work. */
  peakBytes: z.number().optional(),
  baseBytes: z.number().optional(),
  digest: z.string().optional(),
  sentBytes: z.number().optional(),
  loss: z.number().optional(),
  ids: z.array(z.int()).optional(),
  rewards: z.array(z.array(z.number())).optional(),
  states: z.array(z.array(z.number())).optional(),
  epsilons: z.array(z.number()).optional(),
})
type Reply = z.infer<typeof Reply>

const Line = z.union([z.object({ reply: Reply }), z.object({ error: z.string() })])

export type PeerProcess = {
  readonly pid: number
  /** One at a time. Fails with E_ENGINE when the peer says that it cannot, or ends. */
  ask(request: object): Promise<Reply>
  close(): Promise<void>
}

/** Lines of standard output that are no replies, and all of standard error, go to onLine. */
export const startPeer = (
  command: string,
  args: readonly string[],
  onLine: (line: string) => void = () => {},
): PeerProcess => {
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'pipe'] })
  let waiting: { resolve: (reply: Reply) => void; reject: (error: Error) => void } | undefined
  let last = ''
  let ended: string | undefined
  const settle = (act: (pending: NonNullable<typeof waiting>) => void) => {
    const pending = waiting
    waiting = undefined
    if (pending) act(pending)
  }
  const fail = (why: string) => {
    ended ??= why
    settle(({ reject }) => reject(new FedError('E_ENGINE', ended!)))
  }
  onLines(child.stdout, (line) => {
    const parsed = Line.safeParse(jsonOf(line))
    if (!parsed.success) return onLine(line)
    const said = parsed.data
    settle(({ resolve, reject }) =>
      'reply' in said
        ? resolve(said.reply)
        : reject(new FedError('E_ENGINE', `the peer failed: ${said.error.slice(0, 300)}`)),
    )
  })
  onLines(child.stderr, (line) => {
    last = line
    onLine(line)
  })
  child.stdin.on('error', () => {})
  child.once('error', (error) => fail(`the peer could not be started: ${error.message}`))
  child.once('close', (code, signal) =>
    fail(`the peer ended with ${signal ?? `exit code ${code}`}: ${last.slice(0, 300)}`),
  )
  return {
    pid: child.pid ?? 0,
    ask: (request) =>
      new Promise((resolve, reject) => {
        if (ended) return reject(new FedError('E_ENGINE', ended))
        waiting = { resolve, reject }
        child.stdin.write(`${JSON.stringify(request)}\n`)
      }),
    async close() {
      if (ended || child.exitCode !== null) return
      const gone = once(child, 'close')
      child.stdin.end()
      child.kill()
      await gone
    },
  }
}

const jsonOf = (line: string): unknown => {
  try {
    return JSON.parse(line)
  } catch {
    return undefined
  }
}
