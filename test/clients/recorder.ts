/**
 * A proxy that keeps every request and answer as they crossed the wire: heads as raw lines, bodies
 * as bytes.
 */
import { once } from 'node:events'
import { Agent, createServer, type IncomingMessage, request, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'

/** A head's lines in order, names as they were written. */
export type Head = readonly (readonly [name: string, value: string])[]

export type Exchange = {
  readonly method: string
  /** Path and query. */
  readonly target: string
  readonly head: Head
  readonly body: Buffer
  /** 0 until an answer came. */
  status: number
  answerHead: Head
  answer: Buffer
  /** The caller went away before the answer was whole. */
  isAborted: boolean
}

/** What the recorder says in place of what lies behind it: JSON. */
export type Answer = { readonly status: number; readonly body: object }

export type Recorder = {
  readonly url: string
  /** Where requests go on to; may be changed between them. */
  target: string
  /** Answers requests to Messages itself. */
  answer: Answer | undefined
  /** Passes only the beginning of a streamed answer on, until the caller has gone. */
  holdsStreams: boolean
  /** What was recorded since the last call, in order of arrival. */
  take(): Exchange[]
  /**
   * True when no exchange is under way; those that still are after the given time are cut, and that
   * is false.
   */
  settled(withinMs: number): Promise<boolean>
  close(): Promise<void>
}

export const startRecorder = async (): Promise<Recorder> => {
  let exchanges: Exchange[] = []
  const running = new Map<ServerResponse, Promise<unknown>>()
  const server = createServer((req, res) => {
    const ended = exchange(req, res, recorder, (e) => exchanges.push(e)).catch(() => res.destroy())
    running.set(res, ended)
    void ended.finally(() => running.delete(res))
  })
  server.keepAliveTimeout = 60_000
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const recorder: Recorder = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    target: '',
    answer: undefined,
    holdsStreams: false,
    take: () => {
      const taken = exchanges
      exchanges = []
      return taken
    },
    settled: async (withinMs) => {
      const ended = async () => {
        while (running.size > 0) await Promise.all(running.values())
        return true
      }
      const late = new AbortController()
      const isSettled = await Promise.race([
        ended(),
        wait(withinMs, false, { signal: late.signal }).catch(() => false),
      ])
      late.abort()
      for (const res of running.keys()) res.destroy()
      return isSettled
    },
    close: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
  return recorder
}

const exchange = async (
  req: IncomingMessage,
  res: ServerResponse,
  { target, answer, holdsStreams }: Recorder,
  keep: (exchange: Exchange) => void,
): Promise<void> => {
  const chunks: Buffer[] = []
  for await (const chunk of req) chunks.push(chunk)
  const body = Buffer.concat(chunks)
  const kept: Exchange = {
    method: req.method!,
    target: req.url!,
    head: pairs(req.rawHeaders),
    body,
    status: 0,
    answerHead: [],
    answer: Buffer.alloc(0),
    isAborted: false,
  }
  keep(kept)
  if (answer && /\/messages(\?|$)/.test(kept.target)) return ownAnswer(kept, res, answer)
  const upstream = request(new URL(kept.target, target), {
    agent: ONE_EACH,
    method: kept.method,
    headers: headFor(target, kept.head).flat() as unknown as Record<string, string>,
  })
  const gone = new Promise<void>((resolve) => {
    res.once('close', () => {
      kept.isAborted = !res.writableFinished
      if (kept.isAborted) upstream.destroy()
      resolve()
    })
  })
  upstream.end(body)
  const response = await Promise.race([
    once(upstream, 'response').then(([r]) => r as IncomingMessage),
    gone,
  ])
  if (!response) return
  kept.status = response.statusCode!
  kept.answerHead = pairs(response.rawHeaders)
  res.writeHead(kept.status, response.statusMessage, ofConnection(kept.answerHead).flat())
  const isHeld = holdsStreams && /event-stream/.test(response.headers['content-type'] ?? '')
  let passed = 0
  for await (const chunk of response) {
    kept.answer = Buffer.concat([kept.answer, chunk])
    const end = isHeld ? endOfFirstText(kept.answer) : undefined
    res.write(kept.answer.subarray(passed, end))
    passed = kept.answer.length
    if (end !== undefined) return gone
  }
  res.end()
  return gone
}

const ownAnswer = async (kept: Exchange, res: ServerResponse, answer: Answer): Promise<void> => {
  kept.status = answer.status
  kept.answerHead = [
    ['content-type', 'application/json'],
    ['request-id', 'req_recorder'],
  ]
  kept.answer = Buffer.from(JSON.stringify(answer.body))
  res.writeHead(kept.status, kept.answerHead.flat())
  res.end(kept.answer)
  await once(res, 'close')
}

/** Where the first event with text ends; undefined while there is none. */
const endOfFirstText = (answer: Buffer): number | undefined => {
  const delta = answer.indexOf('text_delta')
  const end = delta < 0 ? -1 : answer.indexOf('\n\n', delta)
  return end < 0 ? undefined : end + 2
}

/**
 * No connection is used twice: one that the other side has just closed would look like a fault of a
 * client.
 */
const ONE_EACH = new Agent({ keepAlive: false })

const pairs = (raw: readonly string[]): Head =>
  Array.from({ length: raw.length / 2 }, (_, i) => [raw[2 * i]!, raw[2 * i + 1]!] as const)

const headFor = (target: string, head: Head): Head => [
  ['host', new URL(target).host],
  ...head.filter(([name]) => !['host', 'connection'].includes(name.toLowerCase())),
]

/** What the recorder's own connection says itself is left out. */
const ofConnection = (head: Head): Head =>
  head.filter(
    ([name]) => !['connection', 'keep-alive', 'transfer-encoding'].includes(name.toLowerCase()),
  )
