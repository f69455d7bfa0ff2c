/** The hosted service's bad days, by name: what goes wrong before, in or after an answer. */
import { failure, failureOf } from './errors.ts'
import { cutMessage, type Message, withoutOutput } from './message.ts'
import { event, type Frame } from './stream.ts'

/**
 * failure: an answer instead of a message. text, message: the answer as it is on such a day.
 * frames: the pieces of the body, events where it is a stream, else the halves of its JSON.
 */
export type BadDay = {
  readonly about: string
  readonly failure?: (isStream: boolean) => Response | undefined
  readonly text?: (text: string) => string
  readonly message?: (message: Message) => Message
  readonly frames?: (frames: readonly string[], isStream: boolean) => readonly Frame[]
}

const PAUSE_MS = 250
const LONG_WORDS = 8000

const half = <T>(all: readonly T[]): readonly T[] => all.slice(0, Math.ceil(all.length / 2))
const afterHalf = <T>(all: readonly T[]): readonly T[] => all.slice(Math.ceil(all.length / 2))

const refused = (message: Message): Message => ({
  ...message,
  stop_reason: 'refusal',
  stop_sequence: null,
  stop_details: { type: 'refusal', category: null, explanation: null },
})

/** Keeps the names while each day is checked. */
const named = <K extends string>(days: Readonly<Record<K, BadDay>>) => days

export const BAD_DAYS = named({
  'rate-limit': {
    about: '429 with retry-after: 1',
    failure: () =>
      failure(429, 'Number of requests has exceeded your rate limit', {
        'retry-after': '1',
        'anthropic-ratelimit-requests-remaining': '0',
      }),
  },
  'rate-limit-ms': {
    about: '429 with retry-after-ms: 200',
    failure: () =>
      failure(429, 'Number of requests has exceeded your rate limit', { 'retry-after-ms': '200' }),
  },
  overloaded: { about: '529', failure: () => failure(529, 'Overloaded') },
  'overloaded-long': {
    about: '529 with retry-after: 30',
    failure: () => failure(529, 'Overloaded', { 'retry-after': '30' }),
  },
  'server-error': { about: '500', failure: () => failure(500, 'Internal server error') },
  gateway: {
    about: '502 with a page of HTML, as a proxy in between answers',
    failure: () =>
      new Response('<html><body><h1>502 Bad Gateway</h1></body></html>\n', {
        status: 502,
        headers: { 'content-type': 'text/html' },
      }),
  },
  slow: {
    about: `${PAUSE_MS} ms before each event, or each half of a whole answer`,
    frames: (frames) => frames.flatMap((frame): Frame[] => [{ waitMs: PAUSE_MS }, frame]),
  },
  cut: {
    about: 'the connection is lost in the middle of the answer',
    frames: (frames) => [...half(frames), 'connection lost'],
  },
  malformed: {
    about: 'an event, or the answer, whose JSON breaks off',
    frames: (frames, isStream) =>
      isStream
        ? [
            ...half(frames),
            'event: content_block_delta\ndata: ' +
              '{"type":"content_block_delta","index":0,"delta":{"ty\n\n',
            ...afterHalf(frames),
          ]
        : half(frames),
  },
  'odd-events': {
    about: 'unknown events, comments and CRLF, all of which are allowed',
    frames: (frames, isStream) =>
      isStream
        ? [
            ': hello\n\n',
            event('queue_position', { position: 1 }),
            ...half(frames).map((f) => f.replaceAll('\n', '\r\n')),
            event('weather_report', { sky: 'grey' }),
            ...afterHalf(frames),
          ]
        : frames,
  },
  'error-event': {
    about: 'an error event in the middle of a stream; 529 for a whole answer',
    failure: (isStream) => (isStream ? undefined : failure(529, 'Overloaded')),
    frames: (frames) => [
      ...half(frames),
      event('error', { error: { type: 'overloaded_error', message: 'Overloaded' } }),
    ],
  },
  refusal: {
    about: 'stop_reason refusal after a few words',
    message: (message) => refused(cutMessage(message, 6)),
  },
  'refusal-at-once': {
    about: 'stop_reason refusal before a word is said, which is not billed',
    message: (message) => refused(withoutOutput(message)),
  },
  pause: {
    about: 'stop_reason pause_turn behind a server tool, where the answer uses one',
    message: (message) => {
      const at = message.content.findIndex((b) => b.type.endsWith('_tool_result'))
      return at < 0
        ? message
        : { ...message, content: message.content.slice(0, at + 1), stop_reason: 'pause_turn' }
    },
  },
  'spend-cap': {
    about: '429 without retry-after, which does not pass',
    failure: () => failure(429, 'This request would exceed your spend limit'),
  },
  'no-compaction': {
    about: '529 with the code compaction_unavailable',
    failure: () =>
      failureOf({
        status: 529,
        message: 'Compaction is unavailable',
        details: { error_code: 'compaction_unavailable' },
      }),
  },
  empty: {
    about: 'a message without content',
    message: (message) => ({
      ...message,
      content: [],
      stop_reason: 'end_turn',
      stop_sequence: null,
      usage: { ...message.usage, output_tokens: 2 },
    }),
  },
  'max-tokens': {
    about: 'stops after 20 tokens with stop_reason max_tokens',
    message: (message) => ({
      ...cutMessage(message, 20),
      stop_reason: 'max_tokens',
      stop_sequence: null,
    }),
  },
  long: {
    about: `an answer of ${LONG_WORDS} words, as far as max_tokens allows`,
    text: (text) => {
      const times = Math.ceil(LONG_WORDS / Math.max(1, text.split(/\s+/).length))
      return Array.from({ length: times }, (_, i) => `## Part ${i + 1}\n\n${text}`).join('\n\n')
    },
  },
})

export type BadDayName = keyof typeof BAD_DAYS
export const BAD_DAY_NAMES = Object.keys(BAD_DAYS) as BadDayName[]

/** Which requests go wrong, counted from 1 in order of arrival. */
export type BadDayPlan =
  | Readonly<Record<number, BadDayName>>
  | ((request: number) => BadDayName | undefined)

export const badDayAt = (plan: BadDayPlan | undefined, request: number): BadDay | undefined => {
  const name = typeof plan === 'function' ? plan(request) : plan?.[request]
  return name === undefined ? undefined : BAD_DAYS[name]
}
