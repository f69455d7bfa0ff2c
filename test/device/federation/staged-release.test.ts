/** A bad release reaches half of the devices, which find it worse, and are given the last one again. */
import { expect, test } from 'vitest'
import { findPart } from '../../../adapters/container/container.ts'
import { decodeRelease } from '../../../adapters/contributions/messages.ts'
import { triangleSize } from '../../../adapters/math/matrix.ts'
import type { JobSpecInput } from '../../../adapters/wire/jobs.ts'
import { deviceIdOf, newKeyPair } from '../../../adapters/wire/signature.ts'
import type { LocalModel } from '../../../device/engine/model/open.ts'
import type { AnswerMemo } from '../../../device/reward/choice-features.ts'
import { isStaged, LEAST_JUDGES } from '../../../server/releases/rollout.ts'
import {
  enrolledDevices,
  type TestServer,
  testServer,
  updateFor,
} from '../../support/federation-fixture.ts'
import { fakeDevice, jobFor, shortChoices, tinyModel } from '../device-fixture.ts'

test('a bad release that is staged for half of the devices is halted by their judgement', async () => {
  const model = await tinyModel()
  const server = testServer()
  const job = jobFor(model, {
    contributions: ['prior', 'statistics'],
    prior: { directions: 4, shrinkage: 0 },
  })
  await contributeRounds(server, model, job)
  const [line] = await server.store.lineages()
  const fleet = await devicesOf(server, model, line!.id)
  const follow = async () => {
    for (const { device } of fleet) await device.participate()
    return fleet.map(({ device }) => device.status().release)
  }
  const good = (await server.store.lineage(line!.id))!.head
  expect(new Set(await follow())).toEqual(new Set([good]))

  await act(server, line!.id, 'stage', { share: 0.5 })
  const bad = await releaseOfOpposites(server, job, good)
  const followed = await follow()
  expect(followed).toEqual(fleet.map(({ staged }) => (staged ? bad : good)))
  const { judgement } = (await server.store.release(bad))!
  expect(judgement).toMatchObject({ devices: LEAST_JUDGES, told: LEAST_JUDGES })
  expect(judgement!.sum / judgement!.devices).toBeLessThan(-0.3)

  const shown = await server.operator.call('GET', `/v1/operator/releases/${bad}`)
  const { release } = (await shown.json()) as { release: { judged: Record<string, number> } }
  expect(release.judged['devices']).toBe(LEAST_JUDGES)
  expect(release.judged['accuracy']).toBeLessThan(0.5)
  const metrics = await (await server.operator.call('GET', '/metrics')).text()
  const of = `lineage="${line!.id.slice(0, 12)}"`
  expect(metrics).toMatch(new RegExp(`loreweave_release_judged{${of},of="difference"} -[.0-9]+\\n`))
  expect(metrics).toMatch(new RegExp(`loreweave_release_judged{${of},of="loss"} [.0-9]+\\n`))
  expect(metrics).toMatch(`loreweave_release_judged{${of},of="accuracy"} 0`)
  expect(metrics).toMatch(`loreweave_release_judged_devices{${of}} ${LEAST_JUDGES}`)

  await server.settle()
  const restored = (await server.store.releases()).at(-1)!.summary
  expect(restored).toMatchObject({ version: 4, restores: 2 })
  expect(new Set(await follow())).toEqual(new Set([restored.hash]))
  for (const { device } of fleet) await device.close()
})

/** Statistics, then a prior of a user who likes short answers: versions 1 and 2. */
const contributeRounds = async (server: TestServer, model: LocalModel, job: JobSpecInput) => {
  const { device } = await enrol(server, model, newKeyPair())
  await server.operator.createJob({ ...job, rounds: 2 })
  await device.importChoices(shortChoices(12))
  await device.participate({ rounds: 2, wait: true })
  await device.close()
}

/** As many staged devices as it takes judges, and some that are not. None has contributed. */
const devicesOf = async (server: TestServer, model: LocalModel, line: string) => {
  const wanted = [...Array<boolean>(LEAST_JUDGES).fill(true), false, false, false]
  const memo: AnswerMemo = new Map()
  const made = []
  for (const [i, staged] of wanted.entries()) {
    let key = newKeyPair()
    while (isStaged(line, deviceIdOf(key.publicKey), 0.5) !== staged) key = newKeyPair()
    const { device } = await enrol(server, model, key, memo)
    await device.importChoices(shortChoices(10, `user-${i % 3}`))
    made.push({ device, staged })
  }
  return made
}

const enrol = async (
  server: TestServer,
  model: LocalModel,
  key: ReturnType<typeof newKeyPair>,
  memo: AnswerMemo = new Map(),
) => {
  const made = fakeDevice(model, {
    serverUrl: 'http://server.test',
    transport: (request) => Promise.resolve(server.app.request(request)),
    clock: server.now,
    sleep: (ms) => server.pass(ms),
    key,
    memo,
  })
  await made.device.enroll(await server.operator.token())
  await made.device.grantConsent(['adapter', 'prior', 'statistics', 'judgement'], null, 1)
  return made
}

/** A release whose prior says the opposite of the last one's, and is sure of it. */
const releaseOfOpposites = async (server: TestServer, job: JobSpecInput, last: string) => {
  const mean = findPart(decodeRelease(await server.operator.releaseBytes(last)), 'prior.mean')!
  await server.operator.createJob({ ...job, rounds: 1 })
  const [one] = await enrolledDevices(server, 1)
  const assignment = await one!.join(job)
  const w = mean.map((x) => -3 * x)
  const second = new Float32Array(triangleSize(w.length))
  for (let i = 0, at = 0; i < w.length; i++)
    for (let j = i; j < w.length; j++) second[at++] = w[i]! * w[j]! + (i === j ? 0.001 : 0)
  const opposite: Readonly<Record<string, Float32Array>> = {
    'prior.first': w,
    'prior.second': second,
  }
  const bytes = updateFor(assignment, 'opposite', {
    parts: (parts) => parts.map((part) => ({ ...part, data: opposite[part.name] ?? part.data })),
  })
  expect((await one!.upload(assignment, bytes)).status).toBe(202)
  await server.settle()
  return (await server.store.releases()).at(-1)!.summary.hash
}

const act = async (server: TestServer, line: string, deed: string, body: object) => {
  const path = `/v1/operator/lineages/${line}/${deed}`
  expect((await server.operator.call('POST', path, { protocol: 1, ...body })).status).toBe(200)
}
