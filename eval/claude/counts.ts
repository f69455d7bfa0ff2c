/** What the mock has served, for tests. */
import { billOf } from './billing.ts'
import type { Message } from './message.ts'
import type { CacheLook } from './prompt-cache.ts'
import type { Transformation } from './signatures.ts'

const NOTHING = {
  requests: 0,
  inputTokens: 0,
  outputTokens: 0,
  cacheReadTokens: 0,
  cacheCreationTokens: 0,
  /** Entries of the prompt cache that were written. */
  cacheWrites: 0,
  /** Requests refused because thinking stands behind another prefix than it was made behind. */
  refusedPrefixes: 0,
  /** Thinking blocks left out for any reason, and for their prefix alone. */
  droppedThinking: 0,
  droppedForPrefix: 0,
  summaries: 0,
  refusals: 0,
  creditsTaken: 0,
  /** Answered by another model than the one that was asked. */
  fallbackAnswers: 0,
  /** US dollars by the price pages. */
  usd: 0,
}

export type ClaudeCounts = Readonly<typeof NOTHING> & {
  readonly threadsBegun: number
  readonly threadsContinued: number
  /** Whatever arrived, refused or not. */
  readonly byPath: Readonly<Record<string, number>>
}

export const createCounter = () => {
  const counts = { ...NOTHING }
  return {
    answered(message: Message, looks: readonly CacheLook[]): void {
      const { usage } = message
      counts.requests++
      counts.inputTokens += usage.input_tokens
      counts.outputTokens += usage.output_tokens
      counts.cacheReadTokens += usage.cache_read_input_tokens
      counts.cacheCreationTokens += usage.cache_creation_input_tokens
      counts.cacheWrites += looks.reduce((n, look) => n + look.entries, 0)
      counts.summaries += message.content.filter((b) => b.type === 'compaction').length
      if (message.stop_reason === 'refusal') counts.refusals++
      if (usage.iterations?.some((i) => i.type === 'fallback_message')) counts.fallbackAnswers++
      // A recorded answer may lack what bills are made from.
      if (usage.cache_creation) counts.usd += billOf(message)
    },
    refusedPrefix: (): void => void counts.refusedPrefixes++,
    creditTaken: (): void => void counts.creditsTaken++,
    transformed(transformations: readonly Transformation[]): void {
      const dropped = transformations.filter((t) => t.type === 'thinking_dropped')
      counts.droppedThinking += dropped.length
      counts.droppedForPrefix += dropped.filter(
        (t) => t.reason === 'prefix_binding_mismatch',
      ).length
    },
    counts: () => ({ ...counts }),
  }
}
