/** What each of the device's own routes does: input is checked already, and the protocol version is added to what it returns. */

import type { Context } from 'hono'
import { FedError } from '../../../adapters/errors.ts'
import { isSameSecret } from '../../../adapters/node/secrets.ts'
import type { HomeOperations } from '../../owner/operations.ts'
import type { Personalizer } from '../../owner/personalizer.ts'
import { DIMENSION_ROWS } from '../../preferences/dimensions.ts'
import { lineOf, SLIGHT } from '../../preferences/profile.ts'
import { RequestMode } from '../../records/rewrite-decision.ts'
import { credentialsOf } from '../access/guard.ts'
import { IDLE_MS, type Sessions } from '../access/sessions.ts'
import type { LongWork } from '../envelope/lines.ts'
import type { Inspection } from '../inspection/inspection.ts'
import { decisionHeader } from '../upstream/forward.ts'
import type { HOME_ROUTES } from './home.ts'
import type { Names, RouteAnswer, RouteBody, RouteQuery } from './route-types.ts'

/** signal: aborts when the caller goes away. onProgress: heard only where the answer is in lines. */
export type Input<B, Q> = LongWork & { readonly body: B; readonly query: Q; readonly c: Context }
export type Handlers = {
  readonly [K in Names]: (
    input: Input<RouteBody<K>, RouteQuery<K>>,
  ) => RouteAnswer<K> | Promise<RouteAnswer<K>>
}

/** Of a personalizer what the device's own routes use. */
export type RoutedDevice = Pick<
  Personalizer,
  | 'rewrite'
  | 'rerank'
  | 'feedback'
  | 'forget'
  | 'profile'
  | 'editProfile'
  | 'proposals'
  | 'settleProposal'
  | 'pauseTraining'
> & { status(): ReturnType<Personalizer['status']> | Promise<ReturnType<Personalizer['status']>> }

export type HandlerDeps = {
  readonly device: RoutedDevice
  readonly inspection: Inspection
  /** Without it the process owns no home. */
  readonly home?: HomeOperations | undefined
  readonly sessions: Sessions
  readonly deviceToken: string
}

export const openHandlers = (deps: HandlerDeps): Handlers => ({
  ...deviceHandlers(deps),
  ...pageHandlers(deps),
  ...homeHandlers(deps),
})

type PageNames = 'newSessionCode' | 'openSession' | 'endSession'
type HomeNames = keyof typeof HOME_ROUTES

const deviceHandlers = ({
  device,
  inspection,
}: HandlerDeps): Omit<Handlers, PageNames | HomeNames> => ({
  rewrite: async ({ body, c }) => {
    const { bound: _, ...result } = await device.rewrite(body, {
      mayPropose: true,
      mode: modeOf(c),
    })
    return naming(c, result)
  },
  rerank: async ({ body: { candidates, ...conversation }, c }) => {
    const answers = candidates.map((text) => ({ text }))
    return naming(c, await device.rerank(conversation, answers, { mode: modeOf(c) }))
  },
  feedback: ({ body }) => device.feedback(body.event),
  forget: ({ body: { preview = false, ...target } }) => device.forget(target, preview),
  getProfile: () => device.profile(),
  patchProfile: ({ body }) => device.editProfile(body.changes),
  putProfile: ({ body }) => device.editProfile(body.changes),
  getDimensions: () => DIMENSION_WORDS,
  listProposals: () => ({ proposals: device.proposals() }),
  settleProposal: ({ body }) => device.settleProposal(body.id, body.accept),
  getStatus: () => device.status(),
  setTraining: ({ body }) => device.pauseTraining(body.paused),
  listDecisions: ({ query }) => inspection.decisions(query),
  getDecision: ({ c }) => inspection.decision(c.req.param('id') ?? ''),
  listChoices: ({ query }) => inspection.choices(query),
  getLog: ({ query }) => inspection.log(query),
  getConsent: () => ({ consent: inspection.consent() }),
  grantConsent: async ({ body }) => ({ consent: await inspection.grantConsent(body) }),
  withdrawConsent: async () => ({ consent: null, dropped: await inspection.withdrawConsent() }),
  getAdapters: () => inspection.adapters(),
  getEnergy: () => inspection.energy(),
  getConditions: () => inspection.conditions(),
})

const pageHandlers = ({ sessions, deviceToken }: HandlerDeps): Pick<Handlers, PageNames> => ({
  newSessionCode: () => sessions.newCode(),
  openSession: ({ body: { code, token } }) => ({
    session:
      code === undefined
        ? sessions.open(isSameSecret(token ?? '', deviceToken))
        : sessions.exchange(code),
    idleMs: IDLE_MS,
  }),
  endSession: ({ c }) => {
    for (const credential of credentialsOf(c.req.raw.headers)) sessions.end(credential)
    return { ended: true }
  },
})

/** Fails with E_NOT_FOUND where the process owns no home. */
const homeHandlers = ({ home }: HandlerDeps): Pick<Handlers, HomeNames> => {
  const owned = (): HomeOperations => {
    if (home) return home
    throw new FedError('E_NOT_FOUND', 'this process owns no home')
  }
  return {
    getOwner: () => owned().owner(),
    getHome: () => owned().status(),
    getTraining: () => owned().training(),
    train: ({ body, onProgress, signal }) => owned().train(body, { onProgress, signal }),
    participate: ({ body, onProgress, signal }) =>
      owned().participate(body, { onProgress, signal }),
    chooseExit: ({ body, onProgress, signal }) => owned().chooseExit(body, { onProgress, signal }),
    prepare: async ({ onProgress, signal }) => {
      await owned().prepare({ onProgress, signal })
      return { prepared: true }
    },
    importChoices: ({ body }) => owned().importChoices(body),
    getAdapter: ({ query }) => owned().adapter(query.which),
    putAdapter: ({ body, onProgress, signal }) => owned().takeAdapter(body, { onProgress, signal }),
    enroll: ({ body, signal }) => owned().enroll(body, signal),
    leave: () => owned().leave(),
    patchConfig: async ({ body }) => ({ later: await owned().configure(body) }),
  }
}

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
