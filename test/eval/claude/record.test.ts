import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { FedError } from '../../../adapters/errors.ts'
import { seededRng } from '../../../adapters/random.ts'
import { priceOf } from '../../../device/spending/prices.ts'
import { REQUESTS } from '../../../eval/answers/requests.ts'
import type { BadDayPlan } from '../../../eval/claude/bad-days.ts'
import { parseCassette } from '../../../eval/claude/cassette.ts'
import { createClaude } from '../../../eval/claude/claude.ts'
import { HOSTED_URL, type RecordOptions, runRecord } from '../../../eval/claude/record.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'record-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

const KEY = 'sk-ant-secret'
const ask = (content: string) => ({ messages: [{ role: 'user', content }] })
const jsonLines = (items: readonly object[]) => items.map((i) => JSON.stringify(i)).join('\n')

const record = async (changes: {
  requests: string
  badDays?: BadDayPlan
  options?: Partial<RecordOptions>
  apiKey?: string | undefined
}) => {
  const file = join(folder, 'requests')
  if (changes.requests !== 'bank') writeFileSync(file, changes.requests)
  const out = join(folder, 'cassette.jsonl')
  const claude = createClaude({ seed: 1, badDays: changes.badDays ?? {} })
  const waits: number[] = []
  const logs: string[] = []
  const sent: Request[] = []
  const run = runRecord(
    {
      requests: changes.requests === 'bank' ? 'bank' : file,
      out,
      claudeUrl: 'http://claude.test/',
      model: 'claude-sonnet-5-5',
      n: 2,
      maxTokens: 500,
      concurrency: 2,
      ...changes.options,
    },
    {
      apiKey: 'apiKey' in changes ? changes.apiKey : KEY,
      fetch: async (url, init) => {
        sent.push(new Request(url, init))
        return claude.request(new Request(url, init))
      },
      sleep: async (ms) => void waits.push(ms),
      rng: seededRng(1),
      log: (line) => void logs.push(line),
    },
  )
  let values: Record<string, number> = {}
  let error: FedError | undefined
  try {
    values = Object.fromEntries((await run).results.map((r) => [r.name, r.value]))
  } catch (thrown) {
    error = thrown as FedError
  }
  return {
    values,
    error,
    waits,
    logs,
    sent,
    out,
    lines: () => parseCassette(readFileSync(out, 'utf8')).lines,
  }
}

test('asks n times for each distinct request of a choice log and keeps what came', async () => {
  const choice = { user: 'u', id: '1', ...ask('What are tides?'), candidates: ['a'], chosen: 0 }
  const requests = jsonLines([
    choice,
    { ...choice, user: 'v' },
    { ...ask('Why is it dark?'), system: 'Be kind.' },
  ])
  const { values, lines } = await record({ requests })
  expect(values).toMatchObject({ 'record.answers': 4, 'record.held': 0, 'record.refused': 0 })
  expect(values['record.output']).toBeGreaterThan(100)
  const { input, output } = priceOf('claude-sonnet-5-5', 100)
  const usd = (input * values['record.input']! + output * values['record.output']!) / 1e6
  expect(values['record.cost']).toBeCloseTo(usd, 9)
  expect(
    lines()
      .map((l) => l.request)
      .filter((r) => r.system === 'Be kind.'),
  ).toEqual(
    Array(2).fill({
      model: 'claude-sonnet-5-5',
      max_tokens: 500,
      system: 'Be kind.',
      messages: [{ role: 'user', content: 'Why is it dark?' }],
    }),
  )
  expect(new Set(lines().map((l) => JSON.stringify(l.response.content))).size).toBe(4)
})

test('the key is sent and never kept, and the file is for its owner only', async () => {
  const { sent, out, logs } = await record({ requests: jsonLines([ask('What are tides?')]) })
  expect(sent[0]?.headers.get('x-api-key')).toBe(KEY)
  expect(sent[0]?.url).toBe('http://claude.test/v1/messages')
  expect(readFileSync(out, 'utf8') + logs.join()).not.toContain(KEY)
  if (process.platform !== 'win32') expect(statSync(out).mode & 0o777).toBe(0o600)
})

