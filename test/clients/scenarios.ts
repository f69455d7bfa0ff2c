/**
 * What every client is asked to do. The drivers get these as JSON, so that no two clients are asked
 * something else.
 */

export type Kind =
  | 'plain'
  | 'ranked'
  | 'turns'
  | 'stream'
  | 'tools'
  | 'output'
  | 'json'
  | 'bare'
  | 'thread'
  | 'overloaded'
  | 'unauthorized'
  | 'abort'

export type Scenario = {
  readonly kind: Kind
  readonly model: string
  readonly maxTokens: number
  readonly system?: string
  readonly questions: readonly string[]
  readonly tool?: {
    readonly name: string
    readonly description: string
    readonly schema: object
    readonly result: string
  }
}

/** Fixes no style, so that it silences no preference. */
const SYSTEM = 'Du beantwortest Fragen der Besucher eines kleinen Meeresmuseums.'
const TIDES = 'Wie entstehen Ebbe und Flut, und was hat der Mond damit zu tun?'
const TURNS = [TIDES, 'Und warum gibt es zwei Fluten am Tag?', 'Was ist dann eine Springflut?']

const TOOL = {
  name: 'tide_table',
  description: 'Times of high and low water today.',
  schema: {
    type: 'object',
    properties: { city: { type: 'string', description: 'Name of the port' } },
    required: ['city'],
  },
  result: 'Hochwasser 04:10 und 16:35, Niedrigwasser 10:20 und 22:50.',
}

const PARTS: Readonly<Record<Kind, Pick<Scenario, 'system' | 'questions' | 'tool'>>> = {
  plain: { questions: [TIDES] },
  ranked: { system: SYSTEM, questions: [TIDES] },
  turns: { system: SYSTEM, questions: TURNS },
  stream: { system: SYSTEM, questions: TURNS.slice(0, 2) },
  tools: {
    system: SYSTEM,
    questions: [`${TIDES} Und wann steigt sie heute in Husum? Das steht in tide_table.`],
    tool: TOOL,
  },
  output: { system: SYSTEM, questions: [TIDES] },
  json: { questions: [TIDES] },
  bare: { questions: [TIDES] },
  thread: { system: SYSTEM, questions: TURNS },
  overloaded: { questions: [TIDES] },
  unauthorized: { questions: [TIDES] },
  abort: { system: SYSTEM, questions: [TIDES] },
}

/** ranked: what a client does is the same as in plain. question: in place of the scenario's own. */
export const scenarioOf = (kind: Kind, model: string, question?: string): Scenario => ({
  kind: kind === 'ranked' ? 'plain' : kind,
  model,
  maxTokens: 2000,
  ...PARTS[kind],
  ...(question && { questions: [question] }),
})
