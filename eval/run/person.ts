/** Arms that are a device: the agent's own code serves one person, on a given release. */

import { createHash } from 'node:crypto'
import type { ChoiceLine } from '../../adapters/formats/choice-log.ts'
import { seededRng } from '../../adapters/random.ts'
import { newKeyPair } from '../../adapters/wire/signature.ts'
import type { Engine, LoraFeed } from '../../device/engine/engine.ts'
import type { LocalModel } from '../../device/engine/model/open.ts'
import { AgentSettings, type DeviceSettingsInput } from '../../device/home/settings.ts'
import { type Device, openDevice } from '../../device/owner/device.ts'
import {
  type AnswerMemo,
  encodeAnswers,
  feedKey,
  type PooledCache,
  usefulChoices,
} from '../../device/reward/choice-features.ts'
import { keepExit } from '../../device/reward/exit-layer.ts'
import { releaseBlob } from '../../device/reward/serving.ts'
import { plainUsage } from '../../device/spending/prices.ts'
import { readPrivate, serveRelease } from '../../device/store/private-adapter.ts'
import type { State } from '../../device/store/states.ts'
import { type DeviceStore, openStore } from '../../device/store/store.ts'
import type { UserLog } from '../inputs/user-log.ts'
import { orderOf, type Picker, pickOf, utilitiesOf } from './arms.ts'
import { extraUsages, inputTokens } from './cost.ts'
import type { SimClaude } from './world.ts'

export type PersonDeps = {
  readonly model: LocalModel
  /** With pooled states remembered. */
  readonly engine: Engine
  readonly memo: AnswerMemo
  readonly maxTokens: number
  readonly exitLayer: number
  /** Model of Claude, for its price. */
  readonly claude: string
  readonly seed: number
}

export type ReleaseBytes = { readonly hash: string; readonly release: Uint8Array }

/** Candidates and choices are read with the device's default settings. */
export const withPerson = async <T>(
  deps: PersonDeps,
  { user, train }: UserLog,
  budget: number,
  given: ReleaseBytes | null,
  settings: DeviceSettingsInput,
  work: (
    device: Device,
    store: DeviceStore,
    pass: (ms: number) => void,
    clock: () => number,
  ) => Promise<T>,
): Promise<T> => {
  const learned = train.slice(0, budget)
  // Requests follow upon the last choice.
  let now = learned.at(-1)?.at ?? NOW_MS
  const store = openStore(':memory:')
  keepExit(store, deps.model, deps.exitLayer)
  if (given) {
    store.saveBlob(releaseBlob(given.hash), given.release)
    serveRelease(store, given.hash)
  }
  const device = openDevice({
    store,
    key: newKeyPair(),
    model: deps.model,
    engine: deps.engine,
    memo: deps.memo,
    keepStates: false,
    rng: seededRng(`person/${deps.seed}/${user}/${budget}`),
    clock: () => now,
    settings: { maxTokens: deps.maxTokens, rewrite: false, implicit: false, ...settings },
  })
  try {
    await device.importChoices(learned.map((line) => ({ ...line, split: 'train' })))
    const pass = (ms: number) => {
      now += ms
    }
    return await work(device, store, pass, () => now)
  } finally {
    await device.close()
  }
}

/** Where no choice says when it was. */
const NOW_MS = 1_760_000_000_000
/** From one request of a person to the next: budgets are by the hour and the day. */
const BETWEEN_MS = 20 * 60 * 1000
/** What an app allows an answer to have. */
const MAX_TOKENS = 1024

/** What the product returns: its own number of answers, margin and exploration. */
export const productArm =
  (deps: PersonDeps, release: ReleaseBytes | null, settings: DeviceSettingsInput = {}): Picker =>
  (log, budget) =>
    withPerson(deps, log, budget, release, settings, async (device, _, pass) => {
      await device.prepare()
      const picks = []
      for (const line of log.test) {
        pass(BETWEEN_MS)
        const asked = Math.min(planFor(deps, device, line), line.candidates.length)
        device.spend(deps.claude, extraUsages(line, asked).map(plainUsage))
        const rest = line.candidates.map((_, i) => i).slice(asked)
        const order = asked > 1 ? (await rerankFirst(device, line, asked)).order : [0]
        picks.push({ ...pickOf(line, [...order, ...rest]), asked })
      }
      return picks
    })

/**
 * The whole product: the block that the device chooses goes to Claude, which answers under it, and
 * the device picks among those answers. isTrained: as shipped, with a private adapter where the
 * agent would have trained one, and every setting at its default. A relevance head is fitted once
 * for all people, since it knows none of them.
 */
