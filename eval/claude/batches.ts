/**
 * Message batches: many requests in one body, answered at once, their results to be fetched later.
 */
import { z } from 'zod'
import { digest } from './canonical.ts'
import { errorBody, type Problem, problem } from './errors.ts'
import type { Message } from './message.ts'
import { firstProblem } from './wire.ts'

const MOST_REQUESTS = 100_000

const BatchBody = z.looseObject({
  requests: z
    .array(z.looseObject({ custom_id: z.string().min(1).max(64), params: z.looseObject({}) }))
    .min(1)
    .max(MOST_REQUESTS),
})

type Result =
  | { readonly type: 'succeeded'; readonly message: Message }
  | { readonly type: 'errored'; readonly error: object }

type Batch = {
  readonly id: string
  readonly created: string
  readonly lines: readonly { readonly custom_id: string; readonly result: Result }[]
}

/** answer: of one request of a batch. */
export const createBatches = (
  clock: () => number,
  answer: (params: object) => Message | { readonly problem: Problem },
) => {
  const kept = new Map<string, Batch>()
  return {
    create(json: unknown, origin: string) {
      const parsed = BatchBody.safeParse(json)
      if (!parsed.success) return { problem: problem(firstProblem(parsed.error)) }
      const { requests } = parsed.data
      const ids = new Set(requests.map((r) => r.custom_id))
      if (ids.size < requests.length)
        return { problem: problem('requests: custom_id must be unique in a batch') }
      const lines = requests.map(({ custom_id, params }) => ({
        custom_id,
        result: resultOf(answer(params)),
      }))
      const id = `msgbatch_${digest(`${kept.size}/${requests[0]?.custom_id}`).slice(0, 24)}`
      const batch = { id, created: new Date(clock()).toISOString(), lines }
      kept.set(id, batch)
      return { batch: { ...view(batch, origin), processing_status: 'in_progress', ended_at: null } }
    },
    list: (origin: string) => [...kept.values()].reverse().map((batch) => view(batch, origin)),
    get: (id: string, origin: string) => {
      const batch = kept.get(id)
      return batch && view(batch, origin)
    },
    results: (id: string) =>
      kept
        .get(id)
        ?.lines.map((line) => `${JSON.stringify(line)}\n`)
        .join(''),
    delete: (id: string) => kept.delete(id),
  }
}

const resultOf = (answered: Message | { readonly problem: Problem }): Result =>
  'problem' in answered
    ? { type: 'errored', error: errorBody(answered.problem) }
    : { type: 'succeeded', message: answered }

const view = ({ id, created, lines }: Batch, origin: string) => {
  const count = (type: string) => lines.filter((l) => l.result.type === type).length
  return {
    id,
    type: 'message_batch',
    processing_status: 'ended',
    request_counts: {
      processing: 0,
      succeeded: count('succeeded'),
      errored: count('errored'),
      canceled: 0,
      expired: 0,
    },
    created_at: created,
    expires_at: new Date(Date.parse(created) + 86_400_000).toISOString(),
    ended_at: created,
    archived_at: null,
    cancel_initiated_at: null,
    results_url: `${origin}/v1/messages/batches/${id}/results`,
  }
}
