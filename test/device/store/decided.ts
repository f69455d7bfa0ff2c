/** Decisions as they are kept, without a device. */
import type { ChatMessage } from '../../../adapters/formats/choice-log.ts'
import type { Answered } from '../../../device/store/decisions.ts'
import { newDecision } from '../../../device/store/new-decision.ts'
import type { OwnStore } from '../../../device/store/store.ts'

type Given = Partial<Omit<Answered, 'answers'>> & {
  readonly id: string
  readonly at?: number
  readonly messages?: ChatMessage[]
  readonly system?: string
  readonly app?: string | undefined
  /** Texts, or texts with ids; without them the decision has no answer yet. */
  readonly answers?: readonly (string | Answered['answers'][number])[] | undefined
}

/** A question of its own, answered once, unless it is told otherwise. */
export const keepDecision = (
  store: OwnStore,
  { id, at = 1, messages, system, app, answers, ...came }: Given,
): void => {
  const asked = messages ?? [{ role: 'user' as const, content: `What of ${id}?` }]
  const conversation = { messages: asked, ...(system !== undefined && { system }) }
  store.saveDecision(newDecision(store, at, conversation, { id, app }))
  if (!answers) return
  store.answerDecision(id, {
    at,
    answers: answers.map((answer) => (typeof answer === 'string' ? { text: answer } : answer)),
    shown: [0],
    served: 0,
    propensity: 1,
    explored: false,
    ...came,
  })
}
