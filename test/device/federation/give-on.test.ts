import { beforeAll, expect, test } from 'vitest'
import { FedError } from '../../../adapters/errors.ts'
import { seededRng } from '../../../adapters/random.ts'
import type { JobSpecInput } from '../../../adapters/wire/jobs.ts'
import type { LocalModel } from '../../../device/engine/model/open.ts'
import { federationClient } from '../../../device/federation/client.ts'
import type { Transport } from '../../../device/federation/signed-transport.ts'
import { type DeviceOptions, openDevice } from '../../../device/owner/device.ts'
import { enrolledDevices, updateFor } from '../../support/federation-fixture.ts'
import { enrolledDevice, jobFor, tinyModel } from '../device-fixture.ts'

let model: LocalModel
beforeAll(async () => {
  model = await tinyModel()
})

const ONE = { size: 1, goal: 1, minimum: 1 }

/** An enrolled device with these options, and the JSON of its check-ins. */
const scene = async (
  job: Partial<JobSpecInput>,
  options: Partial<DeviceOptions> = {},
  change: (request: Request, text: string) => Response | null = () => null,
) => {
  const made = await enrolledDevice(model, job)
  const checkIns: { facts?: object }[] = []
  const transport: Transport = async (request) => {
    const isCheckIn = request.url.endsWith('/v1/checkin')
    const text = isCheckIn ? await request.clone().text() : ''
    if (isCheckIn) checkIns.push(JSON.parse(text))
    return change(request, text) ?? made.transport(request)
  }
  const device = openDevice({
    store: made.store,
    key: made.key,
    model,
    engine: made.engine,
    serverUrl: 'http://server.test',
    transport,
    clock: made.server.now,
    sleep: (ms) => made.server.pass(ms),
    settings: { explore: 0, maxTokens: 64 },
    ...options,
  })
  return { ...made, device, checkIns }
}

const FACTS = { charging: true, idle: true, unmetered: false, region: 'eu' } as const

test('tells only what a job looks at, at once, and takes part', async () => {
  const eligibility = { charging: true as const, regions: ['eu'] }
  const it = await scene({ eligibility, cohort: ONE }, { facts: async () => FACTS })
  expect((await it.device.participate()).rounds).toHaveLength(1)
  expect(it.checkIns.map(({ facts }) => facts)).toEqual([{}, { charging: true, region: 'eu' }])
})

test('looks again before it begins, and gives its place on', async () => {
  const facts = { ...FACTS, charging: true }
  const it = await scene(
    { eligibility: { charging: true }, cohort: ONE },
    {
      facts: async () => {
        const now = { ...facts }
        // Unplugged after it has told.
        if (it.checkIns.length > 0 && it.checkIns.at(-1)?.facts) facts.charging = false
        return now
      },
    },
  )
  const report = await it.device.participate({ isUnattended: true, follow: false })
  expect(report.rounds).toEqual([])
  const [round] = (await it.server.operator.job(it.jobId)).rounds
  expect(round).toMatchObject({ assigned: 0, received: 0 })
})

test.each([
  ['0.1', ['facts', 'abilities'], 'Unrecognized keys: "facts", "abilities"'],
  ['0.2', ['abilities'], 'Unrecognized key: "abilities"'],
])(
  'a server of version %s, which refuses what it does not know, is not told again',
  async (_, unknown, says) => {
    const refuse = () =>
      Response.json({ error: { code: 'E_BODY', message: `body: ${says}` } }, { status: 400 })
    const it = await scene({ cohort: ONE }, {}, (request, text) =>
      unknown.some((name) => text.includes(`"${name}"`)) && request.method === 'POST'
        ? refuse()
        : null,
    )
    expect((await it.device.participate()).rounds).toHaveLength(1)
    for (const name of ['facts', 'abilities'])
      expect(it.checkIns.map((sent) => name in sent)).toEqual([true, !unknown.includes(name)])
  },
)

test('a device that finds nothing to learn from, or no memory, gives its place on with the reason', async () => {
  for (const code of ['E_DATA', 'E_MEMORY'] as const) {
    const it = await scene(
      { cohort: ONE },
      {
        runRound: async () => {
          throw new FedError(code, 'on purpose')
        },
      },
    )
    await expect(it.device.participate()).rejects.toMatchObject({ code })
    const [round] = (await it.server.operator.job(it.jobId)).rounds
    expect(round).toMatchObject({ assigned: 0, startedAt: null })
    await it.server.settle()
    const text = code === 'E_DATA' ? 'had nothing to learn from' : 'ran out of memory'
    expect((await it.server.operator.job(it.jobId)).waitingFor).toContain(text)
  }
})

test('stops computing when the goal is met without it', async () => {
  const job = jobFor(model, { cohort: { size: 2, goal: 1, minimum: 1 } })
  let isStopped = false
  const it = await scene(
    { cohort: { size: 2, goal: 1, minimum: 1 } },
    {
      lookMs: 5,
      runRound: ({ signal }) =>
        new Promise((_, reject) => {
          signal?.addEventListener('abort', () => {
            isStopped = true
            reject(signal.reason)
          })
          void (async () => {
            const [other] = await enrolledDevices(it.server, 1)
            const assignment = await other!.join(job)
            await other!.upload(assignment, updateFor(assignment, 'faster'))
          })()
        }),
    },
  )
  expect((await it.device.participate({ follow: false })).rounds).toEqual([])
  expect(isStopped).toBe(true)
  expect(it.store.uploads()).toMatchObject([{ state: 'refused', reason: 'E_ROUND_CLOSED' }])
})

test('leaving deletes what names the device on the server', async () => {
  const it = await scene({ cohort: ONE })
  const client = federationClient({
    serverUrl: 'http://server.test',
    transport: it.transport,
    key: it.key,
    clock: it.server.now,
    rng: seededRng('leave'),
    sleep: async () => {},
    log: async () => {},
  })
  expect(await it.server.store.devices()).toHaveLength(1)
  await client.leaveServer()
  expect(await it.server.store.devices()).toEqual([])
  await expect(it.device.participate()).rejects.toMatchObject({ code: 'E_NOT_ENROLLED' })
})
