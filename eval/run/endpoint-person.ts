/**
 * People who use the Messages endpoint alone. They see one answer to each request, say little, and
 * may answer a question of the device: what that teaches, counted in requests.
 */
import { z } from 'zod'
import { FedError } from '../../adapters/errors.ts'
import type { ChatMessage, ChoiceLine } from '../../adapters/formats/choice-log.ts'
import { sigmoid } from '../../adapters/math/logistic.ts'
import { type Rng, seededRng } from '../../adapters/random.ts'
import { DAY_MS } from '../../adapters/time.ts'
import { answerMessages } from '../../device/api/messages/endpoint.ts'
import type { DeviceSettingsInput } from '../../device/home/settings.ts'
import type { Device } from '../../device/owner/device.ts'
import type { FeedbackEvent } from '../../device/records/feedback-event.ts'
import { Dimension } from '../../device/records/preference.ts'
import type { Question } from '../../device/records/question.ts'
import { TRAITS } from '../answers/answerer.ts'
import { DIMENSIONS } from '../answers/style.ts'
import { countTokens } from '../answers/wording.ts'
import { readData } from '../data/read-data.ts'
import type { UserLog } from '../inputs/user-log.ts'
import type { Pick } from '../measure/metrics.ts'
import { forLast, type Picker, utilitiesOf } from './arms.ts'
import { type PersonDeps, planFor, type ReleaseBytes, withPerson } from './person.ts'
import type { SimClaude } from './world.ts'

const Share = z.number().min(0).max(1)
const KINDS = ['silent', 'regenerates', 'edits', 'thumbs', 'follows_up'] as const

/**
 * How people react: assumptions, not findings. kinds: shares of people by what they do about an
 * answer whose utility lies below unsatisfiedBelow (the mean is 0, the spread within a request 1),
 * in a share `reacts` of such answers. Those who give thumbs also give one up above delightedAbove.
 * goesOn: share of new conversations with a further message. answersQuestions: share of questions.
 * temperature: noise of a choice. editsTowards: the best of so many answers is what an edit makes.
 * caresFrom: weight of a trait, per standard deviation, from which people have a preference that they
 * can state; errsWhenAsked: share of statements that say the opposite. traits: the trait that each
 * dimension is about. says: the follow-up for less and for more of a trait.
 */
const Reactions = z.strictObject({
  requestsPerDay: z.number().positive(),
  kinds: z.record(z.enum(KINDS), Share),
  unsatisfiedBelow: z.number(),
  delightedAbove: z.number(),
  reacts: Share,
  goesOn: Share,
  answersQuestions: Share,
  caresFrom: z.number().min(0),
  temperature: z.number().positive(),
  editsTowards: z.int().min(1).max(64),
  errsWhenAsked: Share,
  traits: z.partialRecord(Dimension, z.enum(DIMENSIONS)),
  says: z.partialRecord(z.enum(DIMENSIONS), z.tuple([z.string(), z.string()])),
  thanks: z.string().min(1),
})
const ASSUMED = readData('population/reactions.json', Reactions)

export type EndpointPlan = {
  /** Numbers of requests after which they are judged. */
  readonly budgets: readonly number[]
  readonly settings?: DeviceSettingsInput
}

type Served = {
  readonly messages: readonly ChatMessage[]
  readonly decisionId: string
  readonly text: string
}

/** What the product serves on unseen requests after so many of the person's own. */
export const endpointArm = (
  deps: PersonDeps,
  release: ReleaseBytes | null,
  claude: SimClaude,
  plan: EndpointPlan,
): Picker => {
  const picksOf = forLast((log) => live(deps, release, claude, plan, log))
  return async (log, budget) => (await picksOf(log)).get(budget)!
}

