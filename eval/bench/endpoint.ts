/** What the Messages endpoint adds: `loreweave serve` before a Claude that answers at once. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { FedError } from '../../adapters/errors.ts'
import { openModel } from '../../device/engine/model/open.ts'
import { REQUESTS } from '../answers/requests.ts'
import { startClaude } from '../claude/serve.ts'
import { progress } from '../measure/progress.ts'
import type { Result, Results } from '../measure/results.ts'
import { createProcesses, type Processes, startListening } from '../programs/processes.ts'
import { temporaryFolder } from '../programs/temporary-folder.ts'
import { benchChoices } from './choices.ts'

export type EndpointOptions = {
  readonly model: string
  readonly cache: string
  readonly requests: number
  readonly train?: boolean
}

const TOKENS = 200
const WARM_UP = 10
/** Second turns, and requests with the device's own number of answers, are fewer by this. */
const FEWER = 4
const SECOND = 'What would you tell somebody who hears of it for the first time?'
const CHOICES = 40
/** A training that outlasts the measurement: at this rate the held-back loss goes on falling. */
const LONG_TRAINING = ['--epochs', '100', '--learning-rate', '0.000001']
const PREFERENCES = ['length less', 'lists more', 'emoji less', 'examples more', 'closing less']
/** What a request quotes before its question. */
const MATERIAL = ['mechanism', 'background', 'facts', 'comparison'] as const
/** A fresh device reads the seeds of its relevance head first. */
const READY_MS = 600_000

export const benchEndpoint = async (options: EndpointOptions): Promise<Results> => {
  const folder = temporaryFolder('endpoint')
  const processes = createProcesses()
  const claude = await startClaude({ seed: 1 })
  try {
    const home = join(folder.path, 'home')
    const run = (...args: string[]) => processes.run('device/cli', [...args, '--home', home])
    await run('init', '--model', options.model)
    for (const preference of PREFERENCES) await run('profile', 'set', ...preference.split(' '))
    const [log] = benchChoices({ users: 1, train: CHOICES, test: 0, seed: 1 })
    const data = join(folder.path, 'choices.jsonl')
    writeFileSync(data, log!.train.map((line) => JSON.stringify(line)).join('\n'))
    progress(`a device of ${CHOICES} choices and ${PREFERENCES.length} preferences`)
    await run('train', '--data', data, '--cache', options.cache)
    const begun = performance.now()
    const place = ['--home', home, '--cache', options.cache]
    const url = await startListening(processes, 'device/cli', [
      ...['serve', '--port', '0', '--claude-url', claude.url],
      ...place,
    ])
    const few = Math.ceil(options.requests / FEWER)
    const texts = await requestTexts(options, 2 * (options.requests + few) + WARM_UP)
    const next = () => texts.pop()!
    const seconds = ((await whenReady(url, next)) - begun) / 1000
    for (let i = 1; i < WARM_UP; i++) await ask(url, begin(next()))
    const pair = (): Promise<Pair> => {
      const messages = begin(next())
      return askBoth({ url: claude.url, messages }, { url, messages })
    }
    progress(`${options.requests} requests`)
    const quiet = await inTurn(options.requests, pair)
    progress(`second turns of ${few} conversations`)
    const second = await inTurn(few, () => secondTurn(claude.url, url, next()))
    progress(`${few} requests with as many answers as the device asks for by itself`)
    const asked = claude.claude.counts().requests
    const free = await inTurn(few, () => {
      const messages = begin(next())
      return askBoth({ url: claude.url, messages }, { url, messages, isFree: true })
    })
    const answers = (claude.claude.counts().requests - asked) / few - 1
    const results: Result[] = [
      { name: 'endpoint.ready', value: seconds, unit: 's' },
      ...figures('endpoint', quiet),
      ...figures('endpoint.second', second),
      ...figures('endpoint.default', free),
      { name: 'endpoint.default.answers', value: answers, unit: 'a request', n: few },
    ]
    if (!options.train) return { results }
    progress('the same while a private adapter trains')
    const ended = run('train', '--adapter', ...LONG_TRAINING, '--cache', options.cache).then(() => {
      throw new FedError('E_INTERNAL', 'the training ended before the measurement did')
    })
    const busy = await Promise.race([
      ended,
      whenTraining(processes, home).then(() => inTurn(options.requests, pair)),
    ])
    ended.catch(() => {})
    return { results: [...results, ...figures('endpoint.training', busy)] }
  } finally {
    await processes.stopAll()
    await claude.close()
    folder.remove()
  }
}

