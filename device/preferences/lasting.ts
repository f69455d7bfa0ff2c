/** Finds the lasting demands of an earlier message, those not meant for its own answer only. */
import { pattern, wholeWords } from '../text/words.ts'
import { isLasting, sentencesOf } from './stated.ts'

/** The sentences that still apply; '' if none does. */
export const lastingPart = (message: string): string => {
  const text = message.slice(0, MAX_READ_CHARS)
  const sentences = sentencesOf(text)
  if (!ASKS.test(text) && !REVISES.test(text.trim()) && text.length <= MAX_DEMAND_CHARS) return text
  return sentences.filter((s) => HERE.test(s) || isLasting(s)).join('\n')
}

const MAX_READ_CHARS = 4000
/** Longer messages contain more than demands. */
const MAX_DEMAND_CHARS = 300

/** Asks for something besides demands. */
const ASKS = pattern(
  String.raw`[?？]|(?:^|[.!;:\n]\s*|\b{request/lead-in} ){request/asks}(?!\p{L})`,
  'iu',
)

/** Asks for the last answer in another form, which the next answer settles. */
const REVISES = pattern(
  String.raw`^(?:{revise/polite}[ ,.!]+)*(?:{revise/verb}\p{L}*(?: me| mir)? {revise/it}` +
    String.raw`|{revise/again}\b|{revise/into} )`,
  'iu',
)

/** Applies to the whole conversation. */
const HERE = wholeWords('stated/whole-conversation')
