/** Why a request could not read what an earlier one cached. */
import { digest, stable, systemDigest, toolsDigest, unmarked } from './canonical.ts'
import type { CountTokensBody, MessagesBody } from './wire.ts'

export type Diagnostics = {
  /** id: of the answer that a later request may name. */
  keep(id: string, body: MessagesBody, cachedTokens: number): void
  /** undefined where the request asks for none. */
  of(body: MessagesBody): { readonly cache_miss_reason: object | null } | null | undefined
}

type Print = {
  readonly model: string
  readonly system: string
  readonly tools: string
  readonly messages: readonly string[]
  readonly rest: string
  readonly cachedTokens: number
}

export const createDiagnostics = (): Diagnostics => {
  const kept = new Map<string, Print>()
  return {
    keep: (id, body, cachedTokens) => void kept.set(id, printOf(body, cachedTokens)),
    of(body) {
      if (body.diagnostics == null) return undefined
      const id = body.diagnostics.previous_message_id
      if (id == null) return null
      const before = kept.get(id)
      if (!before) return { cache_miss_reason: { type: 'previous_message_not_found' } }
      const now = printOf(body, 0)
      const type = changeOf(before, now)
      if (type) {
        const missed = { cache_missed_input_tokens: before.cachedTokens }
        return { cache_miss_reason: { type, ...missed } }
      }
      return before.rest === now.rest ? null : { cache_miss_reason: { type: 'unavailable' } }
    },
  }
}

const changeOf = (before: Print, now: Print): string | undefined => {
  if (before.model !== now.model) return 'model_changed'
  if (before.system !== now.system) return 'system_changed'
  if (before.tools !== now.tools) return 'tools_changed'
  return before.messages.every((m, i) => m === now.messages[i]) ? undefined : 'messages_changed'
}

const printOf = (body: MessagesBody, cachedTokens: number): Print => ({
  model: `${body.model}/${body.speed ?? 'standard'}`,
  system: systemDigest(body),
  tools: toolsDigest(body),
  messages: body.messages.map(messageDigest),
  rest: stable([body.thinking ?? null, body.tool_choice ?? null]),
  cachedTokens,
})

const messageDigest = ({ content, ...rest }: CountTokensBody['messages'][number]): string =>
  digest(
    stable({ ...rest, content: typeof content === 'string' ? content : content.map(unmarked) }),
  )
