/** The tiny scenario, interrupted and with parts of the product taken away. */
import { rmSync } from 'node:fs'
import { afterAll, expect, test } from 'vitest'
import type { Result } from '../../../eval/measure/results.ts'
import { tinyRuns } from './tiny-run.ts'

const { folder, run } = tinyRuns()
afterAll(() => rmSync(folder, { recursive: true, force: true }))

test('two runs of one seed are equal, in fresh folders and in the same one', async () => {
  const first = await run('first')
  expect((await run('second')).results).toEqual(first.results)
  expect((await run('first')).results).toEqual(first.results)
})

test('interrupted at any point, the next run ends with the same results', async () => {
  const whole = await run('first')
  for (const lines of [2, 20]) {
    const abort = new AbortController()
    let told = 0
    const log = () => {
      if (++told === lines) abort.abort()
    }
    await expect(run(`interrupted-${lines}`, { log, signal: abort.signal })).rejects.toMatchObject({
      code: 'E_CANCELLED',
    })
    expect((await run(`interrupted-${lines}`)).results).toEqual(whole.results)
  }
})

test('without prior and LoRA nothing of the federation is left but the scale', async () => {
  const { results } = await run('first', { ablate: ['prior', 'lora'] })
  const value = (name: string) => results.find((r) => r.name === name)?.value
  expect(value('run.utility.lora.8')).toBeUndefined()
  expect(value('run.utility.federated.8')).toBe(value('run.utility.prior.8'))
  expect(value('run.utility.global')).toBe(value('run.utility.first'))
})

test('what is ablated is not seen: no states and words leave the named features, no named features and words the states', async () => {
  const value = (results: readonly Result[], name: string) =>
    results.find((r) => r.name === name)?.value
  const withoutStates = (await run('first', { ablate: ['states', 'words'] })).results
  expect(value(withoutStates, 'run.utility.local.8')).toBe(
    value(withoutStates, 'run.utility.named.8'),
  )
  expect(value(withoutStates, 'run.utility.states.8')).toBe(
    value(withoutStates, 'run.utility.first'),
  )
  const withoutNamed = (await run('first', { ablate: ['named', 'words'] })).results
  expect(value(withoutNamed, 'run.utility.local.8')).toBe(
    value(withoutNamed, 'run.utility.states.8'),
  )
  expect(value(withoutNamed, 'run.utility.named.8')).toBe(value(withoutNamed, 'run.utility.first'))
})

test("without reranking the product returns Claude's first answer and asks for no other", async () => {
  const { results, figures } = await run('first', { ablate: ['rerank'] })
  expect(figures.lift.at(-1)!.points).toEqual(figures.hasTaste.map(() => 0))
  expect(results.find((r) => r.name === 'run.answers_asked.with_taste.8')?.value).toBe(1)
  expect(results.find((r) => r.name === 'run.extra_tokens.with_taste.8')?.value).toBe(0)
})

test('without rewriting nobody is asked for the whole product', async () => {
  const { results } = await run('first', { ablate: ['rewrite'] })
  expect(results.some((r) => r.name.includes('whole'))).toBe(false)
})

test('a run against itself with less compares what two runs would, and changes no other figure', async () => {
  const whole = await run('first')
  const less = await run('first', { ablate: ['words'] })
  const both = await run('first', { against: ['words'] })
  const few = await run('first', { against: ['words'], arms: new Set(['local']) })
  expect(few.figures.arms.map(({ arm }) => arm)).toContain('local_less')
  expect(few.figures.arms.some(({ arm }) => arm.startsWith('federated'))).toBe(false)
  const value = (results: readonly Result[], name: string) =>
    results.find((r) => r.name === name)!.value
  for (const arm of ['local', 'federated', 'product']) {
    const name = `run.utility.${arm}.8`
    expect(value(both.results, `run.utility.${arm}_less.8`)).toBe(value(less.results, name))
    expect(value(both.results, `run.difference.${arm}.8-minus-${arm}_less.8`)).toBeCloseTo(
      value(whole.results, name) - value(less.results, name),
      12,
    )
  }
  expect(both.results.filter(({ name }) => !name.includes('_less'))).toEqual(whole.results)
})
