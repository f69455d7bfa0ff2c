import { beforeAll, expect, test } from 'vitest'
import type { LocalModel } from '../../../device/engine/model/open.ts'
import { fakeDevice, shortChoices, tinyModel } from '../device-fixture.ts'
import { maskedScene, stoppedScene } from './masked-fixture.ts'

let model: LocalModel
beforeAll(async () => {
  model = await tinyModel()
})

test('devices mask their updates, and the server releases their sum', async () => {
  const { server, jobId, sent, ...first } = await maskedScene(model, 3, 3)
  const all = [first, ...first.others]
  const reports = await Promise.all(all.map(({ device }) => device.participate()))
  await server.settle()
  expect(reports.map(({ rounds }) => rounds.length)).toEqual([1, 1, 1])
  const { rounds } = await server.operator.job(jobId)
  expect(rounds[0]).toMatchObject({ phase: 'released', received: 3 })
  const uploads = sent.filter(({ method }) => method === 'PUT')
  expect(uploads).toHaveLength(3)
  for (const { bytes } of uploads)
    expect(Buffer.from(bytes).toString('latin1')).toContain('"kind":"masked-update"')
  for (const { store, device } of all) {
    expect(store.uploads().map(({ state }) => state)).toEqual(['accepted'])
    expect(device.status().lastRound).toMatchObject({ isMasked: true, devices: 3 })
  }
})

test('a round that may be smaller than 20 devices is refused before anything is computed', async () => {
  const { device, sent, calls } = await maskedScene(model, 3)
  const report = await device.participate()
  expect(report).toMatchObject({ rounds: [], ended: 'refused' })
  expect(calls.train).toEqual([])
  expect(sent.some(({ path }) => path.endsWith('/masks') || path.endsWith('/update'))).toBe(false)
})

test('a roster that was changed on its way is refused: the server has not signed it, and no update leaves', async () => {
  const { others, server, sent, transport } = await maskedScene(model, 2, 2)
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
  const other = others[0]!.device.participate({ signal: stop.signal }).catch(() => null)
  await expect(lying.device.participate()).rejects.toMatchObject({ code: 'E_SERVER_KEY' })
  stop.abort()
  await other
  expect(lying.store.pendingUploads()).toEqual([])
  expect(sent.filter(({ method }) => method === 'PUT')).toEqual([])
})

test('a device that was stopped before its masked update arrived sends the same bytes, and computes nothing again', async () => {
  const { started, store, said, other, server, jobId } = await stoppedScene(model, 'update', false)
  expect(store.maskedRounds()).toHaveLength(1)
  const again = started()
  await again.device.participate({ signal: AbortSignal.timeout(60_000) }).catch(() => null)
  await other
  await server.settle()
  const { rounds } = await server.operator.job(jobId)
  expect(rounds[0]).toMatchObject({ phase: 'released', received: 2 })
  expect(again.calls.train).toEqual([])
  const [first, second] = said.filter(({ what }) => what === 'update')
  expect(second).toEqual(first)
  expect(store.maskedRounds()).toEqual([])
})

test('once its consent is withdrawn, nothing of a masked round is left, and nothing more is said', async () => {
  const { started, store, said, endOther } = await stoppedScene(model, 'keys', false)
  const { roundId } = store.maskedRounds()[0]!
  expect(store.maskedSecrets(roundId)).toMatchObject({ state: { step: 'joined' } })
  await started().device.withdrawConsent()
  expect(store.maskedSecrets(roundId)).toBeUndefined()
  expect(store.uploadState(roundId)).toBe('refused')
  const before = said.length
  await expect(started().device.participate()).rejects.toMatchObject({ code: 'E_CONSENT' })
  expect(said).toHaveLength(before)
  await endOther()
})

test('a device that comes back after its round drops what it kept of it, and takes part in the next', async () => {
  const { started, store, server, endOther } = await stoppedScene(model, 'survivors', false)
  const { roundId } = store.maskedRounds()[0]!
  await endOther()
  await server.pass(24 * 3600_000)
  const stop = new AbortController()
  const assigned: string[] = []
  const onAssigned = (id: string) => {
    assigned.push(id)
    stop.abort()
  }
  const next = started().device.participate({ signal: stop.signal, onAssigned })
  await expect(next).rejects.toMatchObject({ code: 'E_CANCELLED' })
  expect(assigned).not.toContain(roundId)
  expect(store.maskedRounds()).toEqual([])
})
