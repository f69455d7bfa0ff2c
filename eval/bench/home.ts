/**
 * What a home costs as it grows: the same questions of a device with few and with many decisions;
 * and how large database and process are after requests with images.
 */
import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { PROTOCOL_VERSION } from '../../adapters/wire/primitives.ts'
import { newDecision } from '../../device/store/new-decision.ts'
import { type OwnStore, openStore } from '../../device/store/store.ts'
import { startClaude } from '../claude/serve.ts'
import { medianOf } from '../measure/metrics.ts'
import { progress } from '../measure/progress.ts'
import type { Result, Results } from '../measure/results.ts'
import { ownChildren } from '../programs/memory.ts'
import { createProcesses, startListening } from '../programs/processes.ts'
import { temporaryFolder } from '../programs/temporary-folder.ts'

export type HomeOptions = {
  readonly decisions: number
  readonly requests: number
  readonly megabytes: number
  readonly runs: number
  readonly cache: string
}

export const FEW = 100
/** Turns of each conversation with an image in its first one. */
const TURNS = 5
/** One decision in so many has feedback. */
const TOLD = 20
const TOGETHER = 1000
const SEED = 'bench-home'

export const benchHome = async (options: HomeOptions): Promise<Results> => {
  const [few, many] = [
    await questions(options, FEW),
    await questions(options, options.decisions),
  ] as const
  const results = Object.entries(many).map(([name, ms]): Result => {
    const value = few[name as keyof typeof few]
    return {
      name: `bench.home.${name}`,
      value: ms,
      unit: 'ms',
      n: options.runs,
      peer: { name: `${FEW} decisions`, value },
      ratio: value / ms,
    }
  })
  return { results: [...results, ...(options.requests > 0 ? await withImages(options) : [])] }
}

/** Medians of milliseconds over HTTP. */
const questions = (options: HomeOptions, count: number) =>
  served(
    options,
    (store) => fill(store, count),
    async ({ call }) => {
      progress(`${count} decisions`)
      const timed = async (work: (run: number) => Promise<unknown>): Promise<number> => {
        const times: number[] = []
        for (let run = -1; run < options.runs; run++) {
          const from = performance.now()
          await work(run)
          if (run >= 0) times.push(performance.now() - from)
        }
        return medianOf(times)
      }
      /** Ids from all over the home, each once. */
      const idOf = (run: number, of: number) =>
        idAt(Math.floor(((run + 1.5) / (options.runs + 2)) * count) - of)
      return {
        status: await timed(() => call('GET', '/v1/status')),
        thumb: await timed((run) =>
          call('POST', '/v1/feedback', {
            event: { kind: 'thumbs', decisionId: idOf(run, 0), value: 1 },
          }),
        ),
        choice: await timed((run) =>
          call('POST', '/v1/feedback', {
            event: { kind: 'choose', decisionId: idOf(run, 1), chosen: 1, shown: [0, 1] },
          }),
        ),
        page: await timed(async (run) => {
          await call('GET', '/v1/decisions')
          await call('GET', `/v1/decisions/${idOf(run, 0)}`)
        }),
        log: await timed(() => call('GET', '/v1/log')),
        forget: await timed((run) => call('POST', '/v1/forget', { decisionId: idOf(run, 2) })),
      }
    },
  )

/** Database and process after requests with an image each, in conversations and alone. */
const withImages = (options: HomeOptions): Promise<Result[]> =>
  served(
    options,
    async () => {},
    async ({ call, url, database }) => {
      const { requests, megabytes } = options
      progress(`${requests} requests with ${megabytes} MB of image each`)
      const [pid = 0] = ownChildren([])
      const data = Buffer.alloc((megabytes * 2 ** 20 * 3) / 4)
      for (let i = 0; i < requests; i++) {
        // Conversations of five turns, then as many single requests.
        const isSingle = i % (2 * TURNS) >= TURNS
        const first = isSingle ? i : i - (i % TURNS)
        data.writeUInt32BE(first)
        await askWithImage(url, data.toString('base64'), first, isSingle ? 0 : i % TURNS)
        if ((i + 1) % 200 === 0)
          progress(`${i + 1}: ${(bytesOf(database) / 1e6).toFixed(1)} MB, ${peakOf(pid)} MB peak`)
      }
      const times: number[] = []
      for (let run = 0; run < options.runs; run++) {
        const from = performance.now()
        await call('GET', '/v1/status')
        times.push(performance.now() - from)
      }
      return [
        {
          name: 'bench.home.images.database',
          value: bytesOf(database) / 1e6,
          unit: 'MB',
          n: requests,
        },
        { name: 'bench.home.images.status', value: medianOf(times), unit: 'ms', n: options.runs },
        { name: 'bench.home.images.serve_peak_rss', value: peakOf(pid), unit: 'MB' },
      ]
    },
  )

