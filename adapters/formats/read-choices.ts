/**
 * Choice logs as other programs write them, made into ChoiceLine where nothing is lost, else
 * refused by line and field. Pure.
 */
import type { z } from 'zod'
import { sha256Hex } from '../node/sha256.ts'
import { ChoiceLine, MAX_TEXT_CHARS, type SystemPrompt } from './choice-log.ts'
import { type JsonLines, readJsonLines, type Told, withoutNulls } from './json-lines.ts'

type Fields = Readonly<Record<string, unknown>>

/**
 * lines: of the file, or its text; null for a line that is not UTF-8. complete: adds to a line,
 * before it is read, what another file says of it.
 */
export const parseChoiceLog = (
  lines: string | readonly (string | null)[],
  complete: (fields: Fields) => Fields = (fields) => fields,
): JsonLines<ChoiceLine> =>
  readJsonLines(lines, (fields, told) => readAs(ChoiceLine, CHOICE_FIELDS, complete(fields), told))

/**
 * What a choice is known by wherever it is kept: an id names it only together with whose it is,
 * what was asked and which answers there were. A line of the same key is the same choice, perhaps
 * corrected. No decision has such an id.
 */
export const choiceKey = ({ id, user, messages, system, candidates }: ChoiceLine): string => {
  const content = JSON.stringify([user, messages, system ?? null, candidates.toSorted()])
  const mark = `#${sha256Hex(new TextEncoder().encode(content)).slice(0, 16)}`
  return id.endsWith(mark) ? id : `${id}${mark}`
}

/** The last line of each key, by it, in the order in which the keys came. */
export const latestChoices = (choices: readonly ChoiceLine[]): Map<string, ChoiceLine> =>
  new Map(choices.map((choice) => [choiceKey(choice), choice]))

/** Reads a field of a request or a choice into what its schema takes. */
type ReadField = (value: unknown, told: Told) => unknown
const asItIs: ReadField = (value) => value

const id: ReadField = (value) => (Number.isSafeInteger(value) ? String(value) : value)

/** Every field of a choice log. */
export const CHOICE_FIELDS: Readonly<Record<string, ReadField>> = {
  user: id,
  id,
  messages: (value, told) => (Array.isArray(value) ? value.map((m) => message(m, told)) : value),
  system: (value, told) => content(value, told),
  candidates: (value, told) =>
    Array.isArray(value) ? value.map((text) => cutText(text, told, 0)) : value,
  shown: asItIs,
  chosen: asItIs,
  at: (value) => timeMs(value),
  split: asItIs,
  utilities: asItIs,
}

/**
 * A line by the fields that it may have; others are passed over, and told once. The problem says
 * how to mend it, and quotes nothing.
 */
export const readAs = <S extends z.ZodType>(
  schema: S,
  known: Readonly<Record<string, ReadField>>,
  fields: Fields,
  told: Told,
): { item: z.output<S> } | { problem: string } => {
  const read: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(fields)) {
    const field = Object.hasOwn(known, name) ? known[name] : undefined
    if (field) read[name] = field(value, told)
    else told.ignored(name)
  }
  const parsed = schema.safeParse(liftSystem(read))
  return parsed.success ? { item: parsed.data } : { problem: wordsOf(parsed.error, read) }
}

/** Roles of other programs, in lower case. */
const ROLES: Readonly<Record<string, string>> = {
  human: 'user',
  ai: 'assistant',
  bot: 'assistant',
  gpt: 'assistant',
  model: 'assistant',
  developer: 'system',
}

const message = (value: unknown, told: Told): unknown => {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return value
  const { role, content: said, ...rest } = value as Fields
  for (const name of Object.keys(rest)) told.ignored(`messages.${name}`)
  const name = typeof role === 'string' ? role.toLowerCase() : role
  const known = typeof name === 'string' && Object.hasOwn(ROLES, name) ? ROLES[name] : name
  return { role: known, content: content(said, told) }
}

const content = (value: unknown, told: Told): unknown =>
  Array.isArray(value)
    ? value.map((block) => {
        if (block === null || typeof block !== 'object') return block
        const known = withoutNulls(block)
        return 'text' in known ? { ...known, text: cutText(known['text'], told, 0.5) } : known
      })
    : cutText(value, told, 0.5)

/**
 * Of what is too long, endShare of what is kept stands at its end: a question often does, and an
 * answer is read from its front.
 */
const cutText = (value: unknown, told: Told, endShare: number): unknown => {
  if (typeof value !== 'string' || value.length <= MAX_TEXT_CHARS) return value
  told.cut()
  const atEnd = MAX_TEXT_CHARS * endShare
  return value.slice(0, MAX_TEXT_CHARS - atEnd) + value.slice(value.length - atEnd)
}

const isSystem = (value: unknown): value is { readonly content: unknown } =>
  (value as { role?: unknown } | null)?.role === 'system'

