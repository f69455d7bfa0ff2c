/**
 * Measured usage of answers by model and effort, thinking included, from the `usage` of past ones.
 */
import type { DeviceStore } from '../store/store.ts'
import type { StoreReads } from '../store/tables.ts'
import { type AnswerUsage, promptTokensOf, sumOf } from './prices.ts'
import type { CandidateRequest } from './spend.ts'

export type UsualUsage = { readonly output: number | null; readonly prompt: number }

/** Kinds of requests that are stored. The one seen longest ago goes first. */
const MOST_KINDS = 50
/** Least weight of the newest answer in the mean. */
const LEAST_SHARE = 0.05
/** Largest plausible error of an estimate. A larger ratio means several prompts in one answer. */
const MOST_OFF = 3

export const noteUsage = (
  store: Pick<DeviceStore, 'update'>,
  request: CandidateRequest,
  usage: AnswerUsage,
): void => {
  const sum = sumOf(usage)
  if (sum.output === 0) return
  const kind = kindOf(request)
  store.update('outputs', (kept) => {
    const { [kind]: before, ...others } = kept ?? {}
    const share = Math.max(1 / ((before?.count ?? 0) + 1), LEAST_SHARE)
    const mixed = (old: number | undefined, now: number) =>
      old === undefined ? now : (1 - share) * old + share * now
    const off = promptTokensOf(sum) / Math.max(1, request.inputTokens)
    const after = {
      count: (before?.count ?? 0) + 1,
      output: mixed(before?.output, sum.output),
      prompt: mixed(before?.prompt, Math.min(MOST_OFF, Math.max(1 / MOST_OFF, off))),
    }
    return Object.fromEntries([...Object.entries(others), [kind, after]].slice(-MOST_KINDS))
  })
}

/** From requests of the same kind, else from others to the same model. */
export const usualUsage = (store: StoreReads, request: CandidateRequest): UsualUsage => {
  const kept = store.get('outputs') ?? {}
  const same = kept[kindOf(request)]
  const near = Object.entries(kept).findLast(([kind]) => kind.startsWith(`${modelOf(request)} `))
  return same ?? near?.[1] ?? { output: null, prompt: 1 }
}

const modelOf = ({ model }: CandidateRequest): string => model.slice(0, 100)

const kindOf = (request: CandidateRequest): string =>
  `${modelOf(request)} ${request.thinks ? 'thinks' : 'plain'} ${request.effort ?? ''}`
