import { rmSync } from 'node:fs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type RunningApi, serveApi } from '../../../device/api/serve.ts'
import { temporaryFolder } from '../agent/fixture.ts'
import { DEVICE_TOKEN, fakeDevice, fakeOversight } from '../api/fakes.ts'
import { call } from '../cli-call.ts'

/** The way in that works is in test/device/api/page/page.test.ts, with a browser. */
const folder = temporaryFolder()
let other: RunningApi
beforeAll(async () => {
  await call(folder, ['init', '--model', 'tiny'])
  other = await serveApi(
    {
      device: fakeDevice().device,
      oversight: fakeOversight(),
      deviceToken: DEVICE_TOKEN,
      claudeKey: null,
      claudeUrl: 'https://claude.test',
      transport: () => Promise.reject(new Error('not used')),
      clock: Date.now,
      logOutgoing: () => {},
      report: () => {},
    },
    0,
  )
})
afterAll(async () => {
  await other.close()
  rmSync(folder, { recursive: true })
})

test('the device of another home gives no code: E_AUTH', async () => {
  const { code, stderr } = await call(folder, ['page', '--port', String(other.port)])
  expect({ code, stderr }).toMatchObject({ code: 1, stderr: expect.stringContaining('E_AUTH') })
})

test('where nothing listens it says how to start the device: E_UNAVAILABLE', async () => {
  const { port } = other
  await other.close()
  const { code, stderr } = await call(folder, ['page', '--print', '--port', String(port)])
  expect(code).toBe(1)
  expect(stderr).toContain('E_UNAVAILABLE')
  expect(stderr).toContain('loreweave serve')
})
