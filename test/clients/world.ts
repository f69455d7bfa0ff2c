/** client → outer recorder → the device, or Claude itself → inner recorder → the mocked Claude. */
import { once } from 'node:events'
import { appendFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { startClaude } from '../../eval/claude/serve.ts'
import { type RunningDevice, startDevice } from './device.ts'
import { type Answer, type Exchange, startRecorder } from './recorder.ts'
import type { Kind, Scenario } from './scenarios.ts'
import type { Outcome, Session } from './session.ts'

export type Way = 'directly' | 'through the device'

/** sent: what the client sent, and saw of the answers; received: the same at Claude. */
export type Run = {
  readonly outcome: Outcome
  readonly sent: readonly Exchange[]
  readonly received: readonly Exchange[]
}

export type World = {
  readonly url: string
  /** Where a client's requests to other hosts arrive, and are refused. */
  readonly proxy: string
  run(session: Session, kind: Kind, scenario: Scenario, way: Way): Promise<Run>
  /** Hosts that were asked for since the last call. */
  takeHosts(): string[]
  close(): Promise<void>
}

const failure = (status: number, type: string, message: string): Answer => ({
  status,
  body: { type: 'error', error: { type, message }, request_id: 'req_recorder' },
})

/** What the mocked Claude does not say by itself. */
const OWN_ANSWERS: Readonly<Partial<Record<Kind, Answer>>> = {
  overloaded: failure(529, 'overloaded_error', 'Overloaded'),
  unauthorized: failure(401, 'authentication_error', 'invalid x-api-key'),
  json: {
    status: 200,
    body: {
      id: 'msg_recorder',
      type: 'message',
      role: 'assistant',
      model: 'claude-sonnet-5',
      content: [{ type: 'text', text: '{"answer":"Der Mond zieht am Wasser."}' }],
      stop_reason: 'end_turn',
      stop_sequence: null,
      usage: { input_tokens: 50, output_tokens: 15 },
    },
  },
}

/**
 * Through a device that orders several answers: a failure must not be asked for several times
 * either.
 */
const LEARNED: readonly Kind[] = ['ranked', 'overloaded']

/** How long an exchange may take to end when its client has what it wanted. */
const SETTLE_MS = 5000

export const startWorld = async (): Promise<World> => {
  const claude = await startClaude({ seed: 7 })
  const [outer, inner, sink] = await Promise.all([startRecorder(), startRecorder(), startSink()])
  inner.target = claude.url
  const devices = new Map<boolean, Promise<RunningDevice>>()
  const device = (hasLearned: boolean) => {
    const started = devices.get(hasLearned) ?? startDevice(inner.url, hasLearned)
    devices.set(hasLearned, started)
    return started
  }
  return {
    url: outer.url,
    proxy: sink.url,
    run: async (session, kind, scenario, way) => {
      const hasLearned = LEARNED.includes(kind)
      outer.target = way === 'directly' ? inner.url : (await device(hasLearned)).url
      inner.answer = OWN_ANSWERS[kind]
      inner.holdsStreams = kind === 'abort'
      const outcome = await session.run(scenario)
      await outer.settled(SETTLE_MS)
      await inner.settled(SETTLE_MS)
      const ran = { outcome, sent: outer.take(), received: inner.take() }
      keep(`${kind} ${way}`, ran)
      return ran
    },
    takeHosts: sink.take,
    close: async () => {
      for (const started of devices.values()) await (await started).close()
      await Promise.all([outer.close(), inner.close(), sink.close(), claude.close()])
    },
  }
}

/** LOREWEAVE_CLIENTS_LOG: a file that everything recorded is added to, to look at. */
const keep = (title: string, { outcome, sent, received }: Run): void => {
  const file = process.env['LOREWEAVE_CLIENTS_LOG']
  if (!file) return
  const texts = (all: readonly Exchange[]) =>
    all.map((e) => ({ ...e, body: String(e.body), answer: String(e.answer) }))
  const entry = { title, outcome, sent: texts(sent), received: texts(received) }
  appendFileSync(file, `${JSON.stringify(entry, null, 1)}\n`)
}

/** A proxy that goes nowhere and says who wanted to go where. */
const startSink = async () => {
  let hosts: string[] = []
  const server = createServer((req, res) => {
    hosts.push(req.url ?? '')
    res.writeHead(403).end()
  })
  server.on('connect', (req, socket) => {
    hosts.push(req.url ?? '')
    socket.end('HTTP/1.1 403 Forbidden\r\n\r\n')
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    take: () => {
      const taken = hosts
      hosts = []
      return [...new Set(taken)]
    },
    close: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
