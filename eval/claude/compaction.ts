/**
 * Summaries that stand for a conversation: made on demand or by a threshold, signed, and checked
 * when they come back.
 */
import { digest, isSummary, stable, unmarked, type Walk, walk } from './canonical.ts'
import { type Problem, problem } from './errors.ts'
import { BETAS, type Incoming } from './request-rules.ts'
import { readSignature, type Signed, sign } from './signatures.ts'
import { type Block, blocksOf, type CountTokensBody, textOf, type WireMessage } from './wire.ts'

export type CompactionBlock = {
  readonly type: 'compaction'
  readonly content: string
  readonly encrypted_content: null
  readonly signature: string
  readonly tool_changes: readonly Block[]
}

type Kind = 'on demand' | 'by threshold'

export type Compactions = {
  /** A block that stands for the conversation. id: of the answer that holds it. */
  summarize(body: CountTokensBody, id: string, model: string, kind: Kind): CompactionBlock
  /**
   * Whether thinking in turns that were kept stands where it stood in the conversation that was
   * summarized.
   */
  vouches(place: Walk['seen'][number], walked: Walk, signed: Signed): boolean
}

/**
 * Of a conversation that was summarized. places: by the id of a thinking block, how much was said
 * before it.
 */
type Summarized = {
  readonly system: string
  readonly tools: string
  readonly parts: readonly string[]
  readonly places: ReadonlyMap<string, number>
}

const PREFIX: Readonly<Record<Kind, string>> = { 'on demand': 'sum', 'by threshold': 'cut' }

export const createCompactions = (): Compactions => {
  const made = new Map<string, Summarized>()
  return {
    summarize(body, id, model, kind) {
      const { seen, parts, end, system, tools } = walk(body)
      const key = `${PREFIX[kind]}_${id}`
      const places = new Map(
        seen.flatMap(({ block, parts: at }) => {
          const signed = readSignature(block)
          return signed ? [[signed.id, at] as const] : []
        }),
      )
      made.set(key, { system, tools, parts, places })
      const content = summaryOf(body.messages)
      const changes = toolChanges(body.messages)
      const signed = {
        id: key,
        previous: sealOf(content, changes),
        bound: end,
        system,
        tools,
        model,
      }
      return {
        type: 'compaction',
        content,
        encrypted_content: null,
        signature: sign(signed),
        tool_changes: changes,
      }
    },
    vouches({ parts: said }, walked, signed) {
      const summary = walked.compacted && readSignature(walked.compacted)
      const known = summary && made.get(summary.id)
      const at = known?.places.get(signed.id)
      if (!known || at === undefined) return false
      if (walked.system !== known.system || walked.tools !== known.tools) return false
      const here = walked.parts.slice(0, said)
      const there = known.parts.slice(Math.max(0, at - said), at)
      return stable(here) === stable(there)
    },
  }
}

/**
 * The request's own rules, and those of the blocks that it carries. body: with a thread's earlier
 * messages.
 */
export const compactionProblem = ({ body, betas, path }: Incoming): Problem | undefined => {
  const blocks = body.messages.flatMap((m, i) =>
    blocksOf(m.content).flatMap((block, j) => (isSummary(block) ? [{ block, i, j }] : [])),
  )
  let onDemand = 0
  for (const { block, i, j } of blocks) {
    const at = `messages.${i}.content.${j}`
    if (!betas.has(BETAS.compaction) && !betas.has(BETAS.threshold))
      return problem(`${at}: \`compaction\` blocks need the beta ${BETAS.compaction}`)
    // A block of the threshold may come without a signature, from before there was one.
    if (block['signature'] == null) continue
    const signed = readSignature(block)
    if (!signed || !/^(sum|cut)_/.test(signed.id))
      return problem(
        `${at}: Invalid \`signature\` in \`compaction\` block`,
        'compaction_signature_invalid',
      )
    const changes = (block['tool_changes'] ?? []) as readonly Block[]
    const [content, ofChanges] = signed.previous.split('/')
    if (content !== digest(String(block['content'])))
      return problem(`${at}: the summary was changed`, 'compaction_content_mismatch')
    if (ofChanges !== digest(stable(changes.map(unmarked))))
      return problem(`${at}: \`tool_changes\` were changed`, 'compaction_tool_changes_mismatch')
    if (!signed.id.startsWith('sum_')) continue
    if (++onDemand > 1)
      return problem(
        `${at}: only one \`compaction\` block is allowed`,
        'compaction_block_ambiguous',
      )
    if (i > 0 || j > 0)
      return problem(
        `${at}: the \`compaction\` block must come first`,
        'compaction_block_misplaced',
      )
  }
  return body.compaction && path === 'messages' ? wholeProblem(body) : undefined
}

const wholeProblem = ({ messages }: CountTokensBody): Problem | undefined => {
  const rest = messages.filter((m) => !blocksOf(m.content).some(isSummary))
  if (rest.length === 0)
    return problem('compaction: there is nothing to summarize', 'compaction_nothing_to_summarize')
  const last = messages.at(-1)
  const isOpen =
    last?.role === 'assistant' && blocksOf(last.content).some((b) => b.type === 'tool_use')
  return isOpen
    ? problem('compaction: the last turn has an open tool call', 'compaction_incomplete_turn')
    : undefined
}

const sealOf = (content: string, changes: readonly Block[]): string =>
  `${digest(content)}/${digest(stable(changes.map(unmarked)))}`

const toolChanges = (messages: readonly WireMessage[]): Block[] =>
  messages.flatMap((m) =>
    blocksOf(m.content).filter((b) => b.type === 'tool_addition' || b.type === 'tool_removal'),
  )

const summaryOf = (messages: readonly WireMessage[]): string => {
  const asked = messages.filter((m) => m.role === 'user').map((m) => textOf(m.content).slice(0, 60))
  return (
    `So far, in ${messages.length} messages, the user asked: ` +
    `${asked.filter(Boolean).join('; ')}`
  )
}

/** What the model is shown: from the last summary on. */
export const sinceSummary = (messages: readonly WireMessage[]): readonly WireMessage[] => {
  const at = messages.findLastIndex((m) => blocksOf(m.content).some(isSummary))
  const message = messages[at]
  if (!message || typeof message.content === 'string') return messages
  const from = message.content.findLastIndex(isSummary)
  return [{ ...message, content: message.content.slice(from) }, ...messages.slice(at + 1)]
}
