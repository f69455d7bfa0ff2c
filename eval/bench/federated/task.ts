/**
 * Texts on devices that talk of different things: each has topics of its own, and all want a model
 * that knows what any of them talks of.
 */
import { FedError } from '../../../adapters/errors.ts'
import { seededRng } from '../../../adapters/random.ts'
import type { Tokenizer } from '../../../device/engine/model/tokenizer.ts'
import { replyTo } from '../../answers/reply.ts'
import { type BankRequest, REQUESTS } from '../../answers/requests.ts'
import { onePerTopic } from '../../population/users.ts'

/** Sequences of token ids, all of one length. unseen: of every device's topics, in other answers. */
export type FederatedTask = {
  readonly devices: readonly (readonly Sequence[])[]
  readonly unseen: readonly Sequence[]
}
export type Sequence = readonly number[]

export type TaskPlan = {
  readonly seed: number
  readonly devices: number
  /** Tokens of a sequence. */
  readonly length: number
}

const TOPICS = 4
/** Answers to a topic that are learned from; the last is unseen. */
const VARIANTS = 6

/** Fails with E_DATA where there are too few topics, or texts are shorter than a sequence. */
export const makeFederatedTask = (
  { encode }: Pick<Tokenizer, 'encode'>,
  { seed, devices, length }: TaskPlan,
): FederatedTask => {
  const english = onePerTopic(REQUESTS.filter(({ language }) => language === 'en'))
  const topics = seededRng(`bench-federated/${seed}`).shuffle(english)
  if (topics.length < devices * TOPICS)
    throw new FedError(
      'E_DATA',
      `${devices} devices need ${devices * TOPICS} topics, there are ${topics.length}`,
    )
  const own = Array.from({ length: devices }, (_, i) => topics.slice(i * TOPICS, (i + 1) * TOPICS))
  const sequencesOf = (requests: readonly BankRequest[], variants: readonly number[]) =>
    cut(
      requests.flatMap((request) => variants.flatMap((k) => encode(textOf(request, seed, k)))),
      length,
    )
  const learned = Array.from({ length: VARIANTS - 1 }, (_, k) => k)
  const task = {
    devices: own.map((requests) => sequencesOf(requests, learned)),
    unseen: own.flatMap((requests) => sequencesOf(requests, [VARIANTS - 1])),
  }
  if (task.devices.some((device) => device.length === 0) || task.unseen.length === 0)
    throw new FedError('E_DATA', `the texts of a device are shorter than ${length} tokens`)
  return task
}

/** What a device trains on in a round: so many sequences, the next ones each time. */
export const lessonOf = (
  device: readonly Sequence[],
  round: number,
  count: number,
): readonly Sequence[] =>
  Array.from({ length: count }, (_, i) => device[(round * count + i) % device.length]!)

const textOf = ({ messages }: BankRequest, seed: number, variant: number): string =>
  replyTo(
    `bench-federated/${seed}`,
    { system: '', messages: messages.map(({ role, content }) => ({ role, text: content })) },
    variant,
  ).text

/** Without the rest. */
const cut = (ids: readonly number[], length: number): Sequence[] =>
  Array.from({ length: Math.floor(ids.length / length) }, (_, i) =>
    ids.slice(i * length, (i + 1) * length),
  )
