import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { people, rerankRuns } from './rerank-runs.ts'

const { folder, file, run } = rerankRuns()
afterAll(() => rmSync(folder, { recursive: true, force: true }))

test('two runs are equal, also where the first has left what it computed', async () => {
  const data = file('equal.jsonl', people('new', 2))
  const given = { population: file('learners.jsonl', people('old', 2)) }
  const first = await run(data, given)
  expect(await run(data, given)).toEqual(first)
  expect(await run(data, { ...given, out: join(folder, 'fresh') })).toEqual(first)
})
