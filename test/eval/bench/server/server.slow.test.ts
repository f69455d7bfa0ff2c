// The benchmark of the server at small sizes: what it names and what it demands, not how fast it is.
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { benchServer } from '../../../../eval/bench/server/bench.ts'
import { benchFleet } from '../../../../eval/bench/server/fleet.ts'
import { Result, type Results } from '../../../../eval/measure/results.ts'
import { programCommand } from '../../../support/programs.ts'

const log = () => {}
const root = fileURLToPath(new URL('../../../..', import.meta.url))

const figuresOf = ({ results }: Results) =>
  Object.fromEntries(
    Result.array()
      .parse(results)
      .map((result) => [result.name.replace('bench.server.', ''), result]),
  )

test('a server and that of another checkout are measured by turns', async () => {
  const figures = figuresOf(
    await benchServer({
      ...{ runs: 1, checkins: 20, uploads: 4, updateKb: 20, burst: 4, burstKb: 40, log },
      checkout: programCommand('server/cli'),
      against: root,
    }),
  )
  const peers = Object.values(figures).map(({ peer }) => peer?.name)
  expect(peers).toEqual(peers.map(() => root))
  for (const name of ['checkins', 'uploads', 'checkin_cpu', 'upload_cpu', 'recovery'])
    expect(figures[name]!.value).toBeGreaterThan(0)
  if (process.platform === 'linux')
    expect(figures['burst_peak']!.value).toBeGreaterThan(40 * 2 ** 20)
})

test('a fleet with dropouts and duplicates is counted once, though the server is killed', async () => {
  const figures = figuresOf(
    await benchFleet({
      ...{ devices: 40, updateKb: 20, jobs: 2, dropouts: 0.2, duplicates: 0.2, replicas: 1 },
      ...{ killEvery: 10, atOnce: 4, limit: 120, seed: 'slow test', log },
      checkout: programCommand('server/cli'),
    }),
  )
  const { accepted, counted_once, jobs_with_equal_bytes, duplicates, kills } = Object.fromEntries(
    Object.entries(figures).map(([name, { value }]) => [name.replace('fleet.', ''), value]),
  )
  expect(accepted).toBe(counted_once)
  expect(accepted).toBeLessThan(80)
  expect(jobs_with_equal_bytes).toBe(2)
  expect(duplicates).toBeGreaterThan(0)
  expect(kills).toBeGreaterThan(0)
})

test('replicas without a database are refused', async () => {
  const sizes = { devices: 2, updateKb: 20, jobs: 1, dropouts: 0, duplicates: 0, replicas: 3 }
  await expect(
    benchFleet({ ...sizes, atOnce: 1, limit: 10, seed: 'none', log }),
  ).rejects.toMatchObject({ code: 'E_USAGE' })
})