export const wholeArm = (
  deps: PersonDeps,
  release: ReleaseBytes | null,
  claude: SimClaude,
  { settings, isTrained }: { settings: DeviceSettingsInput; isTrained: boolean },
): Picker => {
  let relevance: State<'relevanceHead'> = null
  return (log, budget) =>
    withPerson(
      deps,
      log,
      budget,
      release,
      { rewrite: true, implicit: isTrained, ...settings },
      async (device, store, pass) => {
        const choices = store.countChoices()
        if (isTrained && choices >= AgentSettings.parse({}).newChoices && hasChoices(log, budget))
          await device.train({ adapter: true })
        const known = relevance
        if (known) store.later((tx) => tx.set('relevanceHead', known))
        await device.prepare()
        relevance ??= store.get('relevanceHead') ?? null
        const picks = []
        for (const line of log.test) {
          pass(BETWEEN_MS)
          const { decisionId, system } = await device.rewrite(line)
          const under = { ...line, system: system ?? undefined }
          const count = planFor(deps, device, under)
          const answers = Array.from({ length: count }, (_, k) => claude(line, under.system, k))
          device.spend(
            deps.claude,
            extraUsages({ ...under, candidates: answers.map((a) => a.text) }, count).map(
              plainUsage,
            ),
          )
          const winner =
            count > 1
              ? (await device.rerank(under, answers, { decisionId: decisionId ?? undefined }))
                  .winner
              : 0
          const utilities = utilitiesOf(line)
          picks.push({
            utilities,
            picked: winner,
            asked: count,
            value: answers[winner]!.utility,
            blockTokens: inputTokens(under) - inputTokens(line),
          })
        }
        return picks
      },
    )
}

export const planFor = (
  deps: PersonDeps,
  device: Device,
  line: Pick<ChoiceLine, 'messages' | 'system'>,
): number =>
  device.planCandidates({
    model: deps.claude,
    maxTokens: MAX_TOKENS,
    inputTokens: inputTokens(line),
  }).count

/** A private adapter over the release, the head refitted under both; nothing is explored. */
export const privateArm =
  (deps: PersonDeps, release: ReleaseBytes): Picker =>
  (log, budget) =>
    withPerson(deps, log, budget, release, { explore: 0 }, async (device) => {
      if (hasChoices(log, budget)) await device.train({ adapter: true })
      const picks = []
      for (const line of log.test) {
        const { candidates } = await rerankFirst(device, line, line.candidates.length)
        picks.push(pickOf(line, orderOf(candidates.map((c) => c.reward))))
      }
      return picks
    })

/** A person's own adapter, trained by DPO; its implicit reward is the log-ratio to the base. */
export const dpoArm =
  (deps: PersonDeps, likelihood: Likelihood): Picker =>
  (log, budget) =>
    withPerson(deps, log, budget, null, {}, async (device, store) => {
      const isTrained = hasChoices(log, budget)
      if (isTrained) await device.train({ adapter: true, objective: 'dpo' })
      const adapters = isTrained ? [readPrivate(store)] : []
      const picks = []
      for (const line of log.test)
        picks.push(pickOf(line, orderOf(await logRatios(likelihood, line, adapters))))
      return picks
    })

const hasChoices = ({ train }: UserLog, budget: number): boolean =>
  usefulChoices(train.slice(0, budget)).length > 0

const rerankFirst = (device: Device, line: ChoiceLine, count: number) =>
  device.rerank(
    line,
    line.candidates.slice(0, count).map((text) => ({ text })),
  )

/** Mean log-probability of a token of each candidate under these adapters. */
export type Likelihood = (line: ChoiceLine, adapters: readonly LoraFeed[]) => Promise<number[]>

/** Length-normalized log-ratio of adapters and base, by candidate. */
export const logRatios = async (
  likelihood: Likelihood,
  line: ChoiceLine,
  adapters: readonly LoraFeed[],
): Promise<number[]> => {
  const [under, base] = [await likelihood(line, adapters), await likelihood(line, [])]
  return under.map((value, i) => value - base[i]!)
}

/** Each text is scored once per set of adapters; kept where pooled states are. */
export const rememberLikelihood =
  ({ engine, model, memo, maxTokens }: PersonDeps, kept: PooledCache): Likelihood =>
  async (line, adapters) => {
    const encoding = { tokenizer: model.tokenizer, maxTokens, memo }
    const under = adapters.map(feedKey).join('+')
    const texts = encodeAnswers(encoding, line, line.candidates).map(({ input }) => ({
      ...input,
      key: createHash('sha256')
        .update(
          `likelihood/${model.base.weights}/${under}/${input.answerStart}/${input.ids.join()}`,
        )
        .digest('hex'),
    }))
    const missing = texts.filter(({ key }) => !kept.pooled(key))
    if (missing.length > 0) {
      const { ids, answerStart } = missing[0]!
      const scores = await engine.score(
        ids.slice(0, answerStart),
        missing.map((text) => text.ids.slice(answerStart)),
        { adapters },
      )
      for (const [i, { key }] of missing.entries())
        kept.savePooled(key, Float32Array.of(scores[i]!.logProb / scores[i]!.tokens))
    }
    return texts.map(({ key }) => kept.pooled(key)![0]!)
  }
