/** Cuts texts to what learning can read, equally in the store and in learning. */

/** Kept from each end of a long message, where the request stands. */
const HEAD_CHARS = 4096
/** The local model reads at most 2,048 tokens before an answer, of about four characters. */
export const PROMPT_CHARS = 16_384
const GAP = '\n[…]\n'
const MAX_MESSAGE_CHARS = HEAD_CHARS + GAP.length + PROMPT_CHARS
/** The local model reads the first 4,096 tokens of an answer, at most 16 characters of each. */
const MAX_ANSWER_CHARS = 65_536

/** The beginning and the end of a long text. Idempotent. */
export const keptText = (text: string): string =>
  text.length <= MAX_MESSAGE_CHARS
    ? text
    : `${text.slice(0, HEAD_CHARS)}${GAP}${text.slice(-PROMPT_CHARS)}`

/** The beginning of an answer. */
export const keptAnswer = (text: string): string => text.slice(0, MAX_ANSWER_CHARS)
