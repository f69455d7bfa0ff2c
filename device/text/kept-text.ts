/**
 * How much of a text is kept: as much as learning can read. What learns reads texts through these
 * as well, so that it sees the same of a request now and of its decision later.
 */

/** Of a long message: what is asked for stands at the beginning or at the end. */
const HEAD = 4096
/** The local model reads the last tokens before an answer: at most 2,048, of four characters or so. */
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