/**
 * What is said by system messages before any other, behind what the line has as its system prompt.
 */
const liftSystem = (read: Record<string, unknown>): Record<string, unknown> => {
  const { messages, system } = read
  if (!Array.isArray(messages)) return read
  const first = messages.findIndex((m) => !isSystem(m))
  const leading = messages.slice(0, first < 0 ? messages.length : first) as { content: unknown }[]
  const said = [system, ...leading.map((m) => m.content)].filter((p) => p !== undefined && p !== '')
  if (leading.length === 0) return read
  return { ...read, messages: messages.slice(leading.length), system: joined(said) }
}

/**
 * The same prompt twice is one. Something that is no prompt stays alone, and the schema says so.
 */
const joined = (prompts: readonly unknown[]): unknown => {
  const distinct = [...new Map(prompts.map((prompt) => [JSON.stringify(prompt), prompt])).values()]
  if (distinct.length <= 1) return distinct[0]
  if (distinct.every((prompt) => typeof prompt === 'string')) return distinct.join('\n\n')
  const blocks = (prompt: unknown) =>
    typeof prompt === 'string' ? [{ type: 'text', text: prompt }] : prompt
  const bad = distinct.find((prompt) => !Array.isArray(blocks(prompt)))
  return bad ?? (distinct.flatMap(blocks) as SystemPrompt)
}

/** ISO 8601, as the calendar has it; without an offset it is UTC. */
const ISO =
  /^(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?\s?(Z|[+-]\d\d(?::?\d\d)?)?)?$/i

/**
 * Numbers below are seconds: as milliseconds they would lie before March 1973, as seconds the
 * greatest is in the year 5138.
 */
const MIN_MS_TIMESTAMP = 1e11

const timeMs = (value: unknown): unknown => {
  if (typeof value === 'string')
    return /^\d{10}(?:\d{3})?(?:\.\d+)?$/.test(value) ? timeMs(Number(value)) : isoMs(value)
  if (typeof value !== 'number' || !(value >= 0 && value < MIN_MS_TIMESTAMP * 1000))
    return Number.NaN
  return value < MIN_MS_TIMESTAMP ? Math.round(value * 1000) : value
}

const isoMs = (text: string): number => {
  const parts = ISO.exec(text.trim())
  if (!parts) return Number.NaN
  const [year, month, day, hour, minute, second] = parts
    .slice(1, 7)
    .map((part) => Number(part ?? 0))
  const fraction = Number(`0.${parts[7] ?? 0}`)
  const date = Date.UTC(year!, month! - 1, day!)
  const isReal = new Date(date).getUTCDate() === day && month! <= 12
  if (!isReal || hour! > 24 || minute! > 59 || second! > 60) return Number.NaN
  const zone = parts[8] ?? 'Z'
  const sign = zone.startsWith('-') ? -1 : 1
  const [zoneHour = 0, zoneMinute = 0] = (zone.match(/\d\d/g) ?? []).map(Number)
  const offset = sign * (zoneHour * 60 + zoneMinute)
  const minutes = hour! * 60 + minute! - offset
  return date + minutes * 60_000 + second! * 1000 + Math.round(fraction * 1000)
}

/** What each field is expected to be; by the names on the way to it. */
const EXPECTED: Readonly<Record<string, string>> = {
  user: 'a name of the person who chose, of 1 to 200 characters',
  id: 'a name of the choice, of 1 to 200 characters',
  messages: '1 to 1000 messages such as {"role": "user", "content": "…"}',
  'messages.role':
    '"user" or "assistant", and "system" only before them; leave calls of tools and their results out',
  'messages.content': 'a text, or a list of content blocks such as {"type": "text", "text": "…"}',
  system: 'a text, or a list of content blocks such as {"type": "text", "text": "…"}',
  candidates: '1 to 64 answers, each of them a text',
  shown:
    'the distinct indices of the candidates that the user saw, from 0, the chosen one among them',
  chosen: 'the index of the candidate that was chosen, from 0; it must have been shown',
  at: 'a time in ISO 8601 such as 2026-11-30T12:00:00Z, or seconds or milliseconds since 1970',
  split: '"train" or "test"; leave it out otherwise',
  utilities: 'a number for each candidate; leave it out where they are not known',
}

const wordsOf = (error: z.ZodError, read: Fields): string => {
  const issue = error.issues[0]
  const path = issue?.path ?? []
  const names = path.filter((part) => typeof part === 'string')
  // A rule over several fields begins with the name of the one that it is about.
  const about = names[0] ?? issue?.message.split(' ')[0] ?? 'line'
  const expected = EXPECTED[names.slice(0, 2).join('.')] ?? EXPECTED[about] ?? 'a choice'
  const isMissing = path.length === 1 && !Object.hasOwn(read, about)
  const where = path.length > 0 ? path.join('.') : about
  return `${where} ${isMissing ? 'is missing' : 'does not fit'}: expected ${expected}`
}
