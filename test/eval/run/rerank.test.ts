import { rmSync } from 'node:fs'
import { afterAll, expect, test } from 'vitest'
import { choice, people, rerankRuns } from './rerank-runs.ts'

const { folder, file, run } = rerankRuns()
afterAll(() => rmSync(folder, { recursive: true, force: true }))

test('with a population, whose training lines a federation learns from, all arms are compared', async () => {
  const data = file('data.jsonl', people('new', 3))
  const told: string[] = []
  const results = await run(data, {
    population: file('population.jsonl', people('old', 4)),
    likelihood: 1,
    costly: 1,
    log: (line) => void told.push(line),
  })
  for (const arm of ['first', 'random', 'longest', 'oracle', 'global', 'likelihood', 'log_ratio'])
    expect(results.has(`rerank.utility.${arm}`)).toBe(true)
  for (const arm of ['named', 'states', 'local', 'prior', 'lora', 'federated', 'product'])
    for (const budget of [2, 6]) expect(results.has(`rerank.utility.${arm}.${budget}`)).toBe(true)
  expect(results.get('rerank.utility.private.6')?.n).toBe(1)
  expect(results.get('rerank.utility.dpo.6')?.n).toBe(1)
  expect(results.get('rerank.utility.oracle')).toMatchObject({ value: 1, n: 3 })
  expect(results.get('rerank.utility.named.6')?.value).toBe(1)
  expect(results.get('rerank.difference.federated.2-minus-local.6')).toMatchObject({ n: 3 })
  expect(told.some((line) => line.includes('adapter round'))).toBe(true)
})

test('on their own, people are compared without what a federation would add', async () => {
  const results = await run(file('alone.jsonl', people('new', 2)))
  expect(results.has('rerank.utility.local.6')).toBe(true)
  expect(results.has('rerank.utility.product.6')).toBe(true)
  expect([...results.keys()].filter((name) => /federated|prior|lora|global/.test(name))).toEqual([])
})

test('a log of somebody else: other languages, turns, system prompts, one candidate or 64, no times, one user', async () => {
  const turns = [
    { role: 'user' as const, content: 'Was ist ein Regenbogen?' },
    { role: 'assistant' as const, content: 'Licht, das in Tropfen gebrochen wird.' },
    { role: 'user' as const, content: 'Und warum ist er rund? 🌈 なぜ' },
  ]
  const many = Array.from({ length: 64 }, (_, i) => `Antwort ${i} ${'so '.repeat(i % 5)}`)
  const lines: object[] = [
    choice('eine', 1, { messages: turns, system: 'Antworte kurz.' }),
    choice('eine', 2, { system: [{ type: 'text', text: 'Sei freundlich.' }] }),
    choice('eine', 3, { candidates: ['nur diese'], chosen: 0 }),
    choice('eine', 4, { candidates: many, chosen: 63, shown: [63, 0, 5] }),
    choice('eine', 5, { candidates: ['', 'leer ist die erste', 'drei'], chosen: 2 }),
    choice('eine', 6, { split: 'test', candidates: many, chosen: 7 }),
    choice('eine', 7, { split: 'test', messages: turns, candidates: ['a', 'b', 'c'], chosen: 2 }),
    choice('eine', 8, { split: 'test', candidates: ['allein'], chosen: 0 }),
    choice('jemand ohne Testzeilen', 9),
  ]
  const results = await run(file('other.jsonl', lines))
  // Without utilities the share of requests whose chosen answer is picked is what counts.
  expect(results.get('rerank.top1.oracle')).toMatchObject({ value: 1, n: 1 })
  expect(results.get('rerank.top1.first')).toMatchObject({ value: 0, n: 1 })
  expect(results.has('rerank.utility.local.2')).toBe(true)
})

test('people without a training choice are judged as strangers', async () => {
  const strangers = people('new', 2).filter((line) => line.split === 'test')
  const results = await run(file('strangers.jsonl', strangers))
  expect(results.get('rerank.utility.local.6')?.value).toBe(
    results.get('rerank.utility.first')?.value,
  )
})

test.each([
  ['no test line', () => people('new', 1, 0), {}],
  ['a population without choices', () => people('new', 1), { population: [] }],
])('%s is E_DATA', async (name, lines, more) => {
  const data = file(`${name}.jsonl`, lines())
  const population = 'population' in more && file('empty.jsonl', more.population)
  await expect(run(data, population ? { population } : {})).rejects.toMatchObject({
    code: 'E_DATA',
  })
})
