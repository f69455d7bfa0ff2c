import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { kindOf } from '../../../adapters/container/container.ts'
import { decodeRelease } from '../../../adapters/contributions/messages.ts'
import { sha256Hex } from '../../../adapters/node/sha256.ts'
import { composedMu, gaussianEpsilon } from '../../../adapters/privacy/gaussian.ts'
import { ledgerFindings } from '../../../adapters/privacy/verify-ledger.ts'
import type { JobSpecInput } from '../../../adapters/wire/jobs.ts'
import { PROTOCOL_VERSION } from '../../../adapters/wire/primitives.ts'
import { openServerWord } from '../../../server/access/server-word.ts'
import { readLedger } from '../../../server/governance/privacy.ts'
import { unscaledRelease } from '../../../server/releases/successor.ts'
import { chargeRound } from '../../../server/rounds/ledger.ts'
import { openFolder } from '../../../server/store/open.ts'
import {
  codeOf,
  enrolledDevices,
  type TestDevice,
  type TestServer,
  testServer,
  tinyJob,
  updateFor,
} from '../../support/federation-fixture.ts'
import { maskedDevice } from '../../support/masked-device.ts'

const protocol = PROTOCOL_VERSION
/** Two devices a round, of which nobody would say that noise leaves them much. */
const privateJob = (
  privacy: JobSpecInput['privacy'] = { noise: 5, acceptNoise: true },
  more: Partial<JobSpecInput> = {},
): JobSpecInput =>
  tinyJob({
    contributions: ['adapter'],
    cohort: { size: 3, goal: 2, minimum: 2, deadlineMs: 60_000 },
    rounds: 5,
    privacy,
    ...more,
  })

const setBudget = async (server: TestServer, epsilon: number) => {
  const budget = { population: 'all', purpose: 'personalization', epsilon, delta: 1e-6 }
  const answer = await server.operator.call('POST', '/v1/operator/privacy/budgets', {
    ...{ protocol, budget },
  })
  expect(answer.status).toBe(201)
}

/** Epsilon of so many rounds of noise 5, as a closed form has it. */
const rounds = (n: number) => gaussianEpsilon(composedMu([[5, n]]), 1e-6)
/** Room for so many rounds, and not for one more. */
const roomFor = (n: number) => (rounds(n) + rounds(n + 1)) / 2

/** Both devices send their update of the open round. */
const runRound = async (server: TestServer, devices: readonly TestDevice[], job: JobSpecInput) => {
  for (const [i, device] of devices.entries()) {
    const assignment = await device.join(job)
    const seed = `${assignment.roundId} ${i}`
    expect((await device.upload(assignment, updateFor(assignment, seed))).status).toBe(202)
  }
  await server.settle()
}

const scene = async (epsilon = roomFor(2), job = privateJob(), given = {}) => {
  const server = testServer(given)
  await setBudget(server, epsilon)
  const { id } = await server.operator.createJob(job)
  const devices = await enrolledDevices(server, 2)
  return { server, id, devices, job }
}

const inputsOf = async (server: TestServer, roundId: string) =>
  sha256Hex(new TextEncoder().encode((await server.store.digests(roundId)).join('\n')))

const seedOf = async (server: TestServer, roundId: string) =>
  (await server.store.roundNoise(roundId, await inputsOf(server, roundId)))?.seed

const ledgerOf = (server: TestServer) => server.store.ledgerEntries(0)