const askWithImage = async (url: string, data: string, subject: number, turn: number) => {
  const image = { type: 'image', source: { type: 'base64', media_type: 'image/png', data } }
  const question = { type: 'text', text: `What does picture ${subject} show, and why does it?` }
  const messages = [
    { role: 'user', content: [image, question] },
    ...Array.from({ length: turn }, (_, i) => [
      { role: 'assistant', content: `Answer ${i} on picture ${subject}.` },
      { role: 'user', content: `And what of part ${i} of it?` },
    ]).flat(),
  ]
  const response = await fetch(`${url}/v1/messages`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      'x-api-key': 'none',
      'anthropic-version': '2023-06-01',
    },
    body: JSON.stringify({ model: 'claude-sonnet-5-5', max_tokens: 300, messages }),
  })
  if (!response.ok)
    throw new Error(`the device answered ${response.status}: ${await response.text()}`)
  await response.arrayBuffer()
}

type Served = {
  readonly url: string
  readonly database: string
  readonly call: (method: string, path: string, body?: object) => Promise<unknown>
}

/** `loreweave serve` over a home of its own that was filled before. */
const served = async <T>(
  { cache }: HomeOptions,
  prepare: (store: OwnStore) => Promise<void>,
  work: (served: Served) => Promise<T>,
): Promise<T> => {
  const folder = temporaryFolder('home')
  const processes = createProcesses()
  const claude = await startClaude({ seed: SEED })
  try {
    const home = join(folder.path, 'home')
    await processes.run('device/cli', ['init', '--model', 'tiny', '--home', home])
    const database = join(home, 'loreweave.db')
    const store = openStore(database)
    await prepare(store)
    await store.close()
    const place = ['--home', home, '--cache', cache, '--threads', '1']
    const url = await startListening(processes, 'device/cli', [
      ...['serve', '--port', '0', '--claude-url', claude.url],
      ...place,
    ])
    const token = readFileSync(join(home, 'device-token'), 'utf8').trim()
    const call: Served['call'] = async (method, path, body) => {
      const response = await fetch(`${url}${path}`, {
        method,
        headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
        ...(body && { body: JSON.stringify({ protocol: PROTOCOL_VERSION, ...body }) }),
      })
      if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`)
      return response.json()
    }
    return await work({ url, database, call })
  } finally {
    await processes.stopAll()
    await claude.close()
    folder.remove()
  }
}

const idAt = (i: number): string => `d_${String(i).padStart(12, '0')}`

/** Conversations of two turns with two answers each; some have a thumb. */
const fill = async (store: OwnStore, count: number): Promise<void> => {
  const at = Date.now() - 80 * 24 * 3600 * 1000
  const words = 'Some words that people and Claude say to each other about it. '
  for (let from = 0; from < count; from += TOGETHER)
    await store.durably((tx) => {
      for (let i = from; i < Math.min(count, from + TOGETHER); i++) {
        const first = {
          role: 'user' as const,
          content: `Question ${i - (i % 2)}. ${words.repeat(3)}`,
        }
        const answers = [`Answer ${i}. ${words.repeat(5)}`, `Another ${i}. ${words.repeat(2)}`]
        const later = [
          { role: 'assistant' as const, content: `Answer ${i - 1}. ${words.repeat(5)}` },
          { role: 'user' as const, content: `And then ${i}?` },
        ]
        const messages = i % 2 === 0 ? [first] : [first, ...later]
        tx.saveDecision(newDecision(tx, at + i, { messages }, { id: idAt(i) }))
        tx.answerDecision(idAt(i), {
          at: at + i,
          answers: answers.map((text, j) => ({ text, messageId: `msg_${i}_${j}` })),
          shown: [0],
          served: 0,
          propensity: 1,
          explored: false,
        })
        tx.log({ at: at + i, recipient: 'claude', what: 'message', bytes: 9, digest: '' })
        if (i % TOLD === 0)
          tx.addFeedback(`f_${i}`, idAt(i), at + i, {
            kind: 'thumbs',
            value: 1,
            decisionId: idAt(i),
          })
      }
    })
}

const bytesOf = (database: string): number =>
  ['', '-wal'].reduce(
    (sum, end) => sum + (statSync(database + end, { throwIfNoEntry: false })?.size ?? 0),
    0,
  )

/** Megabytes; 0 where the system does not say. */
const peakOf = (pid: number): number => {
  try {
    const [, kilobytes = 0] =
      /VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? []
    return Math.round(Number(kilobytes) / 1000)
  } catch {
    return 0
  }
}
