// The whole audit, with the real server and training of the tiny model: nothing planted comes out.
import { expect, test } from 'vitest'
import { callEval } from '../../support/call-eval.ts'

test('three people take part with secrets, and none of them leaves their devices', async () => {
  const { code, stdout, stderr } = await callEval(
    'audit',
    '--cohorts',
    '1,5',
    '--trials',
    '4000',
    '--json',
  )
  expect({ code, stderr }).toMatchObject({ code: 0 })
  const { results } = JSON.parse(stdout) as { results: { name: string; value: number }[] }
  const value = (name: string) => results.find((one) => one.name === `audit.${name}`)?.value
  expect(value('secrets.leaked')).toBe(0)
  expect(value('secrets.seen_in_choices')).toBe(value('secrets.planted'))
  expect(value('secrets.searched')).toBeGreaterThan(100)
  expect(value('head.named.1')).toBe(1)
  for (const epsilon of [1, 2, 4, 8])
    expect(value(`membership.epsilon_at_least.${epsilon}`)).toBeLessThan(epsilon)
})