/** Questions after as much of what is said about them as makes 200 tokens, no two alike. */
const requestTexts = async (
  { model, cache }: Pick<EndpointOptions, 'model' | 'cache'>,
  count: number,
): Promise<string[]> => {
  const { tokenizer } = await openModel({ cacheFolder: cache, name: model })
  const asked = REQUESTS.filter((r) => r.language === 'en' && r.messages.length === 1)
  return Array.from({ length: count }, (_, i) => {
    const { messages, topic } = asked[i % asked.length]!
    const known = MATERIAL.flatMap((role) => topic[role]).join(' ')
    const question = ` ${messages[0]!.content}`
    const room = TOKENS - tokenizer.encode(question).length
    const before = tokenizer.encode(`I read this on day ${i + 1}. ${known}`).slice(0, room)
    return tokenizer.decode(before) + question
  })
}

type Message = { readonly role: 'user' | 'assistant'; readonly content: unknown }
/** isFree: the device may ask for more answers than one. */
type Asking = {
  readonly url: string
  readonly messages: readonly Message[]
  readonly isFree?: boolean
}
type Asked = { readonly ms: number; readonly status: string | null; readonly content: unknown }

const begin = (content: string): Message[] => [{ role: 'user', content }]

const ask = async (url: string, messages: readonly Message[], isFree = false): Promise<Asked> => {
  const body = JSON.stringify({ model: 'claude-sonnet-5-5', max_tokens: 1024, messages })
  const from = performance.now()
  const response = await fetch(`${url}/v1/messages`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      'x-api-key': 'none',
      'anthropic-version': '2023-06-01',
      ...(!isFree && { 'loreweave-candidates': '1' }),
    },
    body,
  })
  const text = await response.text()
  const ms = performance.now() - from
  if (!response.ok) throw new FedError('E_INTERNAL', `an answer with status ${response.status}`)
  const [status = null] = response.headers.get('loreweave-status')?.split(';') ?? []
  const { content } = JSON.parse(text) as { content: unknown }
  return { ms, status, content }
}

/** The time at which the device first personalizes. */
const whenReady = async (url: string, next: () => string): Promise<number> => {
  const until = performance.now() + READY_MS
  const text = next()
  for (let i = 0; performance.now() < until; i++) {
    if ((await ask(url, begin(`${text} (${i})`))).status !== 'failed-open') return performance.now()
    await sleep(500)
  }
  throw new FedError('E_UNAVAILABLE', 'the device did not become ready')
}

const whenTraining = async (processes: Processes, home: string): Promise<void> => {
  const until = performance.now() + READY_MS
  while (performance.now() < until) {
    const { stdout } = await processes.run('device/cli', [
      'training',
      'status',
      '--json',
      '--home',
      home,
    ])
    const { state, step } = JSON.parse(stdout) as { state: string; step: number | null }
    if (state === 'running' && step !== null && step > 0) return
    await sleep(500)
  }
  throw new FedError('E_UNAVAILABLE', 'the training did not begin')
}

type Pair = { readonly direct: number; readonly through: Asked }

let turn = 0
/** The order alternates, so that neither is always the one with warm caches. */
const askBoth = async (direct: Asking, device: Asking): Promise<Pair> => {
  const send = ({ url, messages, isFree }: Asking) => ask(url, messages, isFree)
  if (turn++ % 2 === 0) {
    const first = await send(direct)
    return { direct: first.ms, through: await send(device) }
  }
  const through = await send(device)
  return { direct: (await send(direct)).ms, through }
}

/** Each goes on from the answer that it got, as an app does. */
const secondTurn = async (direct: string, device: string, text: string): Promise<Pair> => {
  const after = async (url: string): Promise<Asking> => {
    const { content } = await ask(url, begin(text))
    const turns: Message[] = [...begin(text), { role: 'assistant', content }, ...begin(SECOND)]
    return { url, messages: turns }
  }
  const [from, to] = [await after(direct), await after(device)]
  return askBoth(from, to)
}

const inTurn = async <T>(count: number, work: () => Promise<T>): Promise<T[]> => {
  const all: T[] = []
  for (let i = 0; i < count; i++) all.push(await work())
  return all
}

const figures = (name: string, pairs: readonly Pair[]): Result[] => {
  const added = pairs.map(({ direct, through }) => through.ms - direct)
  const share = (status: string) =>
    pairs.filter(({ through }) => through.status === status).length / pairs.length
  const n = pairs.length
  return [
    ...[50, 95, 99].map((p) => ({
      name: `${name}.added.p${p}`,
      value: quantile(added, p / 100),
      unit: 'ms',
      n,
    })),
    {
      name: `${name}.direct.p50`,
      value: quantile(
        pairs.map((p) => p.direct),
        0.5,
      ),
      unit: 'ms',
      n,
    },
    { name: `${name}.failed_open`, value: share('failed-open'), unit: 'share', n },
    { name: `${name}.personalized`, value: share('personalized'), unit: 'share', n },
  ]
}

/** The smallest value that a share q of all do not exceed. */
const quantile = (values: readonly number[], q: number): number =>
  values.toSorted((a, b) => a - b)[Math.max(0, Math.ceil(q * values.length) - 1)]!

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))
