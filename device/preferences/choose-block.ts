/** Chooses the preferences that a conversation does not override and that matter for its request. */
import type { Preference, Profile } from '../records/preference.ts'
import type { RewriteReason, Silenced } from '../records/rewrite-decision.ts'
import type { Conversation } from '../text/conversation.ts'
import { requestInContext, requestText } from '../text/request-text.ts'
import { type AnalyzedText, analyze } from '../text/text-analysis.ts'
import type { ConversationConstraints } from './conversation-constraints.ts'
import { type Pole, poleOf, rowOf } from './dimensions.ts'
import { asksForProse, isPlain } from './relevance-rules.ts'

const MAX_PREFERENCES = 6

/** Finds what matters for a request (relevance.ts). */
export type Relevant = (request: string) => Promise<ReadonlySet<Pole>>

/**
 * preferences: strongest first; empty for every reason but `applied`. silenced: preferences that
 * the conversation overrides.
 */
export type Chosen = {
  readonly preferences: readonly Preference[]
  readonly reason: RewriteReason
  readonly silenced: readonly Silenced[]
}

export const choosePreferences = async (
  { messages }: Pick<Conversation, 'messages'>,
  profile: Profile,
  constraints: ConversationConstraints,
  relevant: Relevant | undefined,
): Promise<Chosen> => {
  const request = requestText(messages)
  const enabled = profile.preferences.filter((p) => p.enabled && isInScope(p, request))
  if (enabled.length === 0) return none('no_preferences')
  const analyzed = analyze(request)
  if (isCodeOrData(request, analyzed.codeChars)) return none('code_or_data')
  if (constraints.strictOutput) return none('strict_output')
  // An image or a document alone does not show what is wanted.
  if (request.trim() === '' || isPlain(request)) return none('none_relevant')
  const inContext = requestInContext(messages)
  // The local model reads English. In other languages the wording must show that more than one
  // answer is right.
  const isRead = isEnglish(analyzed)
  if (!isRead && hasWordLists(analyzed) && !asksForProse(inContext)) return none('none_relevant')
  const isCounted = !constraints.otherLanguage && hasWordLists(analyzed)
  const open = enabled.filter(
    (p) => !constraints.silent.has(poleOf(p)) && (isCounted || rowOf(p.dimension).anyLanguage),
  )
  const silenced = silencedOf(enabled, constraints)
  if (open.length === 0) return none('constrained', silenced)
  const found = relevant && isRead ? await relevant(inContext) : null
  const chosen = open.filter((p) => !found || found.has(poleOf(p)))
  return chosen.length === 0 ? none('none_relevant', silenced) : strongest(chosen, silenced)
}

/** Chooses the preferences that apply to any request. constraints: of the system prompt. */
export const chooseShared = (profile: Profile, constraints: ConversationConstraints): Chosen => {
  const enabled = profile.preferences.filter((p) => p.enabled && p.scope === 'all')
  if (enabled.length === 0) return none('no_preferences')
  if (constraints.strictOutput) return none('strict_output')
  const open = enabled.filter((p) => !constraints.silent.has(poleOf(p)))
  const silenced = silencedOf(enabled, constraints)
  return open.length === 0 ? none('constrained', silenced) : strongest(open, silenced)
}

const strongest = (preferences: readonly Preference[], silenced: readonly Silenced[]): Chosen => ({
  preferences: preferences.toSorted((a, b) => rankOf(b) - rankOf(a)).slice(0, MAX_PREFERENCES),
  reason: 'applied',
  silenced,
})

const none = (reason: RewriteReason, silenced: readonly Silenced[] = []): Chosen => ({
  preferences: [],
  reason,
  silenced,
})

const silencedOf = (
  preferences: readonly Preference[],
  { silencedBy }: ConversationConstraints,
): Silenced[] =>
  preferences.flatMap((p) => {
    const by = silencedBy.get(poleOf(p))
    return by ? [{ dimension: p.dimension, by }] : []
  })

const isEnglish = ({ language }: AnalyzedText): boolean =>
  language === 'en' || language === 'unknown'

/** Whether style can be measured in answers of this language. */
const hasWordLists = ({ language }: AnalyzedText): boolean => language !== 'other'

/** Pinned before stated before learned, then by strength. */
const rankOf = (p: Preference): number =>
  (p.pinned ? 4 : 0) + (p.source === 'stated' ? 2 : 0) + p.strength * p.evidence.confidence

const isInScope = ({ scope }: Preference, request: string): boolean => {
  if (scope === 'all') return true
  // Matches "art" in "arts" but not in "party". Scripts without spaces have no word beginnings.
  return scope.some((word) =>
    new RegExp(`(?<!\\p{Script=Latin})${word.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&')}`, 'iu').test(
      request,
    ),
  )
}

const CODE_LINE = new RegExp(
  [
    String.raw`[;{}]\s*$`,
    String.raw`^\s*(?:[{}[\]()<]|import |from \S+ import|def |class |function |const |let |var ` +
      String.raw`|return\b|if \(|for \(|#include|SELECT |INSERT |Traceback|\s+at \S+\(|"[^"]+"\s*:)`,
    String.raw`^\s*\S+(?:,\S*){3,}\s*$`,
  ].join('|'),
)

/** Whether more than half of the request is code, JSON, a log or a table of values. */
const isCodeOrData = (request: string, codeChars: number): boolean => {
  if (codeChars > 0.5 * request.length) return true
  const lines = request
    .slice(0, 60_000)
    .split('\n')
    .filter((l) => l.trim() !== '')
  const coded = lines.filter((l) => CODE_LINE.test(l))
  return coded.reduce((n, l) => n + l.length, 0) > 0.5 * lines.reduce((n, l) => n + l.length, 0)
}
