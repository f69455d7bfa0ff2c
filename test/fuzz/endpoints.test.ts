// Requests that are nearly right, a few to each operation; many more in fuzz.slow.test.ts.
import { beforeAll, describe, test } from 'vitest'
import type { LocalModel } from '../../device/engine/model/open.ts'
import { tinyModel } from '../device/device-fixture.ts'
import { DEVICE_ROUTES, fuzzDeviceRoute } from './device-endpoints.ts'
import { fuzzOperation, OPERATIONS } from './server-endpoints.ts'

const RUNS = 25

describe('the server', () => {
  test.each(OPERATIONS)('%s answers, or refuses with a code', (id) => fuzzOperation(id, 1, RUNS))
})

describe('the device', () => {
  let model: LocalModel
  beforeAll(async () => {
    model = await tinyModel()
  })
  test.each(Object.keys(DEVICE_ROUTES))('%s answers, or refuses with a code', (id) =>
    fuzzDeviceRoute(model, id, 1, RUNS),
  )
})