describe('a job under differential privacy', () => {
  test.each<[string, JobSpecInput, string]>([
    ['without epsilon and noise', privateJob({}), 'give epsilon, or noise'],
    ['with statistics', privateJob(undefined, { contributions: ['statistics'] }), 'no bound'],
    [
      'with a prior that is not clipped',
      privateJob(undefined, { contributions: ['prior'] }),
      'clip',
    ],
    [
      'with a robust rule',
      privateJob(undefined, {
        robust: { rule: 'median' },
        cohort: { size: 9, goal: 9, minimum: 9 },
      }),
      'no known sensitivity',
    ],
    ['of flex', privateJob(undefined, { strategy: 'flex' }), 'single updates'],
    ['that is asynchronous', privateJob(undefined, { async: { maxLag: 0 } }), 'more than once'],
    [
      'with edges',
      privateJob(undefined, { cohort: { size: 3, goal: 2, minimum: 2, edges: true } }),
      'edge',
    ],
    [
      'whose minimum is not its goal',
      privateJob(undefined, { cohort: { size: 3, goal: 2, minimum: 1 } }),
      'divides its sum by the minimum',
    ],
    ['of fewer rounds than it has', privateJob({ noise: 5, rounds: 2 }), 'fewer rounds'],
    [
      'whose shares leave something over',
      privateJob({ noise: 5, shares: { adapter: 0.5 }, acceptNoise: true }),
      'add up to 1',
    ],
    [
      'of less noise than its epsilon asks for',
      privateJob({ noise: 1, epsilon: 1, acceptNoise: true }),
      'leave noise out',
    ],
    ['whose noise drowns its signal', privateJob({ noise: 5 }), 'acceptNoise'],
  ])('%s is refused at creation, and told why', async (_, job, why) => {
    const server = testServer()
    await setBudget(server, 100)
    const answer = await server.operator.call('POST', '/v1/operator/jobs', { protocol, job })
    expect(answer.status).toBe(400)
    expect(((await answer.json()) as { error: { message: string } }).error.message).toContain(why)
  })

  test('without a budget is refused, and so is one without noise once there is a budget', async () => {
    const server = testServer()
    const create = (job: JobSpecInput) =>
      server.operator.call('POST', '/v1/operator/jobs', { protocol, job })
    expect(await codeOf(await create(privateJob()))).toBe('E_BUDGET_SPENT')
    await setBudget(server, 4)
    expect(await codeOf(await create(tinyJob()))).toBe('E_BUDGET_SPENT')
    expect((await create(privateJob())).status).toBe(201)
  })

  test('has the noise that its epsilon asks for', async () => {
    const { server, id } = await scene(8, privateJob({ epsilon: 4, acceptNoise: true }))
    const { noise } = (await server.operator.job(id)).spec.privacy!
    const epsilon = gaussianEpsilon(composedMu([[noise!, 5]]), 1e-6)
    expect(epsilon).toBeLessThanOrEqual(4)
    expect(epsilon).toBeGreaterThan(3.95)
  })

  test('releases a sum with noise, and tells nothing of its updates beside it', async () => {
    const { server, id, devices, job } = await scene()
    await runRound(server, devices, job)
    const [round] = (await server.operator.job(id)).rounds
    const { header, payload } = decodeRelease(await server.operator.releaseBytes(round!.release!))
    expect(header).toMatchObject({ inputs: null, cohort: 2 })
    const { summary } = (await server.store.release(round!.release!))!
    expect(summary.metrics!.updateNorms.every((count) => count === 0)).toBe(true)
    const [, charge] = await ledgerOf(server)
    expect(summary.privacy).toEqual({
      ...{ population: 'all', purpose: 'personalization', noise: 5, delta: 1e-6, entry: 2 },
      epsilon: (charge as { spent: number }).spent,
    })
    // Updates of about 0.1 a number would not move it so far.
    expect(Math.max(...payload.map(Math.abs))).toBeGreaterThan(10)
  })

  test('forgets the seed of its noise with the release', async () => {
    const { server, id, devices, job } = await scene()
    await runRound(server, devices, job)
    const [round] = (await server.operator.job(id)).rounds
    expect(await seedOf(server, round!.id)).toBeUndefined()
  })

  test('takes a device into as many rounds as it may contribute to', async () => {
    const job = privateJob({ noise: 5, acceptNoise: true, perDevice: 1 })
    const { server, devices } = await scene(100, job)
    await runRound(server, devices, job)
    const answer = await devices[0]!.checkIn(job)
    expect(answer).toMatchObject({ kind: 'retry', reason: 'contributed' })
  })

  test('takes no judgements of devices, whose means would be told without noise', async () => {
    const { server, devices } = await scene()
    const [lineage] = await server.store.lineages()
    const body = { protocol, difference: 0.5 }
    const path = `/v1/releases/${lineage!.head}/judgement`
    expect((await devices[0]!.sendJson('POST', path, body)).status).toBe(404)
  })
})

