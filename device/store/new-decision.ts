/** Makes a decision for a request, and reads the texts of a stored one. */
import type { ChatMessage } from '../../adapters/formats/choice-log.ts'
import { randomBytes } from '../../adapters/random.ts'
import type { Conversation } from '../text/conversation.ts'
import { PROMPT_CHARS } from '../text/kept-text.ts'
import type { DecisionInfo, DecisionRow, NewDecision } from './decisions.ts'
import { ASKED_MESSAGES, keptAsked, keptRequest } from './kept-request.ts'
import type { DeviceStore } from './store.ts'

export const newId = (prefix: string): string =>
  `${prefix}${Buffer.from(randomBytes(15)).toString('base64url')}`

/**
 * A decision before any answer. It holds texts only: no images, and no reference to the
 * conversation.
 */
export const newDecision = (
  store: Pick<DeviceStore, 'hash'>,
  at: number,
  conversation: Conversation,
  more: Partial<DecisionInfo> & Pick<NewDecision, 'suffix' | 'app'> & { id?: string } = {},
): NewDecision => {
  const { id = newId('d_'), suffix, app, ...info } = more
  return {
    id,
    at,
    request: keptRequest(store.hash, conversation),
    suffix,
    app,
    info: { dimensions: [], ...info },
  }
}

/** Approximate bytes in memory. */
export const bytesOf = (made: NewDecision | null): number =>
  made === null
    ? 0
    : (made.request.system?.length ?? 0) * 2 +
      made.request.turns.reduce((sum, { text }) => sum + 2 * text.length + TURN_BYTES, TURN_BYTES)

const TURN_BYTES = 300

/** The texts of a decision's last messages, in order: as many as the local model can read. */
export const lastMessages = (
  store: Pick<DeviceStore, 'turnsOf'>,
  row: Pick<DecisionRow, 'turn'>,
): { messages: ChatMessage[]; isAll: boolean } => {
  const messages: ChatMessage[] = []
  let characters = 0
  for (const { role, text } of store.turnsOf(row)) {
    if (characters >= PROMPT_CHARS) return { messages, isAll: false }
    messages.unshift({ role, content: text })
    characters += text.length
  }
  return { messages, isAll: true }
}

/** The question, as keptAsked returns it for the request itself. */
export const askedOf = (
  store: Pick<DeviceStore, 'turnsOf'>,
  row: Pick<DecisionRow, 'turn'>,
): string => {
  const messages: ChatMessage[] = []
  for (const { role, text } of store.turnsOf(row)) {
    messages.unshift({ role, content: text })
    if (messages.length === ASKED_MESSAGES) break
  }
  return keptAsked(messages)
}
