/**
 * How much of a text is kept: as much as learning can read. Learning reads texts through these
 * functions too, so a request and its stored decision look the same to it.
 */

/** Kept from each end of a long message, where the request stands. */
const HEAD = 4096
/** The local model reads at most 2,048 tokens before an answer, of about four characters. */
export const PROMPT_CHARS = 16_384
const GAP = '\n[…]\n'
const MOST = HEAD + GAP.length + PROMPT_CHARS
/** The local model reads the first 4,096 tokens of an answer, at most 16 characters of each. */
const MAX_ANSWER = 65_536

/** The beginning and the end of what is longer; the same when done twice. */
export const keptText = (text: string): string =>
  text.length <= MOST ? text : `${text.slice(0, HEAD)}${GAP}${text.slice(-PROMPT_CHARS)}`

/** The beginning of an answer. */
export const keptAnswer = (text: string): string => text.slice(0, MAX_ANSWER)
