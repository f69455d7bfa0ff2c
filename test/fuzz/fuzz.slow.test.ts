// At least 200,000 inputs over all readers and operations. LOREWEAVE_FUZZ_SEED draws others,
// LOREWEAVE_FUZZ_RUNS more of them to each reader; a failure names the seed and the smallest input.
import { beforeAll, describe, expect, test } from 'vitest'
import type { LocalModel } from '../../device/engine/model/open.ts'
import { tinyModel } from '../device/device-fixture.ts'
import { DEVICE_ROUTES, fuzzDeviceRoute } from './device-endpoints.ts'
import { fuzzReader } from './fuzz-reader.ts'
import { readers } from './readers.ts'
import { fuzzOperation, OPERATIONS } from './server-endpoints.ts'

const SEED = Number(process.env['LOREWEAVE_FUZZ_SEED'] ?? 2)
const RUNS = Number(process.env['LOREWEAVE_FUZZ_RUNS'] ?? 4000)
const OF_ENDPOINTS = Math.ceil(RUNS / 4)

const targets = await readers()

test('together there are at least 200,000 inputs', () => {
  const operations = OPERATIONS.length + Object.keys(DEVICE_ROUTES).length
  expect(targets.length * RUNS + operations * OF_ENDPOINTS).toBeGreaterThanOrEqual(200_000)
})

test.each(targets.map((target) => [target.name, target] as const))(
  '%s: any input is read or refused with a code',
  (_, target) => fuzzReader(target, SEED, RUNS),
)

test.each(OPERATIONS)('the server: %s answers, or refuses with a code', (id) =>
  fuzzOperation(id, SEED, OF_ENDPOINTS),
)

describe('the device', () => {
  let model: LocalModel
  beforeAll(async () => {
    model = await tinyModel()
  })
  test.each(Object.keys(DEVICE_ROUTES))('%s answers, or refuses with a code', (id) =>
    fuzzDeviceRoute(model, id, SEED, OF_ENDPOINTS),
  )
})
