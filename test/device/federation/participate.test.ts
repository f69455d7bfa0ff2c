import { beforeAll, expect, test } from 'vitest'
import { decodeUpdate } from '../../../adapters/contributions/messages.ts'
import type { LocalModel } from '../../../device/engine/model/open.ts'
import { openDevice } from '../../../device/owner/device.ts'
import { type DeviceStore, openStore } from '../../../device/store/store.ts'
import { enrolledDevice, fakeDevice, jobFor, tinyModel } from '../device-fixture.ts'

let model: LocalModel
beforeAll(async () => {
  model = await tinyModel()
})

test('contributes to every round of a job and then serves its last release', async () => {
  const { device, server, jobId, store } = await enrolledDevice(model, { rounds: 3 })
  const report = await device.participate({ rounds: 3, wait: true })
  expect(report.rounds).toHaveLength(3)
  expect(report.rounds[0]).toMatchObject({
    contributions: ['adapter', 'statistics'],
    pairs: 8,
    problem: null,
  })
  // A prior has a unit once there is a scale.
  expect(report.rounds[1]?.contributions).toEqual(['adapter', 'prior', 'statistics'])
  await server.settle()
  const job = await server.operator.job(jobId)
  expect(job.state).toBe('completed')
  expect(job.rounds.map((r) => r.factor)).toEqual(['B', 'A', 'B'])
  const last = await device.participate()
  expect(last).toMatchObject({ rounds: [], ended: 'no_job', head: job.head })
  expect(device.status().release).toBe(job.head)
  expect(device.status().lastRound).toMatchObject({ isMasked: false, devices: 1 })
  expect(store.uploads().map((u) => u.state)).toEqual(['accepted', 'accepted', 'accepted'])
})

test('asked for more rounds than there are, it ends when the job does', async () => {
  const { device } = await enrolledDevice(model, { rounds: 2 })
  const report = await device.participate({ rounds: 9, wait: true })
  expect(report.rounds).toHaveLength(2)
  expect(report.ended).toBe('no_job')
})

test('without --wait it returns at the first retry window', async () => {
  const { device } = await enrolledDevice(model, { cohort: { size: 2, goal: 2, minimum: 1 } })
  expect((await device.participate()).rounds).toHaveLength(1)
  expect(await device.participate()).toMatchObject({ rounds: [], ended: 'contributed' })
})

test('a finished update is kept before it is sent, and the very bytes are sent again after a crash', async () => {
  const first = await enrolledDevice(model)
  const { store, key, engine, calls, server, sent } = first
  const dying = openDevice({
    store: { ...store, close: async () => {} },
    key,
    model,
    engine,
    serverUrl: 'http://server.test',
    clock: server.now,
    sleep: async () => {},
    transport: async (request) => {
      if (request.method === 'PUT') throw new TypeError('the power went out')
      return first.transport(request)
    },
    settings: { explore: 0, maxTokens: 64 },
  })
  await expect(dying.participate()).rejects.toMatchObject({ code: 'E_UNAVAILABLE' })
  const [kept] = store.pendingUploads()
  const trainings = calls.train.length
  sent.length = 0

  await first.device.participate()
  const upload = sent.find((s) => s.method === 'PUT')
  expect(Buffer.from(upload!.bytes).equals(Buffer.from(kept!.bytes))).toBe(true)
  expect(sent.filter((s) => s.method === 'PUT')).toHaveLength(1)
  expect(calls.train).toHaveLength(trainings)
  expect(store.pendingUploads()).toEqual([])
})

test('an update and the mark that it may have left are on the disk before its first byte leaves', async () => {
  const steps: string[] = []
  const store = openStore(':memory:')
  const noted: Pick<DeviceStore, 'durably'> = {
    durably: async (work) => {
      const done: string[] = []
      const result = await store.durably((tx) =>
        work({
          ...tx,
          savePending: (upload) => {
            done.push('saved')
            tx.savePending(upload)
          },
          markSent: (roundId) => {
            done.push(`marked`)
            tx.markSent(roundId)
          },
        }),
      )
      steps.push(...done)
      return result
    },
  }
  const { device } = await enrolledDevice(
    model,
    {},
    {
      store: { ...store, ...noted },
      onPut: () => steps.push('sent'),
    },
  )
  await device.participate()
  expect(steps).toEqual(['saved', 'marked', 'sent'])
})

test('an update that is forgotten while it is sent stays forgotten, whatever the server answers', async () => {
  const scene = await enrolledDevice(
    model,
    {},
    {
      onPut: () => {
        const [upload] = scene.store.pendingUploads()
        scene.store.dropUpload(upload!.roundId, 'forgotten')
      },
    },
  )
  await scene.device.participate()
  expect(scene.store.uploads()).toMatchObject([
    { state: 'refused', reason: 'forgotten', isSent: true },
  ])
})

test('a late update is refused and recorded, and the device continues', async () => {
  const { device, store, server, engine, key, transport } = await enrolledDevice(model, {
    rounds: 1,
    cohort: { size: 1, goal: 1, minimum: 1, deadlineMs: 1000, retries: 1 },
  })
  const late = openDevice({
    store,
    key,
    model,
    engine: {
      ...engine,
      train: async (request) => {
        await server.pass(2000)
        return engine.train(request)
      },
    },
    serverUrl: 'http://server.test',
    transport,
    clock: server.now,
    sleep: (ms) => server.pass(ms),
    settings: { explore: 0, maxTokens: 64 },
  })
  const report = await late.participate({ wait: false })
  expect(report.rounds).toEqual([])
  expect(store.uploads().every((u) => u.state === 'refused' && u.reason === 'E_ROUND_CLOSED')).toBe(
    true,
  )
  expect(store.uploads().length).toBeGreaterThan(0)
  expect(device.status().release).not.toBeNull()
})

