// The benchmark of aggregation on a few small updates: what it names, not how fast it is.
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { benchAggregate } from '../../../eval/bench/aggregate/bench.ts'
import { Result } from '../../../eval/measure/results.ts'

test('aggregate: the same bytes as another sum, memory that does not grow, and a round', async () => {
  const said: string[] = []
  const { results } = await benchAggregate({
    ...{ runs: 1, updates: 4, numbers: 20_000, few: 2, many: 300, uploads: 2 },
    // The same code in one thread: its sum is merged with no other.
    against: fileURLToPath(new URL('../../..', import.meta.url)),
    cache: '',
    log: (line) => said.push(line),
  })
  const values = Object.fromEntries(
    Result.array()
      .parse(results)
      .map(({ name, value }) => [name.replace('bench.aggregate.', ''), value]),
  )
  expect(values['same_bytes.before']).toBe(1)
  expect(values['bytes_per_second.before']).toBeGreaterThan(0)
  // 298 more updates are 24 MB: they are not held.
  if (process.platform === 'linux')
    expect(values['peak.300']! - values['peak.2']!).toBeLessThan(20e6)
  expect(values['last_upload_to_release']).toBeGreaterThan(0)
  expect(said).toContain('memory: 300 updates that arrive one by one')
})
