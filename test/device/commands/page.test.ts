import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type RunningApi, serveApi } from '../../../device/api/serve.ts'
import { DEVICE_TOKEN, fakeDevice, fakeInspection } from '../api/fakes.ts'
import { call } from '../cli-call.ts'
import { run } from '../cli-process.ts'
import { temporaryFolder } from '../device-fixture.ts'

/** The way in that works is in test/device/api/page/page.slow.test.ts, with a browser. */
const folder = temporaryFolder()
let other: RunningApi
beforeAll(async () => {
  await call(folder, ['init', '--model', 'tiny'])
  other = await serveAs(DEVICE_TOKEN)
})
afterAll(async () => {
  await other.close()
  rmSync(folder, { recursive: true })
})

const serveAs = (deviceToken: string): Promise<RunningApi> =>
  serveApi(
    {
      device: fakeDevice().device,
      inspection: fakeInspection(),
      deviceToken,
      claudeKey: null,
      claudeUrl: 'https://claude.test',
      transport: () => Promise.reject(new Error('not used')),
      clock: Date.now,
      logOutgoing: () => {},
      report: () => {},
    },
    0,
  )

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

/** Writes down what it was called with, and what the system shows of all processes meanwhile. */
const OPENER = `#!/bin/sh
printf '%s\\n' "$@" > "$SEEN/arguments"
ps -ww -eo args > "$SEEN/processes"
exec sleep "$BROWSING"
`

test.skipIf(process.platform !== 'linux').each([
  ['that has been asked', '0'],
  ['that is used for longer than the command waits', '30'],
])(
  'a browser %s is opened without the code, which the command prints and ends',
  async (_, browsing) => {
    const own = await serveAs(readFileSync(join(folder, 'home', 'device-token'), 'utf8').trim())
    const bin = join(folder, 'bin')
    mkdirSync(bin, { recursive: true })
    writeFileSync(join(bin, 'xdg-open'), OPENER, { mode: 0o700 })
    const env = {
      DISPLAY: ':1',
      SEEN: folder,
      BROWSING: browsing,
      PATH: `${bin}:${process.env['PATH']}`,
    }
    const { code, stdout } = await run(folder, ['page', '--port', String(own.port)], { env })
    await own.close()
    const typed = /: ([0-9a-z-]{20,})$/.exec(stdout.trim())?.[1]
    expect([code, typed]).toEqual([0, expect.any(String)])
    expect(readFileSync(join(folder, 'arguments'), 'utf8')).toBe(`http://127.0.0.1:${own.port}/\n`)
    const processes = readFileSync(join(folder, 'processes'), 'utf8')
    expect(processes).toContain('xdg-open')
    expect(processes).not.toContain(typed)
  },
)
