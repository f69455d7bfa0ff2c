// A device dies by SIGKILL at every point of masked rounds below, one after the other. Started again, it
// goes on: no device drops out, and the releases are those of the plain quantized sums of all.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import type { Assignment } from '../../adapters/wire/federation.ts'
import type { JobSpecInput } from '../../adapters/wire/jobs.ts'
import { openFolder } from '../../server/store/open.ts'
import { assignmentFile, contributeTwice, plainRing } from '../support/contributor.ts'
import {
  completed,
  contributeDying,
  createOnce,
  killAll,
  restarting,
} from '../support/dying-round.ts'
import { cohortOf, plainRelease } from '../support/masked-scene.ts'
import { roundJob } from '../support/round-job.ts'

const told = (state: string, message: string): string[] => [
  `before commit of setMasked ${state}`,
  `after commit of setMasked ${state}`,
  `before sayMasked ${message}`,
  `after sayMasked ${message}`,
]

const DEVICE_POINTS = [
  'before commit of saveMasked',
  'after commit of saveMasked',
  'before sayMasked keys',
  'after sayMasked keys',
  ...told('shared', 'shares'),
  'before commit of savePending',
  'after commit of savePending',
  'after commit of markSent',
  'after upload',
  'after commit of settleUpload',
  ...told('signed', 'survivors'),
  ...told('done', 'unmask'),
  'before commit of dropUpload',
  'after commit of dropUpload',
]

const root = mkdtempSync(join(tmpdir(), 'loreweave-masked-kill-points-'))
afterAll(() => {
  killAll()
  rmSync(root, { recursive: true, force: true })
})

const maskedJob = (): JobSpecInput => {
  const { optimizer: _, ...job } = roundJob()
  return { ...job, masks: {} }
}

/** Where each start of one device dies; then it starts once more. Returns the points reached. */
const live = async (name: string, device: readonly string[]) => {
  const folder = join(root, name)
  const data = join(folder, 'server')
  const died: string[] = []
  const serving = await restarting(data, [], died)
  const files = [0, 1].map((number) => join(folder, `device-${number}.sqlite`))
  const bytes = new Map<string, Uint8Array>()
  const job = await (async () => {
    try {
      const { id } = await createOnce(serving.ask, maskedJob())
      await Promise.all(
        files.map(async (file, number) => {
          const token = await serving.ask(({ operator }) => operator.token())
          const contributor = { file, serverUrl: serving.url(), number, token }
          if (device.length > 0 && number === 0) await contributeDying(contributor, device, died)
          else await contributeTwice(contributor)
        }),
      )
      const done = await completed(serving.ask, id)
      const parents = done.rounds.map(({ id: round }) => assignmentOf(files[0]!, round).release)
      for (const hash of [...parents, ...done.rounds.flatMap(({ release }) => release ?? [])])
        bytes.set(hash, await serving.ask(({ operator }) => operator.releaseBytes(hash)))
      return done
    } finally {
      await serving.close()
    }
  })()
  expect(job.rounds).toHaveLength(2)
  const opened = openFolder(data)
  const operator = { releaseBytes: async (hash: string) => bytes.get(hash)! }
  for (const { id: roundId, release } of job.rounds) {
    const devices = files.map((file, number) => {
      const assignment = assignmentOf(file, roundId)
      return { assignment: () => assignment, plain: () => plainRing(assignment, number) }
    })
    const scene = { data: opened, operator, jobId: job.id, roundId }
    const released = Buffer.from(bytes.get(release!)!)
    expect(cohortOf(released)).toBe(2)
    expect(released.equals(Buffer.from(await plainRelease(scene, devices)))).toBe(true)
  }
  await opened.store.close()
  return died
}

const assignmentOf = (file: string, roundId: string): Assignment =>
  JSON.parse(readFileSync(assignmentFile(file, roundId), 'utf8')) as Assignment

/** On a machine that does much else. */
const BUSY_MS = 900_000

test.each([
  ['nobody', 0, []],
  ['a device', DEVICE_POINTS.length, DEVICE_POINTS],
] as const)(
  '%s that dies at %i points of its masked rounds loses no device, and not a bit of the sum',
  { timeout: BUSY_MS },
  async (name, _, device) => {
    expect(await live(name, device)).toEqual(device)
  },
)
