/**
 * A conversation as thinking is bound to it: what may differ left out, and the rest in one order.
 */
import { createHash } from 'node:crypto'
import { type Block, type CountTokensBody, isThinking, type Tool } from './wire.ts'

/** Keys sorted at every depth. */
export const stable = (value: unknown): string =>
  JSON.stringify(value, (_, inner) =>
    inner !== null && typeof inner === 'object' && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  ) ?? 'null'

export const digest = (text: string): string => createHash('sha256').update(text).digest('hex')

/** Without its cache mark, and without those of the blocks inside it. */
export const unmarked = (block: Readonly<Record<string, unknown>>): Record<string, unknown> => {
  const { cache_control: _, ...rest } = block
  return Array.isArray(rest['content'])
    ? { ...rest, content: rest['content'].map((inner) => unmarkedInner(inner)) }
    : rest
}

const unmarkedInner = (inner: unknown): unknown =>
  inner !== null && typeof inner === 'object' ? unmarked(inner as Record<string, unknown>) : inner

/** In `system`, in doubt, a text and a block of the same words count as different. */
const contentOf = (content: string | readonly Block[]): unknown =>
  typeof content === 'string' ? content : content.map(unmarked)

export const systemDigest = ({ system }: Pick<CountTokensBody, 'system'>): string =>
  digest(stable(system === undefined ? null : contentOf(system)))

/** Tools that are loaded later count only where something refers to them. */
export const toolsDigest = ({ tools = [] }: Pick<CountTokensBody, 'tools'>): string =>
  digest(stable(tools.filter((tool) => !tool['defer_loading']).map(unmarked)))

/**
 * place: `messages.i.content.j`. before: what the block is bound to here. parts: how much was said
 * until then.
 */
type ThinkingPlace = {
  readonly block: Block
  readonly place: string
  readonly message: number
  readonly before: string
  readonly parts: number
}

/**
 * end: what a block at the conversation's end is bound to. parts: what was said since the last
 * compaction block, `compacted`.
 */
export type Walk = {
  readonly seen: readonly ThinkingPlace[]
  readonly parts: readonly string[]
  readonly compacted: Block | undefined
  readonly end: string
  readonly system: string
  readonly tools: string
}

/**
 * Only what was said is walked: thinking and the seams of a fallback are not, nor are messages that
 * hold nothing else, and the assistant's messages in a row are one turn. A compaction block stands
 * for all before it.
 */
export const walk = (body: Pick<CountTokensBody, 'system' | 'tools' | 'messages'>): Walk => {
  const { tools = [], messages } = body
  const digests = { system: systemDigest(body), tools: toolsDigest(body) }
  const base = `${digests.system}/${digests.tools}`
  const seen: ThinkingPlace[] = []
  let hash = createHash('sha256').update(base)
  let parts: string[] = []
  let compacted: Block | undefined
  let turn = ''
  const push = (part: string) => {
    parts.push(part)
    hash.update(`\0${part}`)
  }
  const bound = () => hash.copy().digest('hex')
  for (const [message, { role, content, ...rest }] of messages.entries()) {
    let isOpen = role === 'assistant' && turn === role
    const say = (part: string) => {
      if (!isOpen) push(stable({ ...rest, role }))
      isOpen = true
      turn = role
      push(part)
    }
    // Claude Code sends one message now as a block, for its cache mark, now as a string.
    if (typeof content === 'string') say(partOf({ type: 'text', text: content }, tools))
    else if (role === 'system' && content.length === 0) say('')
    else
      for (const [j, block] of content.entries()) {
        const place = `messages.${message}.content.${j}`
        if (isThinking(block))
          seen.push({ block, place, message, before: bound(), parts: parts.length })
        else if (isSummary(block)) {
          compacted = block
          hash = createHash('sha256').update(`${base}\0${stable(unmarked(block))}`)
          parts = []
          turn = role
          isOpen = true
        } else if (block.type !== 'fallback' && block.type !== 'compaction')
          say(partOf(block, tools))
      }
  }
  return { seen, parts, compacted, end: bound(), ...digests }
}

/** One without content is a summary that failed, and stands for nothing. */
export const isSummary = (block: Block): boolean =>
  block.type === 'compaction' && typeof block['content'] === 'string'

/** With the definition of each tool that it refers to. */
const partOf = (block: Block, tools: readonly Tool[]): string => {
  const text = stable(unmarked(block))
  const deferred = tools.filter(
    (tool) => tool['defer_loading'] && text.includes(`"tool_name":${JSON.stringify(tool.name)}`),
  )
  return deferred.length === 0 ? text : text + stable(deferred.map(unmarked))
}