test('nothing is sent without consent, and a withdrawn one stops everything', async () => {
  const { device, sent } = await enrolledDevice(model)
  await device.withdrawConsent()
  sent.length = 0
  await expect(device.participate()).rejects.toMatchObject({ code: 'E_CONSENT' })
  expect(sent).toEqual([])
  await device.grantConsent(['prior'], 1, 1)
  await expect(device.participate()).rejects.toMatchObject({ code: 'E_CONSENT' })
  await device.grantConsent(['prior'], null, 1)
  expect(await device.participate()).toMatchObject({ ended: 'not_eligible' })
})

test('a device that is not enrolled says so', async () => {
  const { device } = fakeDevice(model)
  await expect(device.participate()).rejects.toMatchObject({ code: 'E_NOT_ENROLLED' })
})

test('everything that leaves is in the log, with its size and digest', async () => {
  const { device, store, sent } = await enrolledDevice(model)
  await device.participate()
  const log = store.outbox().reverse()
  expect(log.map((e) => e.what)).toEqual([
    'enroll',
    'checkin',
    'release',
    'update',
    ...log.slice(4).map((e) => e.what),
  ])
  expect(log.map((e) => e.bytes)).toEqual(sent.map((s) => s.bytes.length))
  const update = log.find((e) => e.what === 'update')
  expect(update?.digest).toBe(store.uploads()[0]?.digest)
})

test('a check-in sends the model, the consent and a coarse number of choices, and nothing else', async () => {
  const { device, sent } = await enrolledDevice(model)
  await device.participate()
  const checkIn = sent.find((s) => s.path === '/v1/checkin')
  const told = JSON.parse(Buffer.from(checkIn!.bytes).toString('utf8'))
  expect(Object.keys(told).sort()).toEqual([
    'abilities',
    'base',
    'choices',
    'consent',
    'facts',
    'features',
    'protocol',
  ])
  expect(told.facts).toEqual({})
  expect(told.choices).toBe('1-9')
})

test('no text of the user is in anything that is sent', async () => {
  const { device, sent } = await enrolledDevice(model)
  await device.participate()
  for (const { bytes } of sent)
    expect(Buffer.from(bytes).toString('latin1')).not.toMatch(/subject|explain|"ada"|ada-\d/i)
})

test('a diverged training leaves the adapter out and sends the rest', async () => {
  const { engine, server, jobId, transport, store, key } = await enrolledDevice(model)
  const device = openDevice({
    store,
    key,
    model,
    engine: {
      ...engine,
      train: async (request) => {
        const result = await engine.train(request)
        return { ...result, flat: result.flat.map(() => Number.NaN) }
      },
    },
    serverUrl: 'http://server.test',
    transport,
    clock: server.now,
    sleep: (ms) => server.pass(ms),
    settings: { explore: 0, maxTokens: 64 },
  })
  const { rounds } = await device.participate()
  expect(rounds[0]).toMatchObject({
    contributions: ['statistics'],
    pairs: 0,
    problem: 'E_DIVERGED',
  })
  await server.settle()
  expect((await server.operator.job(jobId)).state).toBe('completed')
})

test('an abort during a wait ends with E_CANCELLED', async () => {
  const abort = new AbortController()
  const { device } = await enrolledDevice(
    model,
    { cohort: { size: 2, goal: 2, minimum: 2 } },
    {
      sleep: async (_ms, signal) => {
        abort.abort()
        signal?.throwIfAborted()
      },
    },
  )
  await expect(
    device.participate({ rounds: 2, wait: true, signal: abort.signal }),
  ).rejects.toMatchObject({ code: 'E_CANCELLED' })
})

test('a release that does not match its hash is refused with E_CHECKSUM', async () => {
  const { store, key, engine, server, transport } = await enrolledDevice(model)
  const device = openDevice({
    store,
    key,
    model,
    engine,
    serverUrl: 'http://server.test',
    clock: server.now,
    transport: async (request) => {
      const response = await transport(request)
      if (!request.url.includes('/releases/')) return response
      const bytes = new Uint8Array(await response.arrayBuffer())
      bytes[bytes.length - 40]! ^= 1
      return new Response(bytes)
    },
  })
  await expect(device.participate()).rejects.toMatchObject({ code: 'E_CHECKSUM' })
  expect(store.uploads()).toEqual([])
})

test('the update has the requested contributions, clipped to the norm', async () => {
  const { device, sent } = await enrolledDevice(model, {
    training: { maxPairs: 4, maxTokens: 64, updateNorm: 0.001 },
  })
  await device.participate()
  const { header, payload } = decodeUpdate(sent.find((s) => s.method === 'PUT')!.bytes)
  expect(header).toMatchObject({ factor: 'B', pairs: 4 })
  const size = header.segments.filter((s) => s.name.endsWith('.B')).reduce((n, s) => n + s.size, 0)
  const norm = Math.sqrt(payload.subarray(0, size).reduce((sum, v) => sum + v * v, 0))
  expect(norm).toBeCloseTo(0.001, 8)
  expect(header.features).toEqual(jobFor(model).features)
})
