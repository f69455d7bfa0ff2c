/**
 * Does rewriting do what it promises? Measured on labelled requests, which the authors of seeds,
 * rules and word lists have not read.
 *
 * rewrite.wanted.block      one preference that applies: its line is in the block
 * rewrite.wanted.answers    and Claude's mocked answers move its feature the right way, on average
 * rewrite.untouched         nothing applies: no block, though the profile is full
 *          .preference      the same for a single preference that does not apply
 * rewrite.contradicted      a line against an explicit demand, without the relevance head
 * rewrite.changed_messages  a byte of the messages changed on the way through the local API
 */
import { seededRng } from '../../adapters/random.ts'
import { newKeyPair } from '../../adapters/wire/signature.ts'
import { answerMessages } from '../../device/api/messages/endpoint.ts'
import type { Engine } from '../../device/engine/engine.ts'
import type { LocalModel } from '../../device/engine/model/open.ts'
import { openDevice } from '../../device/owner/device.ts'
import { type BlockChoice, chooseSuffix, renderBlock } from '../../device/preferences/block.ts'
import { dimensionOf, type Pole, poleOf } from '../../device/preferences/dimensions.ts'
import { alongPreference } from '../../device/preferences/relevance-feedback.ts'
import { openRelevance } from '../../device/preferences/relevance-head.ts'
import { DIMENSIONS, type Preference } from '../../device/records/preference.ts'
import { openStore } from '../../device/store/store.ts'
import type { Conversation } from '../../device/text/conversation.ts'
import { replyTo } from '../answers/reply.ts'
import { bootstrapInterval, meanOf } from '../measure/metrics.ts'
import type { Result } from '../measure/results.ts'
import { CONSTRAINED, LABELLED, type LabelledRequest } from './requests.ts'

export type RewritingDeps = {
  readonly model: LocalModel
  readonly engine: Engine
  readonly seed: number
  /** Answers with and without the block over which disobedience is averaged out; default 12. */
  readonly variants?: number
  readonly log?: (line: string) => void
}

/** Preferences a request whose answers are compared: all would take minutes and say the same. */
const ANSWERED = 2
/** The mocked Claude writes none, whatever it is asked. */
const NOT_IN_MOCK: ReadonlySet<string> = new Set(['tables'])

export const measureRewriting = async (deps: RewritingDeps): Promise<Result[]> => {
  const { log = () => {} } = deps
  const relevant = memoized(deps)
  const shares = shareResults(deps.seed)
  log(`rewriting: ${LABELLED.length} labelled requests`)
  const labelled: Labelled[] = []
  for (const one of LABELLED) labelled.push(await judge(one, relevant))
  log('rewriting: answers of the mocked Claude')
  const answers = labelled.map((one, index) => answersOf(one, index, deps))
  log(`rewriting: ${CONSTRAINED.length} requests with demands`)
  const contradicted: boolean[] = []
  for (const { request, messages, forbids } of CONSTRAINED) {
    const conversation = { messages: [...(messages ?? [{ role: 'user', content: request }])] }
    contradicted.push(await isContradicted(conversation as Conversation, forbids.map(poleOf)))
  }
  log('rewriting: through the local API')
  const changed = await changedMessages(deps)
  const none = labelled.filter((one) => one.applies === null)
  const open = labelled.filter((one) => one.applies !== null)
  return [
    shares(
      'rewrite.wanted.block',
      open.map((one) => one.wanted),
    ),
    shares('rewrite.wanted.answers', answers),
    ...DIMENSIONS.map((d) =>
      shares(
        `rewrite.wanted.block.${d}`,
        open.map((one) => one.wanted.filter((_, i) => dimensionOf(one.applies![i]!) === d)),
      ),
    ),
    shares(
      'rewrite.untouched',
      none.map((one) => [one.isUntouched]),
    ),
    shares(
      'rewrite.untouched.preference',
      open.map((one) => one.left),
    ),
    countResult('rewrite.contradicted', contradicted),
    countResult('rewrite.changed_messages', changed),
  ].filter((result) => result.n !== 0)
}