describe('the privacy ledger', () => {
  test('holds as many rounds as its budget, and the job waits for its operator before the next', async () => {
    const { server, id, devices, job } = await scene(roomFor(2))
    await runRound(server, devices, job)
    await runRound(server, devices, job)
    const view = await server.operator.job(id)
    expect(view).toMatchObject({ state: 'paused', released: 2 })
    expect(view.reason).toContain('loreweave-server privacy budget')
    expect(await devices[0]!.checkIn(job)).toMatchObject({ kind: 'retry' })
    // Once more after being told to go on, with nothing changed.
    await server.operator.call('POST', `/v1/operator/jobs/${id}/resume`)
    expect((await server.operator.job(id)).state).toBe('paused')
    await setBudget(server, roomFor(3))
    await server.operator.call('POST', `/v1/operator/jobs/${id}/resume`)
    await runRound(server, devices, job)
    expect(await server.operator.job(id)).toMatchObject({ state: 'paused', released: 3 })
  })

  test('refuses the round after a restart as well', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'loreweave-private-'))
    onTestFinished(() => rmSync(folder, { recursive: true }))
    const { server, id, devices, job } = await scene(roomFor(1), privateJob(), { folder })
    await runRound(server, devices, job)
    await server.store.close()
    const again = testServer({ folder })
    await again.operator.call('POST', `/v1/operator/jobs/${id}/resume`)
    expect(await again.operator.job(id)).toMatchObject({ state: 'paused', released: 1 })
    await again.store.close()
  })

  test('a server that dies between a charge and its release goes on with the same noise, charged once', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'private-'))
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
    const data = openFolder(folder)
    let hasDied = (_: Uint8Array): void => undefined
    const dead = new Promise<Uint8Array>((resolve) => {
      hasDied = resolve
    })
    const put = (hash: string, bytes: Uint8Array) => {
      if (kindOf(bytes) !== 'release' || decodeRelease(bytes).header.version === 0)
        return data.objects.put(hash, bytes)
      hasDied(bytes)
      return new Promise<never>(() => undefined)
    }
    const dying = { ...data, objects: { ...data.objects, put } }
    const { server, id, devices, job } = await scene(roomFor(1), privateJob(), { data: dying })
    for (const [i, device] of devices.entries()) {
      const assignment = await device.join(job)
      await device.upload(assignment, updateFor(assignment, `update ${i}`))
    }
    void server.settle()
    const lost = await dead
    await data.store.close()
    const again = testServer({ folder, seed: 'another' })
    await again.recover()
    await again.settle()
    const [round] = (await again.operator.job(id)).rounds
    expect(round!.release).toBe(sha256Hex(lost))
    expect(await ledgerOf(again)).toHaveLength(2)
    expect(await seedOf(again, round!.id)).toBeUndefined()
  })

  test('is in every release: one that restores another, or is rescaled, says what was spent by then', async () => {
    const { server, devices, job } = await scene(roomFor(3))
    await runRound(server, devices, job)
    await runRound(server, devices, job)
    const [lineage] = await server.store.lineages()
    const before = await server.store.release(lineage!.head)
    expect(before!.summary.privacy!.epsilon).toBeCloseTo(rounds(2), 6)
    const path = `/v1/operator/lineages/${lineage!.id}/rollback`
    await server.operator.call('POST', path, { protocol, version: 1 })
    const newest = (await server.store.lineages())[0]!.head
    const restored = (await server.store.release(newest))!.summary
    expect(restored).toMatchObject({ restores: 1, privacy: before!.summary.privacy })
    const head = (await server.store.release(restored.hash))!
    const bytes = await server.operator.releaseBytes(restored.hash)
    const rescaled = unscaledRelease({ head, bytes, now: server.now() })
    expect(rescaled.summary.privacy).toEqual(restored.privacy)
  })

  test('is told to Prometheus: what is spent of which budget', async () => {
    const { server, devices, job } = await scene(4)
    await runRound(server, devices, job)
    const text = await (await server.operator.call('GET', '/metrics')).text()
    const labels = 'population="all",purpose="personalization"'
    expect(text).toContain(`loreweave_privacy_epsilon{${labels},of="budget"} 4\n`)
    expect(text).toContain(`loreweave_privacy_rounds{${labels}} 1\n`)
    const [, spent] = /privacy_epsilon{[^}]*of="spent"} (\S+)/.exec(text) ?? []
    expect(Number(spent)).toBeCloseTo(rounds(1), 6)
  })

  test('adds up jobs of other lineages, which ran at the same time', async () => {
    const { server, id, devices, job } = await scene(roomFor(1))
    const other = privateJob(undefined, { exitLayer: 1, adapter: { ...job.adapter, endLayer: 1 } })
    const second = await server.operator.createJob(other)
    await runRound(server, devices, job)
    // Its round was open already, with updates that wait for a larger budget.
    for (const [i, device] of devices.entries()) {
      const assignment = await device.join(other)
      await device.upload(assignment, updateFor(assignment, `other ${i}`))
    }
    await server.settle()
    expect(await server.operator.job(id)).toMatchObject({ state: 'paused', released: 1 })
    expect(await server.operator.job(second.id)).toMatchObject({ state: 'paused', released: 0 })
    expect((await server.operator.job(second.id)).rounds.at(-1)!.phase).toBe('aggregating')
    await setBudget(server, roomFor(2))
    await server.operator.call('POST', `/v1/operator/jobs/${second.id}/resume`)
    await server.settle()
    expect((await server.operator.job(second.id)).released).toBe(1)
  })

  test('charges the same updates once, with one seed, and others anew', async () => {
    const { server, id } = await scene(roomFor(2))
    const deps = { store: server.store, clock: server.now }
    const { job, round } = (await server.store.progress(id))!
    const charge = (digests: string[]) => chargeRound(deps, job, round!, digests)
    const first = await charge(['aa', 'bb'])
    expect(await charge(['aa', 'bb'])).toEqual(first)
    expect(await ledgerOf(server)).toHaveLength(2)
    const other = await charge(['aa', 'cc'])
    expect(other.key).not.toEqual(first.key)
    expect(other.privacy.entry).toBe(3)
    await expect(charge(['dd'])).rejects.toMatchObject({ code: 'E_BUDGET_SPENT' })
    expect(await charge(['aa', 'bb'])).toEqual(first)
  })

  test('stops a job that was charged for as many rounds as its noise was made for', async () => {
    const { server, id } = await scene(
      100,
      privateJob({ noise: 5, acceptNoise: true }, { rounds: 1 }),
    )
    const deps = { store: server.store, clock: server.now }
    const { job, round } = (await server.store.progress(id))!
    await chargeRound(deps, job, round!, ['aa'])
    await expect(chargeRound(deps, job, round!, ['bb'])).rejects.toThrow('made for 1')
  })

  test('is found whole by a recomputation from its entries, and any change of it is seen', async () => {
    const { server, devices, job } = await scene(roomFor(2))
    await runRound(server, devices, job)
    await runRound(server, devices, job)
    const { keyPair } = openServerWord(server.store)
    const { entries, head } = await readLedger(server.store, keyPair, 0, 100)
    expect(ledgerFindings(entries, head)).toEqual([])
    expect(ledgerFindings(entries.slice(0, 2), head)).not.toEqual([])
    const known = [{ number: 3, hash: entries[2]!.hash }]
    expect(ledgerFindings(entries, head, known)).toEqual([])
    const cheaper = entries.map((one) => (one.kind === 'round' ? { ...one, noise: 50 } : one))
    expect(ledgerFindings(cheaper, head).map(({ number }) => number)).toContain(2)
  })
})

test('a masked round has noise as well, on the sum that its masks leave', async () => {
  const job = privateJob(undefined, {
    cohort: { size: 3, goal: 3, minimum: 2, deadlineMs: 600_000 },
    masks: { phaseMs: 60_000 },
  })
  const server = testServer()
  await setBudget(server, roomFor(2))
  const { id } = await server.operator.createJob(job)
  const devices = []
  for (const [i, device] of (await enrolledDevices(server, 3)).entries())
    devices.push(maskedDevice(device, await device.join(job), `update-${i}`))
  for (const device of devices) await device.send()
  for (let step = 0; step < 4; step++) for (const device of devices) await device.step()
  await server.settle()
  const [round] = (await server.operator.job(id)).rounds
  expect(round).toMatchObject({ phase: 'released' })
  const { header, payload } = decodeRelease(await server.operator.releaseBytes(round!.release!))
  expect(header).toMatchObject({ cohort: 2, inputs: null })
  expect(Math.max(...payload.map(Math.abs))).toBeGreaterThan(10)
  expect(await ledgerOf(server)).toHaveLength(2)
})