const live = (
  deps: PersonDeps,
  release: ReleaseBytes | null,
  claude: SimClaude,
  { budgets, settings }: EndpointPlan,
  log: UserLog,
): Promise<Map<number, Pick[]>> =>
  withPerson(
    deps,
    log,
    0,
    release,
    { rewrite: true, implicit: true, ...settings },
    async (device, _, pass, clock) => {
      await device.prepare()
      const rng = seededRng(`endpoint/${deps.seed}/${log.user}`)
      const person = personOf(deps, device, claude, rng, clock)
      const picks = new Map<number, Pick[]>()
      const judge = async () => {
        for (const at of budgets)
          if (at <= person.sent() && !picks.has(at))
            picks.set(at, await judged(deps, device, claude, log))
      }
      await judge()
      while (person.sent() < Math.max(...budgets)) {
        pass(DAY_MS / ASSUMED.requestsPerDay)
        for await (const _ of person.request(log.train[rng.int(log.train.length)]!)) {
          pass(60_000)
          await judge()
        }
        await person.answerQuestions()
      }
      return picks
    },
  )

/** The block, the number of answers and the order as the device has them, learning nothing. */
const judged = async (
  deps: PersonDeps,
  device: Device,
  claude: SimClaude,
  { test }: UserLog,
): Promise<Pick[]> => {
  const picks: Pick[] = []
  for (const line of test) {
    const { system } = await device.rewrite(line, { mode: 'incognito', keeps: 'nothing' })
    const count = planFor(deps, device, line)
    const answers = Array.from({ length: count }, (_, k) => claude(line, system ?? undefined, k))
    const picked =
      count > 1 ? (await device.rerank(line, answers, { mode: 'incognito' })).winner : 0
    const value = answers[picked]!.utility
    picks.push({ utilities: utilitiesOf(line), picked, asked: count, value })
  }
  return picks
}

/** Deadlines are of real time, which passes here for other work. */
const PATIENT = { deadlineMs: 60_000, rankDeadlineMs: 60_000 }
const report = ({ what, code }: { what: string; code: string }): never => {
  throw new FedError('E_INTERNAL', `the endpoint failed at ${what}: ${code}`)
}

const personOf = (
  deps: PersonDeps,
  device: Device,
  claude: SimClaude,
  rng: Rng,
  clock: () => number,
) => {
  const kind = kindOf(rng.uniform())
  const worth = new Map<string, ReturnType<SimClaude>>()
  let sent = 0
  let variant = 0
  const imagine = (line: ChoiceLine, system?: ChoiceLine['system']) => {
    const answer = claude(line, system, variant++)
    worth.set(answer.text, answer)
    return answer
  }
  /** Through the endpoint's own code, to a Claude that answers at once. */
  const send = async (line: ChoiceLine): Promise<Served> => {
    const send = async (_: Request, body: Uint8Array) => {
      const { system } = JSON.parse(new TextDecoder().decode(body)) as ChoiceLine
      return Response.json(messageOf(deps.claude, imagine(line, system).text, `${variant}`))
    }
    const { messages, system } = line
    const asked = { model: deps.claude, max_tokens: 1024, messages, ...(system && { system }) }
    const response = await answerMessages(
      { device, upstream: { send }, clock, settings: PATIENT, report },
      new Request('http://127.0.0.1/v1/messages', { method: 'POST' }),
      new TextEncoder().encode(JSON.stringify(asked)),
    )
    await device.settled()
    sent++
    const { content } = (await response.json()) as { content: [{ text: string }] }
    const decisionId = response.headers.get('loreweave-decision') ?? ''
    return { messages, decisionId, text: content[0].text }
  }
  const goOn = (line: ChoiceLine, { text }: Served, said: string): ChoiceLine => ({
    ...line,
    messages: [
      ...line.messages,
      { role: 'assistant', content: text },
      { role: 'user', content: said },
    ],
  })
  const tell = async ({ decisionId }: Served, event: Record<string, unknown>) => {
    if (decisionId !== '') await device.feedback({ ...event, decisionId } as FeedbackEvent)
  }
  const utility = (text: string) => worth.get(text)!.utility
  const tasteOf = () => [...worth.values()][0]!.taste

  return {
    sent: () => sent,
    /** A request and what follows from its answer, as it is served. */
    async *request(line: ChoiceLine): AsyncGenerator<Served> {
      let asked = line
      let served = await send(line)
      yield served
      const isUnsatisfied = utility(served.text) < ASSUMED.unsatisfiedBelow
      const reacts = rng.uniform() < ASSUMED.reacts
      if (kind === 'thumbs' && reacts) {
        if (isUnsatisfied) await tell(served, { kind: 'thumbs', value: -1 })
        else if (utility(served.text) > ASSUMED.delightedAbove)
          await tell(served, { kind: 'thumbs', value: 1 })
      } else if (isUnsatisfied && reacts) {
        if (kind === 'edits') {
          const tries = Array.from({ length: ASSUMED.editsTowards }, () => imagine(line))
          const best = tries.reduce((a, b) => (b.utility > a.utility ? b : a))
          if (best.utility > utility(served.text))
            await tell(served, { kind: 'edit', text: best.text })
        } else if (kind === 'regenerates') {
          served = await send(line)
          yield served
        } else if (kind === 'follows_up') {
          const said = complaintOn(worth.get(served.text)!)
          if (said !== null) {
            asked = goOn(line, served, said)
            served = await send(asked)
            yield served
          }
        }
      }
      if (rng.uniform() < ASSUMED.goesOn) yield await send(goOn(asked, served, ASSUMED.thanks))
    },
    /** Looks at the device's questions, as its page shows them. */
    async answerQuestions(): Promise<void> {
      for (const question of device.questions()) {
        const event =
          rng.uniform() >= ASSUMED.answersQuestions
            ? null
            : question.kind === 'pair'
              ? comparison(question, utility, rng)
              : statement(question.dimension, tasteOf(), rng)
        if (event) await device.feedback(event)
        else
          device.dismissQuestion(
            question.kind === 'pair'
              ? { decisionId: question.decisionId }
              : { dimension: question.dimension },
          )
      }
    },
  }
}