test('goes on where it was: what is there is not asked again, and a torn line is', async () => {
  const first = jsonLines([ask('What are tides?')])
  const { out } = await record({ requests: first, options: { n: 3 } })
  const whole = readFileSync(out, 'utf8')
  writeFileSync(out, whole.slice(0, whole.lastIndexOf('"usage"')))
  const requests = jsonLines([ask('What are tides?'), ask('What is glühwein?')])
  const { values, lines } = await record({ requests, options: { n: 3 } })
  expect(values).toMatchObject({ 'record.held': 2, 'record.answers': 4 })
  expect(lines()).toHaveLength(6)
  const again = await record({ requests, options: { n: 3 } })
  expect(again.sent).toHaveLength(0)
  expect(again.values).toMatchObject({ 'record.held': 6, 'record.answers': 0 })
})

test('waits as long as Claude asks for, longer each time where it does not say, and asks again', async () => {
  const { values, waits } = await record({
    requests: jsonLines([ask('What are tides?')]),
    badDays: { 1: 'rate-limit', 2: 'rate-limit-ms', 3: 'overloaded', 4: 'cut', 5: 'malformed' },
    options: { n: 1, concurrency: 1 },
  })
  expect(values['record.answers']).toBe(1)
  expect(waits.slice(0, 2)).toEqual([1000, 200])
  expect(waits[2]).toBeGreaterThanOrEqual(3000)
  expect(waits[4]).toBeGreaterThan(waits[2]!)
})

test('gives up with E_UPSTREAM after eight tries and keeps what has come', async () => {
  const { error, lines, waits } = await record({
    requests: jsonLines([ask('What are tides?')]),
    badDays: (n) => (n > 1 ? 'server-error' : undefined),
    options: { concurrency: 1 },
  })
  expect(error).toMatchObject({ code: 'E_UPSTREAM' })
  expect(error?.message).toContain('status 500')
  expect(waits).toHaveLength(7)
  expect(lines()).toHaveLength(1)
})

test('a request that Claude refuses as invalid is passed over and counted; a refused model ends it', async () => {
  const marked = { type: 'text', text: 'x', cache_control: { type: 'ephemeral' } }
  const invalid = { messages: [{ role: 'user', content: Array(5).fill(marked) }] }
  const requests = jsonLines([invalid, ask('What are tides?')])
  const { values, logs } = await record({ requests, options: { n: 1 } })
  expect(values).toMatchObject({ 'record.refused': 1, 'record.answers': 1 })
  expect(logs.join()).toContain('1 requests were refused')
  const { error, sent } = await record({ requests, options: { model: 'other', concurrency: 1 } })
  expect(error?.message).toContain('status 404')
  expect(sent).toHaveLength(1)
})

test('AlpacaEval outputs and the bank are requests as well', async () => {
  const outputs = JSON.stringify([{ instruction: 'What are tides?', output: 'x' }])
  expect((await record({ requests: outputs, options: { n: 1 } })).values).toMatchObject({
    'record.answers': 1,
  })
  const bank = await record({ requests: 'bank', badDays: () => 'overloaded' })
  expect(bank.logs[0]).toMatch(/^\d{3} answers to ask for/)
  expect(Number.parseInt(bank.logs[0]!, 10)).toBeGreaterThan(REQUESTS.length)
})

test('requests are read past a byte order mark, null fields and leading system messages', async () => {
  const messages = [{ role: 'system', content: 'Be brief.' }, ...ask('What are tides?').messages]
  const requests = `\ufeff${JSON.stringify({ messages, system: null, id: null })}`
  const { sent } = await record({ requests, options: { n: 1 } })
  expect(await sent[0]?.json()).toMatchObject({ system: 'Be brief.' })
})

test.each([
  ['{"messages": []}', 'line 2: messages'],
  ['nonsense', 'line 2: is not JSON'],
])('a bad line is refused with E_DATA by its number: %s', async (bad, problem) => {
  const { error, sent } = await record({ requests: `${JSON.stringify(ask('x'))}\n${bad}` })
  expect(error).toMatchObject({ code: 'E_DATA' })
  expect(error?.message).toContain(problem)
  expect(sent).toHaveLength(0)
})

test('without a key the hosted Claude is not asked, another address is', async () => {
  const requests = jsonLines([ask('What are tides?')])
  const hosted = await record({ requests, apiKey: undefined, options: { claudeUrl: HOSTED_URL } })
  expect(hosted.error).toMatchObject({ code: 'E_NO_KEY' })
  expect((await record({ requests, apiKey: undefined })).values['record.answers']).toBe(2)
})
