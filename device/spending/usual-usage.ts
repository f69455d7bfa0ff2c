/** Mean usage of past answers by model, thinking and effort. */
import type { DeviceStore } from '../store/store.ts'
import type { StoreReads } from '../store/tables.ts'
import { type AnswerUsage, promptTokensOf, sumOf } from './prices.ts'
import type { CandidateRequest } from './spend.ts'

type UsualUsage = { readonly output: number | null; readonly prompt: number }

/** Kinds of requests in the store; the one seen longest ago goes first. */
const MAX_KINDS = 50
/** Weight of the newest answer in the mean. */
const MIN_NEWEST_SHARE = 0.05
/** A larger ratio of usage to estimate means several prompts in one answer. */
const MAX_ESTIMATE_RATIO = 3

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
    const share = Math.max(1 / ((before?.count ?? 0) + 1), MIN_NEWEST_SHARE)
    const mixed = (old: number | undefined, now: number) =>
      old === undefined ? now : (1 - share) * old + share * now
    const off = promptTokensOf(sum) / Math.max(1, request.inputTokens)
    const after = {
      count: (before?.count ?? 0) + 1,
      output: mixed(before?.output, sum.output),
      prompt: mixed(
        before?.prompt,
        Math.min(MAX_ESTIMATE_RATIO, Math.max(1 / MAX_ESTIMATE_RATIO, off)),
      ),
    }
    return Object.fromEntries([...Object.entries(others), [kind, after]].slice(-MAX_KINDS))
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