const comparison = (
  { decisionId, candidates, answers }: Extract<Question, { kind: 'pair' }>,
  utility: (text: string) => number,
  rng: Rng,
): FeedbackEvent => {
  const [a, b] = answers.map(utility) as [number, number]
  const isFirst = rng.uniform() < sigmoid((a - b) / ASSUMED.temperature)
  return {
    kind: 'choose',
    decisionId,
    chosen: candidates[isFirst ? 0 : 1]!,
    shown: [...candidates],
  }
}

/** null: it does not matter to them, or they are asked about what nobody has a taste for. */
const statement = (dimension: Dimension, taste: Float64Array, rng: Rng): FeedbackEvent | null => {
  const trait = ASSUMED.traits[dimension]
  const weight = trait === undefined ? 0 : taste[TRAITS.indexOf(trait)]!
  if (Math.abs(weight) < ASSUMED.caresFrom) return null
  const isRight = rng.uniform() >= ASSUMED.errsWhenAsked
  return { kind: 'prefer', dimension, direction: weight > 0 === isRight ? 1 : -1 }
}

const kindOf = (at: number): (typeof KINDS)[number] => {
  let left = at
  for (const kind of KINDS) {
    left -= ASSUMED.kinds[kind]
    if (left < 0) return kind
  }
  return 'silent'
}

/** About the trait that costs the answer most, of those that there are words for. */
const complaintOn = ({ taste, traits }: ReturnType<SimClaude>): string | null => {
  const lost = DIMENSIONS.flatMap((name) => {
    const j = TRAITS.indexOf(name)
    const says = ASSUMED.says[name]
    const loss = -taste[j]! * traits[j]!
    return says && loss > 0 ? [{ loss, said: says[taste[j]! < 0 ? 0 : 1] }] : []
  })
  return lost.sort((a, b) => b.loss - a.loss)[0]?.said ?? null
}

const messageOf = (model: string, text: string, id: string) => ({
  id: `msg_${id}`,
  type: 'message',
  role: 'assistant',
  model,
  content: [{ type: 'text', text }],
  stop_reason: 'end_turn',
  stop_sequence: null,
  usage: { input_tokens: 50, output_tokens: countTokens(text) },
})
