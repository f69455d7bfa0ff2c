/** Several answers of the hosted Claude to each request, appended to a cassette as they come. */
import { appendFileSync, existsSync, readFileSync, truncateSync } from 'node:fs'
import { asFedError, FedError } from '../../adapters/errors.ts'
import type { Rng } from '../../adapters/random.ts'
import type { Fetch } from '../../device/http/fetch.ts'
import { PRICES_AS_OF, priceOf, tokensOf, type Usage, usdOf } from '../../device/spending/prices.ts'
import { readRequests } from '../inputs/request-file.ts'
import type { Results } from '../measure/results.ts'
import { type CassetteLine, parseCassette, readRecorded, requestKey } from './cassette.ts'
import type { CountTokensBody } from './wire.ts'

/** requests: a file, or "bank". n: answers of each request, those of an earlier run included. */
export type RecordOptions = {
  readonly requests: string
  readonly out: string
  readonly claudeUrl: string
  readonly model: string
  readonly n: number
  readonly maxTokens: number
  readonly concurrency: number
}

/** apiKey is sent and never kept. */
export type RecordDeps = {
  readonly apiKey: string | undefined
  readonly fetch: Fetch
  readonly sleep: (ms: number) => Promise<unknown>
  readonly rng: Rng
  readonly log: (line: string) => void
}

export const HOSTED_URL = 'https://api.anthropic.com'
const TRIES = 8
const LONGEST_WAIT_MS = 60_000

/**
 * Answers that the cassette holds already are not asked for again; a last line that was torn off is
 * taken away first. A request that Claude refuses as such is passed over and counted. Fails with
 * E_NO_KEY, E_DATA (bad requests or cassette) and E_UPSTREAM; what has come until then is kept.
 */
export const runRecord = async (options: RecordOptions, deps: RecordDeps): Promise<Results> => {
  if (!deps.apiKey && options.claudeUrl === HOSTED_URL)
    throw new FedError('E_NO_KEY', 'needs ANTHROPIC_API_KEY in the environment, or a --claude-url')
  const bodies = readRequests(options.requests, deps.log).map((request) => ({
    model: options.model,
    max_tokens: options.maxTokens,
    ...request,
  }))
  const kept = countKept(options.out)
  const missing = distinct(bodies).flatMap(([key, body]) =>
    Array.from({ length: Math.max(0, options.n - (kept.get(key) ?? 0)) }, () => body),
  )
  const held = sum(kept.values())
  // A path that cannot be written to must not cost an answer.
  appendFileSync(options.out, '', { mode: 0o600 })
  deps.log(`${missing.length} answers to ask for; the cassette holds ${held}`)
  const totals = { answers: 0, refused: 0, input: 0, output: 0, usd: 0 }
  const every = Math.max(1, Math.ceil(missing.length / 20))
  await inParallel(missing, options.concurrency, async (body) => {
    const response = await ask(options.claudeUrl, body, deps)
    if (response === 'refused') {
      totals.refused++
      return
    }
    const line: CassetteLine = { request: body, response }
    appendFileSync(options.out, `${JSON.stringify(line)}\n`)
    const usage = usageOf(response)
    const input = tokensOf({ ...usage, output: 0 })
    totals.answers++
    totals.input += input
    totals.output += usage.output
    totals.usd += usdOf(usage, priceOf(body.model, input))
    if (totals.answers % every === 0) deps.log(`${totals.answers} of ${missing.length} answers`)
  })
  if (totals.refused > 0)
    deps.log(`${totals.refused} requests were refused as invalid and are not on the cassette`)
  return {
    results: [
      { name: 'record.answers', value: totals.answers, unit: 'answers' },
      { name: 'record.held', value: held, unit: 'answers' },
      { name: 'record.refused', value: totals.refused, unit: 'requests' },
      { name: 'record.input', value: totals.input, unit: 'tokens' },
      { name: 'record.output', value: totals.output, unit: 'tokens' },
      { name: 'record.cost', value: totals.usd, unit: `USD, prices of ${PRICES_AS_OF}` },
    ],
  }
}

