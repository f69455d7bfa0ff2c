/** The types of what each of the device's own routes takes and gives, for its handler and for its clients. */

import type { z } from 'zod'
import type { ChoiceLine } from '../../../adapters/formats/choice-log.ts'
import type { ParticipateReport } from '../../federation/participate.ts'
import type { ImportReport } from '../../feedback/import-choices.ts'
import type { LeftReport } from '../../owner/operations.ts'
import type { TrainReport } from '../../owner/train.ts'
import type { ExitChoice } from '../../reward/choose-exit.ts'
import type { AdapterHeader } from '../schemas/home.ts'
import type { OWN_ROUTES } from './openapi.ts'
import type { OwnRoute } from './route.ts'

export type Names = keyof typeof OWN_ROUTES

type Without<T> = T extends unknown ? Omit<T, 'protocol'> : never
type Container<S extends z.ZodType> = Without<z.output<S>> & { readonly numbers: Float32Array }

/** What travels as lines or in a container. */
type Bodies = {
  importChoices: readonly ChoiceLine[]
  putAdapter: Container<typeof AdapterHeader>
}
/** What is passed on whole. */
type Answers = {
  train: TrainReport
  participate: ParticipateReport
  chooseExit: ExitChoice
  importChoices: ImportReport
  leave: LeftReport
  getAdapter: Container<typeof AdapterHeader>
}

type BodyOf<R> = R extends { body: infer B extends z.ZodType } ? Without<z.output<B>> : undefined
type GivenOf<R> = R extends { body: infer B extends z.ZodType } ? Without<z.input<B>> : undefined
type QueryOf<R, Side extends 'in' | 'out'> =
  R extends OwnRoute<infer _, infer __, infer Q extends z.ZodObject>
    ? Side extends 'in'
      ? z.input<Q>
      : z.output<Q>
    : undefined
type AnswerOf<R> = R extends OwnRoute<infer _, infer A, infer __> ? Without<z.input<A>> : never

type Route<K extends Names> = (typeof OWN_ROUTES)[K]

/** As a handler gets it: checked, with its defaults. */
export type RouteBody<K extends Names> = K extends keyof Bodies ? Bodies[K] : BodyOf<Route<K>>
export type RouteQuery<K extends Names> = QueryOf<Route<K>, 'out'>
/** As a client gives it. */
export type GivenBody<K extends Names> = K extends keyof Bodies ? Bodies[K] : GivenOf<Route<K>>
export type GivenQuery<K extends Names> = QueryOf<Route<K>, 'in'>
export type RouteAnswer<K extends Names> = K extends keyof Answers ? Answers[K] : AnswerOf<Route<K>>
