import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { ChoiceLine } from '../../../adapters/formats/choice-log.ts'
import { benchChoices, loggedChoices } from '../../../eval/bench/choices.ts'
import { expectCode } from '../../support/expect-code.ts'

const plan = { users: 2, train: 30, test: 12, seed: 3 }
const requestOf = ({ messages }: ChoiceLine) => String(messages[0]!.content)

test('choices are the same for a seed, valid lines of a choice log, and unseen topics are unseen', () => {
  const logs = benchChoices(plan)
  expect(benchChoices(plan)).toEqual(logs)
  expect(logs.map(({ train, test: t }) => [train.length, t.length])).toEqual([
    [30, 12],
    [30, 12],
  ])
  const lines = logs.flatMap((log) => [...log.train, ...log.test])
  for (const line of lines) ChoiceLine.parse(line)
  const seen = new Set(logs.flatMap(({ train }) => train).map(requestOf))
  for (const { test: unseen } of logs)
    for (const line of unseen) expect(seen).not.toContain(requestOf(line))
})

test('answers have the length of short answers of Claude, and differ', () => {
  const lines = benchChoices({ ...plan, shown: 4 }).flatMap(({ train }) => train)
  const words = lines.flatMap(({ candidates }) => candidates.map((c) => c.split(/\s+/).length))
  const mean = words.reduce((a, b) => a + b, 0) / words.length
  expect(mean).toBeGreaterThan(130)
  expect(mean).toBeLessThan(220)
  for (const { candidates } of lines) expect(new Set(candidates).size).toBe(4)
})

test('a choice log gives as many lines as asked of users that have them, or E_DATA', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'loreweave-choices-'))
  const path = join(folder, 'log.jsonl')
  const lines = benchChoices(plan).flatMap((log) => [...log.train, ...log.test])
  writeFileSync(path, lines.map((line) => JSON.stringify(line)).join('\n'))
  const [first] = loggedChoices(path, { users: 1, train: 20, test: 5, seed: 1 })
  expect([first!.train.length, first!.test.length]).toEqual([20, 5])
  await expectCode('E_DATA', () => loggedChoices(path, { users: 1, train: 31, test: 5, seed: 1 }))
  rmSync(folder, { recursive: true })
})