const usageOf = ({ usage }: CassetteLine['response']): Usage => ({
  input: usage.input_tokens,
  output: usage.output_tokens,
  cacheWrite: usage.cache_creation_input_tokens,
  cacheRead: usage.cache_read_input_tokens,
})

/** How many answers to which request the cassette holds. */
const countKept = (path: string): Map<string, number> => {
  const kept = new Map<string, number>()
  if (!existsSync(path)) return kept
  const text = readFileSync(path, 'utf8')
  const { lines, wholeLength } = parseCassette(text)
  if (wholeLength < text.length) truncateSync(path, Buffer.byteLength(text.slice(0, wholeLength)))
  for (const { request } of lines) {
    const key = requestKey(request)
    kept.set(key, (kept.get(key) ?? 0) + 1)
  }
  return kept
}

const distinct = <T extends CountTokensBody>(bodies: readonly T[]): [string, T][] => [
  ...new Map(bodies.map((body) => [requestKey(body), body])),
]

const sum = (values: Iterable<number>): number => [...values].reduce((a, b) => a + b, 0)

/** Statuses that say that the request itself is wrong: asking again, or the next, may still do. */
const INVALID = new Set([400, 413, 422])
const isTransient = (status: number) =>
  status === 408 || status === 409 || status === 429 || status >= 500

const ask = async (
  claudeUrl: string,
  body: CountTokensBody,
  deps: RecordDeps,
): Promise<CassetteLine['response'] | 'refused'> => {
  let problem = 'no answer'
  for (let attempt = 0; attempt < TRIES; attempt++) {
    const response = await post(claudeUrl, body, deps)
    if (response?.ok) {
      const recorded = readRecorded(await response.json().catch(() => undefined))
      if (recorded) return recorded
      problem = 'an answer that is no message'
    } else if (response) {
      await response.body?.cancel()
      problem = `status ${response.status}`
      if (INVALID.has(response.status)) return 'refused'
      if (!isTransient(response.status)) break
    }
    const waitMs = waitOf(response, attempt, deps.rng)
    if (attempt + 1 < TRIES) {
      deps.log(`${problem}: asking again in ${Math.ceil(waitMs / 1000)} s`)
      await deps.sleep(waitMs)
    }
  }
  throw new FedError(
    'E_UPSTREAM',
    `${new URL(claudeUrl).host}: ${problem}; what has come is kept, run the same command to go on`,
  )
}

/** undefined when the connection fails. */
const post = (
  claudeUrl: string,
  body: CountTokensBody,
  { apiKey, fetch }: RecordDeps,
): Promise<Response | undefined> =>
  fetch(`${claudeUrl.replace(/\/+$/, '')}/v1/messages`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      'anthropic-version': '2023-06-01',
      'x-api-key': apiKey ?? 'none',
    },
    body: JSON.stringify(body),
  }).catch(() => undefined)

/** What the service asks for, else twice as long each time, somewhat at random. */
const waitOf = (response: Response | undefined, attempt: number, rng: Rng): number => {
  const ms = Number(response?.headers.get('retry-after-ms') ?? Number.NaN)
  const seconds = Number(response?.headers.get('retry-after') ?? Number.NaN)
  const asked = ms > 0 ? ms : seconds * 1000
  return asked > 0
    ? asked
    : Math.min(LONGEST_WAIT_MS, 1000 * 2 ** attempt) * (0.75 + 0.25 * rng.uniform())
}

/** The first failure ends the others after what they are at, and is thrown. */
const inParallel = async <T>(
  items: readonly T[],
  width: number,
  work: (item: T) => Promise<void>,
): Promise<void> => {
  const rest = [...items]
  let failed: FedError | undefined
  const worker = async () => {
    for (let item = rest.shift(); item !== undefined && !failed; item = rest.shift())
      await work(item).catch((error) => {
        failed ??= asFedError(error)
      })
  }
  await Promise.all(Array.from({ length: width }, worker))
  if (failed) throw failed
}
