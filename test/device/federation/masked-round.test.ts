import { beforeAll, expect, test } from 'vitest'
import type { LocalModel } from '../../../device/engine/model/open.ts'
import { enrolledDevice, fakeDevice, shortChoices, tinyModel } from '../device-fixture.ts'

let model: LocalModel
beforeAll(async () => {
  model = await tinyModel()
})

const maskedJob = (size: number) => ({
  cohort: { size, goal: size, minimum: size, choices: '0' as const },
  masks: {},
})

/** Devices of one server, which poll by turns. */
const maskedScene = async (size: number, leastSurvivors: number | undefined) => {
  const first = await enrolledDevice(model, maskedJob(size), { leastSurvivors })
  const others = []
  for (let i = 1; i < size; i++) {
    const made = fakeDevice(model, {
      serverUrl: 'http://server.test',
      transport: first.transport,
      clock: first.server.now,
      sleep: (ms) => first.server.pass(ms),
      leastSurvivors,
    })
    await made.device.enroll(await first.server.operator.token())
    await made.device.grantConsent(['adapter', 'prior', 'statistics'], null, 1)
    await made.device.importChoices(shortChoices(6))
    others.push(made)
  }
  return { ...first, all: [first, ...others] }
}

test('devices mask their updates, and the server releases their sum', async () => {
  const { all, server, jobId, sent } = await maskedScene(3, 3)
  const reports = await Promise.all(all.map(({ device }) => device.participate()))
  await server.settle()
  expect(reports.map(({ rounds }) => rounds.length)).toEqual([1, 1, 1])
  const { rounds } = await server.operator.job(jobId)
  expect(rounds[0]).toMatchObject({ phase: 'released', received: 3 })
  const uploads = sent.filter(({ method }) => method === 'PUT')
  expect(uploads).toHaveLength(3)
  for (const { bytes } of uploads)
    expect(Buffer.from(bytes).toString('latin1')).toContain('"kind":"masked-update"')
  for (const { store } of all)
    expect(store.uploads().map(({ state }) => state)).toEqual(['accepted'])
})

test('a round that may be smaller than 20 devices is refused before anything is computed', async () => {
  const { all, sent, calls } = await maskedScene(3, undefined)
  const report = await all[0]!.device.participate()
  expect(report).toMatchObject({ rounds: [], ended: 'refused' })
  expect(calls.train).toEqual([])
  expect(sent.some(({ path }) => path.endsWith('/masks') || path.endsWith('/update'))).toBe(false)
})

test('a roster that was changed on its way is refused: the server has not signed it, and no update leaves', async () => {
  const { all, server, sent, transport } = await maskedScene(2, 2)
  const lying = fakeDevice(model, {
    serverUrl: 'http://server.test',
    transport: async (request) => {
      const response = await transport(request)
      if (request.method !== 'GET' || !request.url.endsWith('/masks')) return response
      const status = (await response.json()) as {
        request: { members?: { maskKey: string }[] } | null
      }
      const [one, two] = status.request?.members ?? []
      if (one && two) one.maskKey = two.maskKey
      return Response.json(status)
    },
    clock: server.now,
    sleep: (ms) => server.pass(ms),
    leastSurvivors: 2,
  })
  await lying.device.enroll(await server.operator.token())
  await lying.device.grantConsent(['adapter', 'prior', 'statistics'], null, 1)
  await lying.device.importChoices(shortChoices(6))
  const stop = new AbortController()
  const other = all[1]!.device.participate({ signal: stop.signal }).catch(() => null)
  await expect(lying.device.participate()).rejects.toMatchObject({ code: 'E_SERVER_KEY' })
  stop.abort()
  await other
  expect(lying.store.pendingUploads()).toEqual([])
  expect(sent.filter(({ method }) => method === 'PUT')).toEqual([])
})
