/**
 * Preserved thinking: a block's signature names the block before it and the prefix that it was made
 * behind, and is checked when it comes back. A beginning may be missing; a gap, a block put back or
 * another prefix may not.
 */
import { createHmac } from 'node:crypto'
import { type Walk, walk } from './canonical.ts'
import { type Problem, problem } from './errors.ts'
import type { ModelRow } from './models.ts'
import type { Block, CountTokensBody, MessagesBody, WireMessage } from './wire.ts'

/** previous: the id of the thinking block before it, '' for none. bound: Walk.end at its place. */
export type Signed = {
  readonly id: string
  readonly previous: string
  readonly bound: string
  readonly system: string
  readonly tools: string
  readonly model: string
}

export type Account = 'new' | 'old'

/** What became of the blocks of a request, as `input_transformations` tells it. */
export type Transformation = {
  readonly type: 'thinking_dropped' | 'thinking_mismatch_allowed'
  readonly path: string
  readonly reason: 'model_binding_mismatch' | 'prefix_binding_mismatch'
}

export type Checked =
  | { readonly problem: Problem; readonly isPrefix: boolean }
  | {
      readonly problem: undefined
      /** The messages without dropped blocks. */
      readonly messages: readonly WireMessage[]
      readonly transformations: readonly Transformation[]
    }

const KEY = 'of the mocked service'
const seal = (text: string): string => createHmac('sha256', KEY).update(text).digest('base64url')

export const sign = (signed: Signed): string => {
  const text = [
    signed.id,
    signed.previous,
    signed.bound,
    signed.system,
    signed.tools,
    signed.model,
  ].join('.')
  return `${Buffer.from(text).toString('base64url')}.${seal(text)}`
}

/** undefined for what no mock has signed. */
export const readSignature = (block: Block): Signed | undefined => {
  const value = block.type === 'redacted_thinking' ? block['data'] : block['signature']
  if (typeof value !== 'string') return undefined
  const [encoded = '', mac] = value.split('.')
  const text = Buffer.from(encoded, 'base64url').toString()
  if (seal(text) !== mac) return undefined
  const [id = '', previous = '', bound = '', system = '', tools = '', model = ''] = text.split('.')
  return { id, previous, bound, system, tools, model }
}

/** For the next thinking block of an answer that begins with `blocks`. */
export const signatureFor = (
  body: CountTokensBody,
  blocks: readonly Block[],
  id: string,
  model: string,
): string => {
  const answer: WireMessage = { role: 'assistant', content: [...blocks] }
  const { end, seen, system, tools } = walk({ ...body, messages: [...body.messages, answer] })
  const last = seen.at(-1)
  return sign({
    id,
    previous: (last && readSignature(last.block)?.id) ?? '',
    bound: end,
    system,
    tools,
    model,
  })
}

/**
 * vouches: for a block that a summary stands behind. behavior: where the request leaves it open.
 */
export type CheckOptions = {
  readonly row: ModelRow
  readonly account: Account
  readonly behavior?: 'error' | 'drop_block' | undefined
  readonly vouches: (place: Walk['seen'][number], walked: Walk, signed: Signed) => boolean
}

/**
 * body: with a thread's earlier messages. Fails at the first block that the account's rules do not
 * allow.
 */
export const checkThinking = (
  body: CountTokensBody | MessagesBody,
  { row, account, behavior, vouches }: CheckOptions,
): Checked => {
  const walked = walk(body)
  const asked = body.thinking?.block_binding?.prefix_mismatch_behavior ?? behavior
  const isEnforced =
    asked !== undefined ||
    row.prefixCheck === 'every account' ||
    (row.prefixCheck === 'new accounts' && account === 'new')
  const transformations: Transformation[] = []
  const dropped = new Set<string>()
  let previous = ''
  let droppedIn = -1
  for (const seen of walked.seen) {
    const { block, place, message } = seen
    const signed = readSignature(block)
    if (!signed)
      return {
        problem: problem(`${place}: Invalid \`signature\` in \`${block.type}\` block`),
        isPrefix: false,
      }
    const before = previous
    previous = signed.id
    const drop = (reason: Transformation['reason']) => {
      dropped.add(place)
      transformations.push({ type: 'thinking_dropped', path: place, reason })
    }
    if (signed.model !== row.id) {
      drop('model_binding_mismatch')
      continue
    }
    if (row.prefixCheck === 'none') continue
    const isInOrder = before === '' || before === signed.previous
    const isBound = signed.bound === seen.before || vouches(seen, walked, signed)
    if (isInOrder && isBound && droppedIn !== message) continue
    if (!isEnforced)
      transformations.push({
        type: 'thinking_mismatch_allowed',
        path: place,
        reason: 'prefix_binding_mismatch',
      })
    else if (asked === 'drop_block') {
      droppedIn = message
      drop('prefix_binding_mismatch')
    } else return { problem: bindingProblem(walked, seen, signed, isInOrder), isPrefix: true }
  }
  return { problem: undefined, messages: without(body.messages, dropped), transformations }
}

const bindingProblem = (
  walked: Walk,
  { place, block }: Walk['seen'][number],
  signed: Signed,
  isInOrder: boolean,
): Problem => {
  const differs =
    signed.system !== walked.system
      ? 'the `system` prompt differs from the one it was created with'
      : signed.tools !== walked.tools
        ? '`tools` differ from those it was created with'
        : isInOrder
          ? 'an earlier message differs from the conversation it was created in'
          : 'the thinking blocks before it differ from those it was created after'
  return problem(
    `${place}: Invalid \`signature\` in \`${block.type}\` block: the block is bound to a ` +
      `different conversation; ${differs}.`,
  )
}

const without = (
  messages: readonly WireMessage[],
  dropped: ReadonlySet<string>,
): readonly WireMessage[] =>
  dropped.size === 0
    ? messages
    : messages.map((message, i) =>
        typeof message.content === 'string'
          ? message
          : {
              ...message,
              content: message.content.filter((_, j) => !dropped.has(`messages.${i}.content.${j}`)),
            },
      )
