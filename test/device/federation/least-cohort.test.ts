// Devices take part only in rounds of as many devices as their users ask for.
import { beforeAll, expect, test } from 'vitest'
import type { Assignment } from '../../../adapters/wire/federation.ts'
import type { LocalModel } from '../../../device/engine/model/open.ts'
import type { Transport } from '../../../device/federation/signed-transport.ts'
import { openDevice } from '../../../device/owner/device.ts'
import { grantConsent } from '../../../device/store/consent.ts'
import { openStore } from '../../../device/store/store.ts'
import { enrolledDevice, tinyModel } from '../device-fixture.ts'

let model: LocalModel
beforeAll(async () => {
  model = await tinyModel()
})

const THREE = { size: 3, goal: 3, minimum: 3, deadlineMs: 60_000 }

/** A device behind a server whose answers `change` may replace. */
const scene = async (
  leastCohort: number | undefined,
  change: (request: Request, answer: Response, text: string) => Promise<Response> | Response = (
    _,
    answer,
  ) => answer,
) => {
  const made = await enrolledDevice(model, { cohort: THREE })
  await made.device.grantConsent(['adapter', 'prior', 'statistics'], null, leastCohort)
  const bodies: [string, string][] = []
  const transport: Transport = async (request) => {
    const text = await request.clone().text()
    bodies.push([new URL(request.url).pathname.replace(/round-\w+/, 'ID'), text])
    return change(request, await made.transport(request), text)
  }
  const device = openDevice({
    ...{ store: made.store, key: made.key, model, engine: made.engine, transport },
    serverUrl: 'http://server.test',
    clock: made.server.now,
    sleep: (ms) => made.server.pass(ms),
    settings: { explore: 0, maxTokens: 64 },
  })
  return { ...made, device, bodies }
}

test('a round of as many devices as the consent asks for is joined', async () => {
  const it = await scene(3)
  expect((await it.device.participate()).rounds).toHaveLength(1)
})

test('without another number it is 20, and the server gives smaller rounds to others', async () => {
  const it = await scene(undefined)
  expect(await it.device.participate()).toMatchObject({ rounds: [], ended: 'not_eligible' })
  expect(it.bodies[0]![1]).toContain('"leastCohort":20')
  await it.server.settle()
  const { waitingFor } = await it.server.operator.job(it.jobId)
  expect(waitingFor).toContain('1 want rounds of more devices')
})

test('a round whose assignment promises fewer is given up with the reason, before any work', async () => {
  const lie = async (_: Request, answer: Response): Promise<Response> => {
    if (!answer.headers.get('content-type')?.includes('json')) return answer
    const body = (await answer.json()) as { assignment?: Assignment }
    if (body.assignment) delete body.assignment.cohort
    return Response.json(body, { status: answer.status })
  }
  const it = await scene(3, lie)
  expect(await it.device.participate()).toMatchObject({ rounds: [], ended: 'small_cohort' })
  expect(it.bodies).toContainEqual([
    '/v1/rounds/ID/abandon',
    JSON.stringify({ protocol: 1, reason: 'small_cohort' }),
  ])
  expect(it.calls.train).toEqual([])
  const [round] = (await it.server.operator.job(it.jobId)).rounds
  expect(round).toMatchObject({ assigned: 0, received: 0 })
})

test('an update that waits is dropped when the consent asks for more devices than its round has', async () => {
  const it = await scene(3, (request, answer) =>
    request.method === 'PUT' ? Response.error() : answer,
  )
  await it.device.participate().catch(() => {})
  expect(it.store.waitingUploads()).toMatchObject([{ leastCohort: 3 }])
  await it.device.grantConsent(['adapter', 'prior', 'statistics'], null, 4)
  expect(it.store.waitingUploads()).toEqual([])
})

test('a consent of before counts as one for 20 devices', async () => {
  const it = await scene(1)
  const { leastCohort: _, ...before } = it.store.consent()!
  await it.store.durably((tx) => tx.set('consent', before))
  expect(await it.device.participate()).toMatchObject({ rounds: [], ended: 'not_eligible' })
})

test.each([
  [1, 1],
  [3, 0],
])(
  'of a server of before, which says nothing of it, a consent for %i joins %i rounds',
  async (least, rounds) => {
    const refusal = {
      error: { code: 'E_BODY', message: 'consent: Unrecognized key: "leastCohort"' },
    }
    const it = await scene(least, (_, answer, text) =>
      text.includes('"leastCohort"') ? Response.json(refusal, { status: 400 }) : answer,
    )
    const report = it.device.participate()
    if (rounds > 0) expect((await report).rounds).toHaveLength(rounds)
    else
      await expect(report).rejects.toMatchObject({
        code: 'E_CONSENT',
        message: expect.stringContaining('--least-cohort 1'),
      })
  },
)

test('the number is kept with the consent', async () => {
  const store = openStore(':memory:')
  await grantConsent(store, ['prior'], 1, null, 7)
  expect(store.consent()).toMatchObject({ leastCohort: 7 })
  await store.close()
})
