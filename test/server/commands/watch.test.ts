import { expect, test } from 'vitest'
import { FedError } from '../../../adapters/errors.ts'
import type { JobView } from '../../../adapters/wire/jobs.ts'
import { jobLine } from '../../../server/commands/print.ts'
import { followJob } from '../../../server/commands/watch.ts'
import { parsedJob } from '../../support/federation-fixture.ts'

const view = (state: JobView['state'], more: Partial<JobView> = {}): JobView => ({
  id: 'job',
  state,
  reason: null,
  createdAt: 0,
  endedAt: null,
  spec: parsedJob({ rounds: 4 }),
  rounds: [],
  head: null,
  released: 1,
  waitingFor: null,
  ...more,
})

const follow = async (answers: readonly (JobView | FedError)[]) => {
  const said: string[] = []
  let now = 0
  let asked = 0
  const job = await followJob({
    read: async () => {
      const answer = answers[Math.min(asked++, answers.length - 1)]!
      if (answer instanceof FedError) throw answer
      return answer
    },
    tell: (one) => said.push(jobLine(one)),
    timeoutMs: 60_000,
    clock: () => now,
    pause: async (ms) => {
      now += ms
    },
  })
  return { job, said }
}

test('says each change once, and ends with the job', async () => {
  const waits = view('running', { waitingFor: 'devices: 1 of 2 have taken part' })
  const { job, said } = await follow([view('scheduled'), waits, waits, view('completed')])
  expect(job.state).toBe('completed')
  expect(said).toEqual([
    'scheduled: 1/4 rounds released',
    'running: 1/4 rounds released: devices: 1 of 2 have taken part',
    'completed: 1/4 rounds released',
  ])
})

test('outlasts a restart of the server', async () => {
  const gone = new FedError('E_UNAVAILABLE', 'no server answers')
  expect((await follow([view('running'), gone, gone, view('failed')])).job.state).toBe('failed')
  await expect(follow([gone])).rejects.toMatchObject({ code: 'E_UNAVAILABLE' })
})

test('ends at a job that is paused, which waits for its operator, and after its time', async () => {
  expect((await follow([view('running'), view('paused')])).job.state).toBe('paused')
  await expect(follow([view('running')])).rejects.toMatchObject({ code: 'E_CANCELLED' })
})
