/** Choices for the benchmarks: simulated people's between two long answers, or a choice log's. */
import { basename } from 'node:path'
import { FedError } from '../../adapters/errors.ts'
import type { ChoiceLine } from '../../adapters/formats/choice-log.ts'
import { tellLines } from '../../adapters/formats/json-lines.ts'
import { parseChoiceLog } from '../../adapters/formats/read-choices.ts'
import { type Rng, seededRng } from '../../adapters/random.ts'
import type { Answer } from '../answers/answerer.ts'
import { replyTo } from '../answers/reply.ts'
import { type BankRequest, REQUESTS } from '../answers/requests.ts'
import { readLines } from '../inputs/files.ts'
import { logsByUser, type UserLog } from '../inputs/user-log.ts'
import { progress } from '../measure/progress.ts'
import { choose, onePerTopic, samplePopulation, splitByTopic } from '../population/users.ts'

/** train, test: choices of each user; test topics are in no training choice. */
export type ChoicePlan = {
  readonly users: number
  readonly train: number
  readonly test: number
  /** Answers that a choice is among; default 2. */
  readonly shown?: number
  readonly seed: number
}

/** Bank answers have about 120 tokens; two in a row are as long as Claude's short answers. */
const PARTS = 2
/** Long answers to one request. */
const VARIANTS = 8

/** One log a user; what is chosen depends on the mean of the traits of an answer's two halves. */
export const benchChoices = ({ users, train, test, shown = 2, seed }: ChoicePlan): UserLog[] => {
  const requests = splitByTopic(onePerTopic(REQUESTS.filter((r) => r.language === 'en')), seed)
  return samplePopulation({ count: users, seed, split: 'bench' }).map((user) => {
    const rng = seededRng(`bench-choices/${seed}/${user.id}`)
    const line = (request: BankRequest, split: 'train' | 'test', n: number): ChoiceLine => {
      const answers = rng.shuffle(longAnswers(request, seed)).slice(0, shown)
      return {
        user: user.id,
        id: `${user.id}-${split}-${n}`,
        messages: [...request.messages],
        candidates: answers.map(({ text }) => text),
        chosen: choose(
          user,
          answers.map(({ traits }) => traits),
          rng,
        ),
        split,
      }
    }
    const lines = (pool: readonly BankRequest[], split: 'train' | 'test', count: number) =>
      inTurn(pool, count, rng).map((request, n) => line(request, split, n))
    return {
      user: user.id,
      train: lines(requests.train, 'train', train),
      test: lines(requests.test, 'test', test),
    }
  })
}

/** From a choice log: users with enough lines; lines without a split are for training.
 *  Fails with E_DATA when there is none. */
export const loggedChoices = (path: string, { users, train, test }: ChoicePlan): UserLog[] => {
  const log = parseChoiceLog(readLines(path))
  tellLines(log, { name: basename(path), tell: progress })
  const logs = logsByUser(log.items.map(({ item }) => item))
    .filter((log) => log.train.length >= train && log.test.length >= test)
    .slice(0, users)
    .map((log) => ({ ...log, train: log.train.slice(0, train), test: log.test.slice(0, test) }))
  if (logs.length === 0)
    throw new FedError('E_DATA', `no user has ${train} training choices and ${test} test choices`)
  return logs
}

const longAnswers = (
  { messages }: BankRequest,
  seed: number,
): Pick<Answer, 'text' | 'traits'>[] => {
  const conversation = {
    system: '',
    messages: messages.map(({ role, content }) => ({ role, text: content })),
  }
  return Array.from({ length: VARIANTS }, (_, k) => {
    const parts = Array.from({ length: PARTS }, (_, i) =>
      replyTo(seed, conversation, PARTS * k + i),
    )
    return {
      text: parts.map(({ text }) => text).join('\n\n'),
      traits: parts[0]!.traits.map(
        (_, j) => parts.reduce((sum, { traits }) => sum + traits[j]!, 0) / PARTS,
      ),
    }
  })
}

/** count of them at random; none comes again before all have come. */
const inTurn = <T>(pool: readonly T[], count: number, rng: Rng): T[] => {
  const result: T[] = []
  while (result.length < count) result.push(...rng.shuffle(pool))
  return result.slice(0, count)
}
