/** What each of the device's own routes does: input is checked already, and the protocol version is added to what it returns. */
import type { Context } from 'hono'
import type { z } from 'zod'
import { FedError } from '../../adapters/errors.ts'
import { RequestMode } from '../../adapters/wire/personalization.ts'
import type { Oversight } from '../agent/oversight.ts'
import type { Personalizer } from '../agent/types.ts'
import { DIMENSION_ROWS } from '../personalize/dimensions.ts'
import { lineOf, SLIGHT } from '../personalize/profile.ts'
import { decisionHeader } from './forward.ts'
import { credentialsOf, isSame } from './guard.ts'
import type { OWN_ROUTES } from './openapi.ts'
import type { OwnRoute } from './routes.ts'
import { IDLE_MS, type Sessions } from './sessions.ts'

type Names = keyof typeof OWN_ROUTES
type Without<T> = T extends unknown ? Omit<T, 'protocol'> : never
type BodyOf<R> = R extends { body: infer B extends z.ZodType } ? Without<z.output<B>> : undefined
type QueryOf<R> =
  R extends OwnRoute<infer _, infer __, infer Q extends z.ZodObject> ? z.output<Q> : undefined
type AnswerOf<R> = R extends OwnRoute<infer _, infer A, infer __> ? Without<z.input<A>> : never

export type Input<B, Q> = { readonly body: B; readonly query: Q; readonly c: Context }
export type Handlers = {
  readonly [K in Names]: (
    input: Input<BodyOf<(typeof OWN_ROUTES)[K]>, QueryOf<(typeof OWN_ROUTES)[K]>>,
  ) => AnswerOf<(typeof OWN_ROUTES)[K]> | Promise<AnswerOf<(typeof OWN_ROUTES)[K]>>
}

export type HandlerDeps = {
  readonly device: Personalizer
  readonly oversight: Oversight
  readonly sessions: Sessions
  readonly deviceToken: string
}

export const openHandlers = ({
  device,
  oversight,
  sessions,
  deviceToken,
}: HandlerDeps): Handlers => ({
  rewrite: async ({ body, c }) => {
    const {
      bound: _,
      silenced: __,
      ...result
    } = await device.rewrite(body, {
      mayPropose: true,
      mode: modeOf(c),
    })
    return naming(c, result)
  },
  rerank: async ({ body: { candidates, ...conversation }, c }) => {
    const answers = candidates.map((text) => ({ text }))
    const {
      propensity: _,
      explored: __,
      ...result
    } = await device.rerank(conversation, answers, { mode: modeOf(c) })
    return naming(c, result)
  },
  feedback: ({ body }) => device.feedback(body.event),
  forget: ({ body }) => device.forget(body),
  getProfile: () => device.profile(),
  patchProfile: ({ body }) => device.editProfile(body.changes),
  putProfile: ({ body }) => device.editProfile(body.changes),
  getDimensions: () => DIMENSION_WORDS,
  listProposals: () => ({ proposals: device.proposals() }),
  settleProposal: ({ body }) => device.settleProposal(body.id, body.accept),
  getStatus: () => device.status(),
  setTraining: ({ body }) => device.pauseTraining(body.paused),
  listDecisions: ({ query }) => oversight.decisions(query),
  getDecision: ({ c }) => oversight.decision(c.req.param('id') ?? ''),
  getLog: ({ query }) => oversight.log(query),
  getConsent: () => ({ consent: oversight.consent() }),
  grantConsent: async ({ body }) => ({ consent: await oversight.grantConsent(body) }),
  withdrawConsent: async () => {
    await oversight.withdrawConsent()
    return { consent: null }
  },
  getAdapters: () => oversight.adapters(),
  getEnergy: () => oversight.energy(),
  getConditions: () => oversight.conditions(),
  newSessionCode: () => sessions.newCode(),
  openSession: ({ body: { code, token } }) => ({
    session:
      code === undefined
        ? sessions.open(isSame(token ?? '', deviceToken))
        : sessions.exchange(code),
    idleMs: IDLE_MS,
  }),
  endSession: ({ c }) => {
    for (const credential of credentialsOf(c.req.raw.headers)) sessions.end(credential)
    return { ended: true }
  },
})

const naming = <T extends { readonly decisionId: string | null }>(c: Context, result: T): T => {
  for (const [name, value] of Object.entries(decisionHeader(result.decisionId)))
    c.header(name, value)
  return result
}

const modeOf = (c: Context): RequestMode | undefined => {
  const header = c.req.header('loreweave-mode')
  if (header === undefined) return undefined
  const mode = RequestMode.safeParse(header.trim().toLowerCase())
  if (mode.success && mode.data !== 'off') return mode.data
  throw new FedError('E_BODY', 'loreweave-mode: expected shadow, on or incognito on this route')
}

const DIMENSION_WORDS = {
  slightBelow: SLIGHT,
  dimensions: DIMENSION_ROWS.map(({ dimension, label }) => {
    const line = (direction: -1 | 1, strength: number) => lineOf({ dimension, direction, strength })
    return {
      dimension,
      label,
      less: line(-1, 1),
      slightlyLess: line(-1, 0),
      slightlyMore: line(1, 0),
      more: line(1, 1),
    }
  }),
}
