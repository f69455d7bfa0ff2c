// What the benchmark compares a release with must itself be able to differ.
import { expect, test } from 'vitest'
import { sha256Hex } from '../../../../adapters/node/sha256.ts'
import { updateBytes } from '../../../../eval/bench/server/device.ts'
import { benchJob } from '../../../../eval/bench/server/job.ts'
import { emptyLedger } from '../../../../eval/bench/server/life.ts'
import { compareRelease } from '../../../../eval/bench/server/refold.ts'
import { enrolledDevices, testServer } from '../../../support/federation-fixture.ts'

/** A round of three devices, as the server and as the fleet remember it. */
const released = async () => {
  const server = testServer()
  const spec = benchJob('here', 20, { size: 3, goal: 3 })
  const { id } = await server.operator.createJob(spec)
  const ledger = emptyLedger()
  for (const [number, device] of (await enrolledDevices(server, 3)).entries()) {
    const assignment = await device.join(spec)
    const bytes = updateBytes(assignment, number)
    expect((await device.upload(assignment, bytes)).status).toBe(202)
    ledger.accepted.set(sha256Hex(bytes), { device: number, assignment })
  }
  await server.settle()
  const job = await server.operator.job(id)
  return { ledger, compare: () => compareRelease(server.operator, job, ledger) }
}

test('a release of every accepted update once has the bytes of one process', async () => {
  const { compare } = await released()
  expect(await compare()).toEqual({ accepted: 3, counted: 3, isEqual: true })
})

test('an accepted update that the release lacks, and one that it has too much, are seen', async () => {
  const { ledger, compare } = await released()
  const [[digest, one]] = [...ledger.accepted] as [[string, { device: number; assignment: never }]]
  ledger.accepted.delete(digest)
  expect(await compare()).toEqual({ accepted: 2, counted: 3, isEqual: false })
  ledger.accepted.set(digest, { ...one, device: 7 })
  expect(await compare()).toEqual({ accepted: 3, counted: 3, isEqual: false })
})

test.each([20, 100, 1400])('an update of %d kB has that size, within a layer', async (kb) => {
  const server = testServer()
  const spec = benchJob('size', kb, { size: 1, goal: 1 })
  await server.operator.createJob(spec)
  const [device] = await enrolledDevices(server, 1)
  const bytes = updateBytes(await device!.join(spec), 0)
  expect(Math.abs(bytes.length / 1000 - kb)).toBeLessThan(0.02 * kb + 12)
})
