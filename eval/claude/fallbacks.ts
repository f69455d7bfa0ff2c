/** Refusals, and the models that answer in place of one that refuses. */

import type { AnswerBlock, FallbackBlock } from './blocks.ts'
import { digest, stable } from './canonical.ts'
import { cutMessage, type Iteration, iterationOf, type Message, withoutOutput } from './message.ts'
import type { ModelRow } from './models.ts'
import { lastTurn, type MessagesBody, textOf } from './wire.ts'

/** before: nothing is said. midway: after a few words. */
export type Refusal = 'before' | 'midway'

/** Whether a model refuses a request. */
export type Refuses = (body: MessagesBody, model: string) => Refusal | undefined

/** The service's own word for a test of refusals. */
const REFUSED = 'ANTHROPIC_MAGIC_STRING_TRIGGER_REFUSAL'
export const refusesOnRequest: Refuses = ({ messages }) =>
  textOf(lastTurn(messages)?.content).includes(REFUSED) ? 'before' : undefined

/** How long the choice of a model stays. */
const STICKY_MS = 3_600_000

export const createFallbacks = (clock: () => number, refuses: Refuses) => {
  const chosen = new Map<string, { readonly model: string; readonly until: number }>()
  return {
    /** attempt: the answer of a model that begins with the given blocks. */
    answer(
      body: MessagesBody,
      row: ModelRow,
      attempt: (model: string, begun: readonly AnswerBlock[]) => Message,
    ): Message {
      const chain = chainOf(body, row)
      const key = digest(stable([body.model, body.system ?? null, body.messages[0]]))
      const known = chosen.get(key)
      const stays = chain.length > 0 && known !== undefined && known.until > clock()
      if (stays) return served(attempt(known.model, []), known.model, [])
      const first = refusedAs(refuses(body, body.model), attempt(body.model, []))
      if (first.stop_reason !== 'refusal' || chain.length === 0) return first
      let [from, last] = [body.model, first]
      const declined: Iteration[] = [iterationOf('message', first.usage, from)]
      for (const model of chain) {
        const next = attempt(model, [...saidBy(last), seam(from, model)])
        last = refusedAs(refuses(body, model), next)
        if (last.stop_reason !== 'refusal') {
          chosen.set(key, { model, until: clock() + STICKY_MS })
          return served(last, model, declined)
        }
        declined.push(iterationOf('message', last.usage, model))
        from = model
      }
      return { ...last, model: from, usage: { ...last.usage, iterations: declined } }
    },
  }
}

/** The requested one first is left out. */
const chainOf = ({ fallbacks }: MessagesBody, row: ModelRow): string[] => {
  if (fallbacks == null || !row.fallbacks) return []
  if (fallbacks === 'default') return [row.fallbacks.default]
  return fallbacks.map((f) => f.model)
}

const refusedAs = (refusal: Refusal | undefined, message: Message): Message => {
  if (!refusal) return message
  const said = refusal === 'midway' ? cutMessage(message, 6) : withoutOutput(message)
  return {
    ...said,
    stop_reason: 'refusal',
    stop_sequence: null,
    stop_details: { type: 'refusal', category: 'general_harms', explanation: null },
  }
}

/** What stays before the seam when an answer ended early. */
const saidBy = ({ content }: Message): AnswerBlock[] =>
  content.filter((b) => b.type === 'text' || b.type === 'thinking' || b.type === 'fallback')

const seam = (from: string, to: string): FallbackBlock => ({
  type: 'fallback',
  from: { model: from },
  to: { model: to },
  trigger: { type: 'refusal', category: 'general_harms' },
})

const served = (message: Message, model: string, declined: readonly Iteration[]): Message => ({
  ...message,
  model,
  usage: {
    ...message.usage,
    iterations: [...declined, iterationOf('fallback_message', message.usage, model)],
  },
})