/** applies: null: none does. wanted: did each that applies get its line; left: did others not. */
type Labelled = {
  readonly request: string
  readonly applies: readonly Pole[] | null
  readonly wanted: readonly boolean[]
  readonly left: readonly boolean[]
  readonly isUntouched: boolean
}
type Relevant = (request: string) => Promise<ReadonlySet<Pole>>

const judge = async (
  { request, applies, no = [] }: LabelledRequest,
  relevant: Relevant,
): Promise<Labelled> => {
  const conversation: Conversation = { messages: [{ role: 'user', content: request }] }
  const has = async (pole: Pick<Preference, 'dimension' | 'direction'>) =>
    (await send(conversation, [stated(pole)], relevant)).preferences.length > 0
  const each = async (poles: readonly Pick<Preference, 'dimension' | 'direction'>[]) => {
    const found: boolean[] = []
    for (const pole of poles) found.push(await has(pole))
    return found
  }
  const full = await Promise.all(
    ([-1, 1] as const).map((direction) =>
      send(
        conversation,
        DIMENSIONS.map((dimension) => stated({ dimension, direction })),
        relevant,
      ),
    ),
  )
  return {
    request,
    applies: applies === 'none' ? null : applies.map(poleOf),
    wanted: applies === 'none' ? [] : await each(applies),
    left: (await each(no)).map((isThere) => !isThere),
    isUntouched: full.every((r) => r.block === null),
  }
}

/** For some that apply: do answers with the block go its way, compared with the same without it? */
const answersOf = (one: Labelled, index: number, deps: RewritingDeps): boolean[] => {
  const { seed, variants = 12 } = deps
  const rng = seededRng(`rewriting/${seed}/${index}`)
  const poles = (one.applies ?? [])
    .map((pole, i) => ({ pole, isAsked: one.wanted[i]! }))
    .filter(({ pole }) => !NOT_IN_MOCK.has(dimensionOf(pole)))
  return rng
    .shuffle(poles)
    .slice(0, ANSWERED)
    .map(({ pole, isAsked }) => isAsked && goesTheWay(one.request, pole, seed, variants))
}

/** The mean moved along the preference, or nothing is left of what it wants less of. */
const goesTheWay = (request: string, pole: Pole, seed: number, variants: number): boolean => {
  const preference = ofPole(pole)
  const along = (system: string) =>
    meanOf(
      Array.from({ length: variants }, (_, variant) => {
        const conversation = { system, messages: [{ role: 'user', text: request }] }
        const { text } = replyTo(seed, conversation, variant)
        return alongPreference(request, text)(preference)
      }),
    )
  const [without, under] = [along(''), along(renderBlock([preference]))]
  return under > without || (preference.direction < 0 && under === 0)
}

/** Whether forbidden preferences, singly or together, get a line against the conversation. */
const isContradicted = async (
  conversation: Conversation,
  forbidden: readonly Pole[],
): Promise<boolean> => {
  const profiles = [...forbidden.map((pole) => [ofPole(pole)]), onePerDimension(forbidden)]
  for (const preferences of profiles) {
    const sent = await send(conversation, preferences)
    if (sent.preferences.some((p) => forbidden.includes(poleOf(p)))) return true
  }
  return false
}

const onePerDimension = (poles: readonly Pole[]): Preference[] => [
  ...new Map(poles.map(ofPole).map((p) => [p.dimension, p])).values(),
]

