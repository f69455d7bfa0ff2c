/** The people of a scenario and their choices. */
import type { ChoiceLine, SystemPrompt } from '../../adapters/formats/choice-log.ts'
import type { Engine } from '../../device/engine/engine.ts'
import type { Tokenizer } from '../../device/engine/model/tokenizer.ts'
import { type AnswerMemo, encodeAnswers } from '../../device/reward/choice-features.ts'
import { textOf } from '../../device/text/request-text.ts'
import { replyTo } from '../answers/reply.ts'
import { REQUESTS } from '../answers/requests.ts'
import { logsByUser, type UserLog } from '../inputs/user-log.ts'
import {
  makeChoiceLog,
  samplePopulation,
  standardizeTraits,
  type TasteFamily,
  utilityOf,
} from '../population/users.ts'
import type { Scenario } from './scenario.ts'

type Newcomer = UserLog & {
  readonly family: TasteFamily
  /** Of each test line. */
  readonly topics: readonly string[]
}
export type World = {
  readonly learners: readonly UserLog[]
  readonly newcomers: readonly Newcomer[]
  readonly claude: SimClaude
}

/**
 * What the mocked Claude answers to a line under a system prompt, and its worth to the user: taste
 * and traits (standardized) by trait, of which the utility is the product.
 */
export type SimClaude = (
  line: ChoiceLine,
  system: SystemPrompt | undefined,
  variant: number,
) => {
  readonly text: string
  readonly utility: number
  readonly taste: Float64Array
  readonly traits: Float64Array
}

export const makeWorld = ({ people, world, budgets }: Scenario, seed: number): World => {
  const requests = REQUESTS.slice(0, world.requests)
  const group = (split: string, count: number, choices: number, testPerUser: number) => {
    const users = samplePopulation({ count, seed, split, tastes: people.tastes })
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
  const topics = new Map(requests.map((request) => [askedBy(request), request.topic.id]))
  const { learners, newcomers } = people
  const coming = group('new', newcomers.count, Math.max(...budgets), newcomers.requests)
  const byId = new Map(coming.users.map((user) => [user.id, user]))
  return {
    claude: ({ user, messages }, system, variant) => {
      const conversation = {
        system: system === undefined ? '' : textOf(system),
        messages: messages.map(({ role, content }) => ({ role, text: textOf(content) })),
      }
      const { text, traits } = replyTo(seed, conversation, variant)
      const person = byId.get(user)!
      const { taste } = person
      return { text, utility: utilityOf(person, traits), taste, traits: standardizeTraits(traits) }
    },
    learners: group('learner', learners.count, learners.choices, 0).logs,
    newcomers: coming.users.map(({ id, family }) => {
      const log = coming.logs.find(({ user }) => user === id)!
      return { ...log, family, topics: log.test.map((line) => topics.get(askedBy(line))!) }
    }),
  }
}

/** Names a request by what is asked, of a line whose topic is not known. */
export const askedBy = ({ messages }: { readonly messages: readonly object[] }): string =>
  JSON.stringify(messages)

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
