/** The people of a scenario and their choices. */
import type { ChoiceLine } from '../../adapters/wire/choice-log.ts'
import { type AnswerMemo, encodeAnswers } from '../../device/agent/choice-features.ts'
import type { Tokenizer } from '../../device/engine/model/tokenizer.ts'
import type { Engine } from '../../device/engine/run/types.ts'
import { logsByUser, type UserLog } from '../arms.ts'
import { REQUESTS } from '../mock/requests.ts'
import { makeChoiceLog, samplePopulation, type TasteKind } from '../users.ts'
import type { Scenario } from './scenario.ts'

export type Newcomer = UserLog & { readonly kind: TasteKind }
export type World = {
  readonly learners: readonly UserLog[]
  readonly newcomers: readonly Newcomer[]
}

export const makeWorld = ({ people, world, budgets }: Scenario, seed: number): World => {
  const requests = REQUESTS.slice(0, world.requests)
  const group = (split: string, count: number, choices: number, testPerUser: number) => {
    const users = samplePopulation({ count, seed, split, kinds: people.kinds })
    const lines = makeChoiceLog({
      users,
      requests,
      choicesPerUser: choices,
      seed,
      variants: world.variants,
      shown: world.shown,
      testPerUser,
      testShare: world.unseen,
      temperature: world.temperature,
    })
    return { users, logs: logsByUser(lines) }
  }
  const { learners, newcomers } = people
  const coming = group('new', newcomers.count, Math.max(...budgets), newcomers.requests)
  return {
    learners: group('learner', learners.count, learners.choices, 0).logs,
    newcomers: coming.users.map(({ id, kind }) => ({
      ...coming.logs.find((log) => log.user === id)!,
      kind,
    })),
  }
}

/** The ablation `states`: the local model reads zeros out of every answer. */
export const withoutStates = (engine: Engine, hidden: number): Engine => ({
  ...engine,
  pooled: async (inputs, { through = [] }) =>
    inputs.map(() => new Float32Array(hidden * (through.length + 1))),
})

/** The ablation `named`: fills a memo with these choices' answers, their named features zero. */
export const withoutNamed = (
  memo: AnswerMemo,
  { tokenizer, maxTokens }: { readonly tokenizer: Tokenizer; readonly maxTokens: number },
  choices: readonly ChoiceLine[],
): void => {
  for (const choice of choices)
    encodeAnswers({ tokenizer, maxTokens, memo }, choice, choice.candidates)
  for (const answers of memo.values())
    for (const [text, answer] of answers)
      answers.set(text, { ...answer, named: answer.named.map(() => 0) })
}