/** Whether each request's messages reached Claude as sent: text, and blocks with an image. */
const changedMessages = async ({ model, engine, seed }: RewritingDeps): Promise<boolean[]> => {
  const store = openStore(':memory:')
  const rng = seededRng(`rewriting/${seed}/device`)
  const device = openDevice({
    store,
    key: newKeyPair(),
    model,
    engine,
    rng,
    settings: { implicit: false },
  })
  await device.editProfile(
    DIMENSIONS.map((dimension, i) => ({
      op: 'state',
      dimension,
      direction: i % 2 === 0 ? -1 : 1,
      strength: 1,
      scope: 'all',
    })),
  )
  const changed: boolean[] = []
  const conversations = [
    ...LABELLED.map((r) => [{ role: 'user', content: r.request }]),
    ...CONSTRAINED.map((r) => r.messages ?? [{ role: 'user', content: r.request }]),
  ]
  for (const [i, messages] of conversations.entries()) {
    const sent = i % 2 === 0 ? messages : messages.map(withImage)
    let received: Uint8Array | undefined
    const upstream = {
      send: async (_: Request, body: Uint8Array | undefined) => {
        received = body
        return Response.json({ id: `msg_${i}`, content: [{ type: 'text', text: 'Yes.' }] })
      },
    }
    const body = JSON.stringify({ model: 'claude', max_tokens: 100, messages: sent })
    const request = new Request('http://127.0.0.1/v1/messages', { method: 'POST', body })
    await answerMessages(
      { device, upstream, clock: () => i, report: () => {} },
      request,
      new TextEncoder().encode(body),
    )
    const arrived = JSON.parse(new TextDecoder().decode(received))
    changed.push(JSON.stringify(arrived.messages) !== JSON.stringify(sent))
  }
  await store.close()
  return changed
}

const withImage = ({ role, content }: { role: string; content: string }) => ({
  role,
  content: [
    ...(role === 'user'
      ? [{ type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'aGk=' } }]
      : []),
    { type: 'text', text: content },
  ],
})

const stated = (pole: Pick<Preference, 'dimension' | 'direction'>): Preference => ({
  ...pole,
  strength: 1,
  scope: 'all',
  evidence: { choices: 0, confidence: 1 },
  source: 'stated',
  pinned: false,
  enabled: true,
})

const ofPole = (pole: Pole): Preference =>
  stated({ dimension: dimensionOf(pole), direction: pole.endsWith('-') ? -1 : 1 })

/** As a device would send it for the first time. */
const send = (
  conversation: Conversation,
  preferences: readonly Preference[],
  relevant?: Relevant,
): Promise<BlockChoice> => chooseSuffix(conversation, { preferences: [...preferences] }, relevant)

/** The relevance head as a device has it; each request is read once. */
const memoized = ({ model, engine }: RewritingDeps): Relevant => {
  const relevance = openRelevance(openStore(':memory:'), model, engine)
  const known = new Map<string, Promise<ReadonlySet<Pole>>>()
  return (request) => {
    const found = known.get(request) ?? relevance.poles(request)
    known.set(request, found)
    return found
  }
}

/** Shares of hits over all pairs, with the interval over requests; n: pairs. */
const shareResults =
  (seed: number) => (name: string, byRequest: readonly (readonly boolean[])[]) => {
    const used = byRequest.filter((hits) => hits.length > 0)
    const share = (some: readonly (readonly boolean[])[]) => meanOf(some.flat().map(Number))
    const interval =
      used.length === 0 ? undefined : bootstrapInterval(used, share, seededRng(`${name}/${seed}`))
    return {
      name,
      value: share(used),
      unit: 'share',
      n: used.flat().length,
      ...(interval && { interval: [...interval] as [number, number] }),
    }
  }

/** A count of what must not happen. The upper bound is exact (Clopper-Pearson) for none only. */
const countResult = (name: string, happened: readonly boolean[]): Result => {
  const value = happened.filter(Boolean).length
  const n = happened.length
  const bound = value === 0 ? n * (1 - 0.025 ** (1 / Math.max(1, n))) : undefined
  return {
    name,
    value,
    unit: 'requests',
    n,
    ...(bound !== undefined && { interval: [0, bound] }),
  }
}
