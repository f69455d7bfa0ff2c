import { afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { FedError } from '../../../adapters/errors.ts'
import type { JobSpecInput } from '../../../adapters/wire/jobs.ts'
import { keepEnergy } from '../../../device/agent/energy-status.ts'
import type { LocalModel } from '../../../device/engine/model/open.ts'
import { openDevice } from '../../../device/owner/device.ts'
import { openFolder } from '../../../server/store/open.ts'
import { testServer } from '../../support/federation-fixture.ts'
import { enrolledDevice, jobFor, tinyModel } from '../device-fixture.ts'

let model: LocalModel
beforeAll(async () => {
  model = await tinyModel()
})
afterEach(() => {
  vi.useRealTimers()
})

const HOUR = 3600_000
/** Statistics alone fit, with the change of an adapter they do not. */
const LIMIT = 4000
const page = (status: number) =>
  new Response('<html>no</html>', { status, headers: { 'content-type': 'text/html' } })
const envelope = (status: number, code: string) =>
  Response.json({ error: { code, message: 'no' } }, { status })

/** A device whose updates meet `answer` instead of the server, until healed. null: the server. */
const scene = async (
  given: {
    answer?: ((size: number) => Response | null) | undefined
    job?: Partial<JobSpecInput>
    server?: ReturnType<typeof testServer>
    checkMemory?: () => void
  } = {},
) => {
  const state = { answer: given.answer, offset: 0, monotonic: 0, puts: 0 }
  const server = given.server ?? testServer()
  const made = await enrolledDevice(
    model,
    given.job,
    {
      clock: () => server.now() + state.offset,
      monotonicMs: () => state.monotonic,
      sleep: async () => {},
      ...(given.checkMemory && { checkMemory: given.checkMemory }),
      transport: async (request) => {
        if (request.method !== 'PUT') return server.app.request(request)
        state.puts++
        const size = Number(request.headers.get('content-length'))
        return state.answer?.(size) ?? server.app.request(request)
      },
    },
    server,
  )
  return {
    ...made,
    state,
    heal: () => {
      state.answer = undefined
    },
    reasons: () => made.store.uploads().map((u) => [u.state, u.reason]),
  }
}

const LATER: Record<string, () => Response> = {
  'no answer': () => {
    throw new TypeError('reset')
  },
  'a 500 of the server itself': () => envelope(500, 'E_INTERNAL'),
  'a 500 for data that it lacks': () => envelope(500, 'E_DATA'),
  'a 507 of a newer server': () => envelope(507, 'E_DISK_OF_NEXT_YEAR'),
  'a 503': () => new Response('', { status: 503 }),
  'a 502 page': () => page(502),
  'a 429': () => new Response('', { status: 429 }),
  "a proxy's 413": () => page(413),
  "a firewall's 403": () => page(403),
  "a proxy's 401": () => page(401),
  'a 404 page': () => page(404),
  'a 405': () => new Response('', { status: 405 }),
  'a 407': () => page(407),
  'a 408': () => page(408),
  "another program's envelope": () => envelope(403, 'Forbidden'),
  'a portal that answers 200': () => page(200),
  'a redirect': () => new Response('', { status: 302, headers: { location: 'https://x.test/' } }),
  'a clock that is off': () => envelope(401, 'E_CLOCK'),
  'a signature that a proxy broke': () => envelope(401, 'E_SIGNATURE'),
  'a server that does not know the device now': () => envelope(401, 'E_NOT_ENROLLED'),
  'another version of the protocol': () => envelope(400, 'E_PROTOCOL'),
  'a nonce that was seen': () => envelope(409, 'E_REPLAY'),
  'a piece that does not follow the others': () => envelope(409, 'E_CONFLICT'),
  'a route that is not there': () => envelope(404, 'E_NOT_FOUND'),
}

test.each(Object.keys(LATER))('%s is no refusal: the same bytes are taken later', async (name) => {
  const it = await scene({ answer: LATER[name]! })
  await expect(it.device.participate()).rejects.toMatchObject({ code: expect.any(String) })
  const [kept] = it.store.pendingUploads()
  expect(it.reasons()).toEqual([['pending', expect.stringMatching(/^E_/)]])
  it.heal()
  const { calls } = it
  const trainings = calls.train.length
  await it.device.participate()
  expect(it.store.uploads()).toMatchObject([{ state: 'accepted', digest: kept!.digest }])
  expect(calls.train).toHaveLength(trainings)
})

test.each([
  [409, 'E_ROUND_CLOSED'],
  [422, 'E_NORM'],
  [403, 'E_NOT_IN_COHORT'],
  [413, 'E_TOO_LARGE'],
  [409, 'E_REASON_OF_NEXT_YEAR'],
])('a refusal of the server is final: %i %s', async (status, code) => {
  const it = await scene({ answer: () => envelope(status, code) })
  expect((await it.device.participate()).rounds).toEqual([])
  expect(it.store.uploads()).toMatchObject([{ state: 'refused', bytes: expect.any(Number) }])
  expect(it.store.pendingUploads()).toEqual([])
  it.heal()
  await it.device.participate()
  expect(it.state.puts).toBe(1)
})

describe('a proxy that takes no bodies of this size (R9)', () => {
  const limited = (size: number) => (size > LIMIT ? page(413) : null)
  const statistics = { contributions: ['statistics' as const] }

  test('keeps the device from nothing: it checks in, and takes part in a small round of another line', async () => {
    const it = await scene({ answer: limited })
    await expect(it.device.participate()).rejects.toMatchObject({ code: 'E_UNAVAILABLE' })
    expect(await it.device.participate()).toMatchObject({ ended: 'pending', rounds: [] })
    const other = { adapter: { ...jobFor(model).adapter, rank: 3 } }
    await it.server.operator.createJob(jobFor(model, { ...statistics, ...other }))
    expect((await it.device.participate()).rounds).toMatchObject([
      { contributions: ['statistics'] },
    ])
    expect(it.reasons()).toContainEqual([
      'pending',
      expect.stringContaining('client_max_body_size'),
    ])
  })

  test('ends with its round: the update is dropped with the reason, and the next round starts', async () => {
    const it = await scene({ answer: limited, job: { cohort: ONE, maxDays: 0.01 } })
    await expect(it.device.participate()).rejects.toMatchObject({ code: 'E_UNAVAILABLE' })
    await it.server.pass(60_000 + 9 * 60_000)
    await it.device.participate()
    expect(it.reasons()).toEqual([['pending', expect.any(String)]])
    await it.server.pass(30 * 60_000)
    await it.server.operator.createJob(jobFor(model, statistics))
    expect((await it.device.participate()).rounds).toHaveLength(1)
    expect(it.reasons()).toContainEqual(['refused', 'too_late'])
  })

  test('is tried once an hour by an agent, others after a minute, which doubles', async () => {
    const putsAt = async (answer: (size: number) => Response | null) => {
      const it = await scene({ answer, job: { cohort: { ...ONE, deadlineMs: 7 * 24 * HOUR } } })
      const at: number[] = []
      const rest = { isUnattended: true }
      for (; it.state.monotonic < 3 * HOUR; it.state.monotonic += 60_000) {
        const before = it.state.puts
        await it.device.participate(rest).catch(() => undefined)
        if (it.state.puts > before) at.push(it.state.monotonic / 60_000)
      }
      return at
    }
    expect(await putsAt(limited)).toEqual([0, 60, 120])
    expect(await putsAt(() => envelope(500, 'E_INTERNAL'))).toEqual([0, 1, 3, 7, 15, 31, 63, 123])
  })
})

const ONE = { size: 1, goal: 1, minimum: 1, deadlineMs: 60_000, retries: 0 }

test('a server whose disk is full for a while loses no update of anybody (R10)', async () => {
  const { store, objects } = openFolder(':memory:')
  let isFull = true
  const server = testServer({
    data: {
      store,
      objects: {
        ...objects,
        put: async (hash, bytes) => {
          if (isFull) throw new Error('ENOSPC')
          return objects.put(hash, bytes)
        },
      },
    },
  })
  isFull = false
  const it = await scene({ server })
  isFull = true
  await expect(it.device.participate()).rejects.toMatchObject({ code: 'E_INTERNAL' })
  isFull = false
  await server.pass(10_000)
  await it.device.participate()
  expect(it.reasons()).toEqual([['accepted', null]])
  await server.settle()
  expect((await server.operator.job(it.jobId)).state).toBe('completed')
})

test('one update that cannot be sent does not keep another back', async () => {
  const it = await scene({ answer: (size) => (size > LIMIT ? page(413) : null) })
  await it.device.participate().catch(() => undefined)
  const [big] = it.store.pendingUploads()
  const other = { adapter: { ...jobFor(model).adapter, rank: 3 } }
  await it.server.operator.createJob(
    jobFor(model, { ...other, contributions: ['statistics' as const] }),
  )
  it.state.answer = () => envelope(500, 'E_INTERNAL')
  await it.device.participate().catch(() => undefined)
  expect(it.store.pendingUploads()).toHaveLength(2)
  it.state.answer = (size) => (size > LIMIT ? page(413) : null)
  await it.device.participate()
  expect(it.store.pendingUploads().map((u) => u.roundId)).toEqual([big!.roundId])
})

describe('the clock of the device', () => {
  const broken = async () => {
    const it = await scene({
      answer: () => page(503),
      job: { cohort: { ...ONE, deadlineMs: HOUR } },
    })
    await it.device.participate().catch(() => undefined)
    it.heal()
    return it
  }

  test.each([
    ['forward a year', 365 * 24 * HOUR],
    ['back a day', -24 * HOUR],
  ])('set %s loses no update, and sends it once it is right', async (_name, ms) => {
    const it = await broken()
    const puts = it.state.puts
    it.state.offset = ms
    for (let i = 0; i < 3; i++) {
      await expect(it.device.participate()).rejects.toMatchObject({ code: 'E_CLOCK' })
      expect(it.store.pendingUploads()).toHaveLength(1)
    }
    it.state.offset = 0
    await it.device.participate()
    expect(it.reasons()).toEqual([['accepted', null]])
    expect(it.state.puts).toBe(puts + 4)
    await it.device.participate()
    expect(it.state.puts).toBe(puts + 4)
  })

  test('set beyond the end of the consent sends nothing meanwhile, and loses nothing', async () => {
    const it = await broken()
    await it.device.grantConsent(
      ['adapter', 'prior', 'statistics'],
      it.server.now() + 90 * 24 * HOUR,
      1,
    )
    const puts = it.state.puts
    it.state.offset = 365 * 24 * HOUR
    await expect(it.device.participate()).rejects.toMatchObject({ code: 'E_CONSENT' })
    expect(it.state.puts).toBe(puts)
    it.state.offset = 0
    await it.device.participate()
    expect(it.reasons()).toEqual([['accepted', null]])
  })

  test('is believed where it says for a week that the round is over, also without a server', async () => {
    const it = await broken()
    it.state.answer = () => page(503)
    const away = async (hours: number) => {
      it.state.offset += hours * HOUR
      await it.device.participate().catch(() => undefined)
      return it.store.pendingUploads().length
    }
    expect(await away(2)).toBe(1)
    expect(await away(6 * 24)).toBe(1)
    expect(await away(2 * 24)).toBe(0)
    expect(it.reasons()).toEqual([['refused', 'too_late']])
  })
})

describe('work that its round does not wait for', () => {
  test('is not begun: a device that needs longer leaves its place to another', async () => {
    const it = await scene({ job: { cohort: { ...ONE, deadlineMs: 60_000 } } })
    keepEnergy(it.store, {
      id: 'round/1',
      at: 1,
      work: 'round',
      joules: 1,
      seconds: 61,
      method: 'cpu-time',
      roundId: 'earlier',
      isFinished: true,
      points: null,
    })
    const ended = await it.device.participate({ follow: false })
    expect(ended).toMatchObject({ ended: 'refused', rounds: [] })
    expect(it.calls.pooled).toBe(0)
    const [round] = (await it.server.operator.job(it.jobId)).rounds
    expect(round).toMatchObject({ assigned: 0 })
    expect(it.reasons()).toEqual([['refused', 'too_late']])
  })

  test('is stopped at the deadline', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
    let wasStopped = false
    const server = testServer()
    const made = await enrolledDevice(model, { cohort: ONE }, {}, server)
    const engine = {
      ...made.engine,
      train: (_request: unknown, _onProgress: unknown, signal?: AbortSignal) =>
        new Promise<never>((_, reject) => {
          signal?.addEventListener('abort', () => {
            wasStopped = true
            reject(signal.reason)
          })
          void server.pass(60_000).then(() => vi.advanceTimersByTime(250))
        }),
    }
    const device = openDevice({
      store: made.store,
      key: made.key,
      model,
      engine,
      serverUrl: 'http://server.test',
      transport: made.transport,
      clock: server.now,
      sleep: (ms) => server.pass(ms),
      settings: { explore: 0, maxTokens: 64 },
    })
    expect((await device.participate()).rounds).toEqual([])
    expect(wasStopped).toBe(true)
    expect(made.sent.filter((s) => s.method === 'PUT')).toEqual([])
    expect(made.store.uploads()).toMatchObject([{ state: 'refused', reason: 'E_ROUND_CLOSED' }])
  })

  test('that fails gives up its place and is retried after an hour', async () => {
    const it = await scene({
      job: { contributions: ['adapter'], cohort: { ...ONE, deadlineMs: 7 * 24 * HOUR } },
      checkMemory: () => {
        throw new FedError('E_MEMORY', 'needs more')
      },
    })
    const agent = { isUnattended: true }
    await expect(it.device.participate(agent)).rejects.toMatchObject({ code: 'E_MEMORY' })
    const assigned = async () => (await it.server.operator.job(it.jobId)).rounds[0]!.assigned
    expect(await assigned()).toBe(0)
    expect(await it.device.participate(agent)).toMatchObject({ ended: 'failed_lately' })
    expect(await assigned()).toBe(0)
    it.state.monotonic += HOUR
    await expect(it.device.participate(agent)).rejects.toMatchObject({ code: 'E_MEMORY' })
    it.state.monotonic += HOUR
    expect(await it.device.participate(agent)).toMatchObject({ rounds: [] })
  })
})
