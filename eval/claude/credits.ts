/**
 * Credit for a refused request: a token that its retry at another model presents, with everything
 * else as it was.
 */
import { digest, stable } from './canonical.ts'
import { type Problem, problem } from './errors.ts'
import type { Message } from './message.ts'
import { hasCreditBeta, type Incoming } from './request-rules.ts'
import { type Block, isForced, type WireMessage } from './wire.ts'

const VALID_MS = 5 * 60_000

/** Why a retry earns nothing, as `usage.fallback_credit` tells it. */
type Reason = 'body_mismatch' | 'expired' | 'invalid_target_model'

export type Credit =
  | { readonly type: 'none' }
  | { readonly type: 'redeemed'; readonly isBegun: boolean }
  | { readonly type: 'not_applied'; readonly reason: Reason }

export type Credits = {
  /** The refusal's message with a token, where the request's betas ask for one. */
  give(request: Incoming, message: Message): Message
  take(request: Incoming): Credit | { readonly problem: Problem }
}

type Given = {
  readonly model: string
  readonly fields: string
  readonly messages: string
  /** What the answer had said; null where it may not be sent back. */
  readonly begun: string | null
  readonly at: number
}

const FIELDS = [
  'system tools tool_choice thinking cache_control output_config mcp_servers',
  'context_management container',
].flatMap((line) => line.split(' '))

export const createCredits = (clock: () => number): Credits => {
  const given = new Map<string, Given>()
  return {
    give(request, message) {
      const { body, row, betas } = request
      if (message.stop_reason !== 'refusal' || !message.stop_details) return message
      const details = { ...message.stop_details, recommended_model: null }
      if (!hasCreditBeta(betas) || !row.fallbacks || request.path === 'batches')
        return { ...message, stop_details: details }
      const token = `fct_${digest(message.id).slice(0, 32)}`
      const said = message.content.filter((b) => b.type === 'text' && b.text.trim() !== '')
      const canGoOn = said.length > 0 && !body.output_config?.format && !isForced(body)
      given.set(token, {
        model: row.id,
        fields: fieldsOf(request),
        messages: stable(body.messages),
        begun: canGoOn ? partial(message.content.map((b) => ({ ...b }))) : null,
        at: clock(),
      })
      return {
        ...message,
        stop_details: {
          ...details,
          fallback_credit_token: token,
          fallback_has_prefill_claim: canGoOn,
        },
      }
    },
    take(request) {
      const asked = request.body.fallback_credit_token
      if (asked == null) return { type: 'none' }
      const { token, mode } = typeof asked === 'string' ? { token: asked, mode: 'strict' } : asked
      const known = given.get(token)
      if (!known) return { problem: problem('fallback_credit_token: is not a valid token') }
      const found = redemption(request, known, clock())
      if (found.type === 'not_applied' && mode !== 'best_effort')
        return { problem: problem(`fallback_credit_token: ${PROBLEMS[found.reason]}`) }
      return found
    },
  }
}

const PROBLEMS: Readonly<Record<Reason, string>> = {
  body_mismatch: 'the request differs from the one that was refused',
  expired: 'the token has expired',
  invalid_target_model: 'the model must be another one than the one that refused',
}

const redemption = (request: Incoming, known: Given, now: number): Credit => {
  const not = (reason: Reason) => ({ type: 'not_applied', reason }) as const
  if (now - known.at > VALID_MS) return not('expired')
  if (request.row.id === known.model) return not('invalid_target_model')
  if (fieldsOf(request) !== known.fields) return not('body_mismatch')
  const { messages } = request.body
  if (stable(messages) === known.messages) return { type: 'redeemed', isBegun: false }
  const last = messages.at(-1)
  const isBegun =
    last?.role === 'assistant' &&
    stable(messages.slice(0, -1)) === known.messages &&
    partial(contentOf(last)) === known.begun
  return isBegun ? { type: 'redeemed', isBegun } : not('body_mismatch')
}

const contentOf = ({ content }: WireMessage): readonly Block[] =>
  typeof content === 'string' ? [{ type: 'text', text: content }] : content

/**
 * What was said before a refusal, without the space at its end and without calls that have no
 * result.
 */
const partial = (content: readonly Block[]): string =>
  stable(
    content
      .filter((b) => b.type !== 'tool_use')
      .map(({ citations: _, ...b }, i, all) =>
        i === all.length - 1 && b.type === 'text' ? { ...b, text: b.text?.trimEnd() } : b,
      ),
  )

/** The betas count too. */
const fieldsOf = ({ body, betas }: Incoming): string =>
  digest(stable([...FIELDS.map((field) => body[field] ?? null), [...betas].sort()]))

export const usageOf = (credit: Credit): object | undefined => {
  if (credit.type === 'none') return undefined
  const { type } = credit
  return { status: type === 'redeemed' ? { type } : { type, reason: credit.reason } }
}
