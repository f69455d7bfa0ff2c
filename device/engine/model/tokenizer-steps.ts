/** The steps of a tokenizer.json around its merges: what is known, in one table each. A type or a
 *  field that is not in the table is refused by name. Meaning: Hugging Face tokenizers 0.23. */
import { z } from 'zod'
import { FedError } from '../../../adapters/errors.ts'
import { printable, unsupported } from './json-values.ts'
import { stepRegExp } from './tokenizer-regex.ts'

/** isFirst: it begins where the whole text begins. */
export type Piece = { readonly text: string; readonly isFirst: boolean }
export type Normalize = (text: string) => string
/** Cuts a piece into words; none is empty. */
type Cut = (piece: Piece) => Piece[]
/** The texts of tokens -> parts of the text, to be joined. */
type Decode = (tokens: readonly string[]) => string[]

/** Null is no step. E_MODEL_UNSUPPORTED: unknown type, field or pattern; E_MODEL_FILE: bad
 *  value. */
export const normalizerOf = (json: unknown): Normalize =>
  json === null ? (text) => text : (readStep(NORMALIZERS, json, 'normalizer') as Normalize)

/** As normalizerOf. */
export const preTokenizerOf = (json: unknown): Cut =>
  json === null ? (piece) => [piece] : (readStep(PRE_TOKENIZERS, json, 'pre-tokenizer') as Cut)

/** As normalizerOf, but null is refused: tokens could not be told from their spaces. */
export const decoderOf = (json: unknown): Decode => {
  if (json === null) throw unsupported('tokenizer: decoder null')
  return readStep(DECODERS, json, 'decoder') as Decode
}

/** Post-processors only add control tokens, which the chat template writes, or move offsets. */
export const checkPostProcessor = (json: unknown): void => {
  const step = json as { type?: unknown; processors?: unknown } | null
  if (step === null) return
  if (!POST_PROCESSORS.includes(step.type as string))
    throw unsupported(`tokenizer: post-processor ${printable(step.type)}`)
  if (Array.isArray(step.processors)) step.processors.forEach(checkPostProcessor)
}
const POST_PROCESSORS = [
  ...['TemplateProcessing', 'ByteLevel', 'RobertaProcessing', 'BertProcessing', 'Sequence'],
]

/** For prepend_scheme "first" the original needs the position of a piece before every other step,
 *  which is not kept here. If other steps move text or insert some before it, that scheme is
 *  refused. */
export const refuseMovedFirst = (steps: { normalizer: unknown; preTokenizer: unknown }): void => {
  const normalizers = stepsOf(steps.normalizer, 'normalizers')
  const cuts = stepsOf(steps.preTokenizer, 'pretokenizers')
  const removes = (s: Record<string, unknown>) => s['type'] === 'Strip' || s['content'] === ''
  const prefixes = (s: Record<string, unknown>) =>
    s['add_prefix_space'] === true || (s['type'] === 'Metaspace' && s['prepend_scheme'] !== 'never')
  for (const [i, { type, prepend_scheme: scheme }] of cuts.entries()) {
    if (type !== 'Metaspace' || scheme !== 'first') continue
    const isMoved = i === 0 ? normalizers.some(removes) : steps.normalizer !== null
    if (isMoved || cuts.slice(0, i).some(prefixes))
      throw unsupported(
        'tokenizer: Metaspace with prepend_scheme first behind steps that move text',
      )
  }
}

/** A step and those inside it, flat. */
export const stepsOf = (json: unknown, field: string): Record<string, unknown>[] => {
  const step = (json ?? {}) as Record<string, unknown>
  const inner = step[field]
  return Array.isArray(inner) ? inner.flatMap((s) => stepsOf(s, field)) : [step]
}

type Step = { readonly schema: z.ZodObject; readonly build: (fields: never) => unknown }
type StepTable = Readonly<Record<string, Step>>

const step = <S extends z.ZodObject, F>(schema: S, build: (fields: z.infer<S>) => F): Step => ({
  schema,
  build,
})

const readStep = (table: StepTable, json: unknown, kind: string): unknown => {
  const type = (json as { type?: unknown } | null)?.type
  const known = typeof type === 'string' && Object.hasOwn(table, type) ? table[type] : undefined
  if (!known) throw unsupported(`tokenizer: ${kind} ${printable(type)}`)
  const parsed = known.schema.safeParse(json)
  if (parsed.success) return known.build(parsed.data as never)
  const issue = parsed.error.issues[0]!
  if (issue.code === 'unrecognized_keys')
    throw unsupported(`tokenizer: ${kind} ${type} with ${issue.keys.join(', ').slice(0, 80)}`)
  throw new FedError(
    'E_MODEL_FILE',
    `tokenizer.json: ${kind} ${type}: ${issue.path.join('.')} ${issue.message}`,
  )
}

const fields = <S extends z.ZodRawShape>(shape: S) => z.strictObject({ type: z.string(), ...shape })

const Pattern = z.union([
  z.strictObject({ String: z.string().min(1) }),
  z.strictObject({ Regex: z.string().min(1) }),
])
const Character = z.string().refine((text) => [...text].length === 1, 'must be one character')
const Metaspace = fields({
  replacement: Character,
  prepend_scheme: z.enum(['first', 'never', 'always']).optional(),
  split: z.boolean().default(true),
  // Written by transformers 4 until 2024; the original ignores str_rep.
  add_prefix_space: z.boolean().optional(),
  str_rep: z.string().optional(),
})

const unicodeForm = (form: 'NFC' | 'NFD' | 'NFKC' | 'NFKD') =>
  step(fields({}), () => (text: string) => text.normalize(form))

const NORMALIZERS: StepTable = {
  NFC: unicodeForm('NFC'),
  NFD: unicodeForm('NFD'),
  NFKC: unicodeForm('NFKC'),
  NFKD: unicodeForm('NFKD'),
  // Nothing is put before nothing: a chat's control tokens stand side by side.
  Prepend: step(
    fields({ prepend: z.string() }),
    ({ prepend }) =>
      (text: string) =>
        text === '' ? '' : prepend + text,
  ),
  Replace: step(fields({ pattern: Pattern, content: z.string() }), ({ pattern, content }) => {
    const regex = stepRegExp(pattern)
    return (text: string) => text.replace(regex, () => content)
  }),
  Strip: step(
    fields({ strip_left: z.boolean(), strip_right: z.boolean() }),
    ({ strip_left: left, strip_right: right }) =>
      (text: string) => {
        const from = left ? text.replace(/^\p{White_Space}+/u, '') : text
        return right ? from.replace(/\p{White_Space}+$/u, '') : from
      },
  ),
  Sequence: step(fields({ normalizers: z.array(z.unknown()) }), ({ normalizers }) => {
    const steps = normalizers.map(normalizerOf)
    return (text: string) => steps.reduce((t, normalize) => normalize(t), text)
  }),
}

const BEHAVIORS = [
  ...['Removed', 'Isolated', 'MergedWithPrevious', 'MergedWithNext', 'Contiguous'],
] as const
type Behavior = 'Removed' | 'Isolated' | 'MergedWithPrevious' | 'MergedWithNext' | 'Contiguous'
const BehaviorSchema = z.enum(BEHAVIORS as unknown as readonly [Behavior, ...Behavior[]])
/** GPT-2's rule. */
const GPT2_WORDS = `'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+`
/** The \p{P} of the original and ASCII's symbols. */
const PUNCTUATION = '[\\p{P}!-\\/:-@\\[-`\\{-~]'

const PRE_TOKENIZERS: StepTable = {
  ByteLevel: step(
    fields({
      add_prefix_space: z.boolean(),
      use_regex: z.boolean().default(true),
      // Moves offsets, which nothing here uses.
      trim_offsets: z.boolean().optional(),
    }),
    ({ add_prefix_space: hasPrefix, use_regex: useRegex }) => {
      const cut = useRegex ? cutBy(stepRegExp({ Regex: GPT2_WORDS }), 'Isolated') : same
      return ({ text, isFirst }: Piece) =>
        cut({ text: hasPrefix && !text.startsWith(' ') ? ` ${text}` : text, isFirst }).map(
          (piece) => ({ ...piece, text: byteLetters(piece.text) }),
        )
    },
  ),
  Digits: step(fields({ individual_digits: z.boolean() }), ({ individual_digits: single }) =>
    cutBy(/\p{N}/gu, single ? 'Isolated' : 'Contiguous'),
  ),
  Punctuation: step(fields({ behavior: BehaviorSchema.default('Isolated') }), ({ behavior }) =>
    cutBy(new RegExp(PUNCTUATION, 'gu'), behavior),
  ),
  Split: step(
    fields({ pattern: Pattern, behavior: BehaviorSchema, invert: z.boolean().default(false) }),
    ({ pattern, behavior, invert }) => cutBy(stepRegExp(pattern), behavior, invert),
  ),
  Metaspace: step(Metaspace, ({ replacement: mark, split, ...prefix }) => {
    const scheme = prependScheme(prefix.prepend_scheme, prefix.add_prefix_space)
    const cut = split ? cutBy(stepRegExp({ String: mark }), 'MergedWithNext') : same
    return ({ text, isFirst }: Piece) => {
      const marked = text.replaceAll(' ', () => mark)
      const isPrefixed = scheme === 'always' || (scheme === 'first' && isFirst)
      return cut({
        text: isPrefixed && !marked.startsWith(mark) ? mark + marked : marked,
        isFirst,
      })
    }
  }),
  Sequence: step(fields({ pretokenizers: z.array(z.unknown()) }), ({ pretokenizers }) => {
    const steps = pretokenizers.map(preTokenizerOf)
    return (piece: Piece) => steps.reduce((pieces, cut) => pieces.flatMap(cut), [piece])
  }),
}

const same: Cut = (piece) => [piece]

/** Two spellings of one option. Files in which they differ are refused, as in the original. */
const prependScheme = (scheme: 'first' | 'never' | 'always' | undefined, hasPrefix?: boolean) => {
  if (hasPrefix === false && scheme !== undefined && scheme !== 'never')
    throw unsupported(`tokenizer: Metaspace with add_prefix_space false, prepend_scheme ${scheme}`)
  return scheme ?? (hasPrefix === false ? 'never' : 'always')
}

type Part = { start: number; end: number; isMatch: boolean }

const cutBy =
  (regex: RegExp, behavior: Behavior, invert = false): Cut =>
  ({ text, isFirst }) =>
    JOINS[behavior](partsOf(text, regex, invert))
      .filter(({ start, end }) => start < end)
      .map(({ start, end }) => ({
        text: text.slice(start, end),
        isFirst: isFirst && start === 0,
      }))

/** Matches, and the text between them. */
const partsOf = (text: string, regex: RegExp, invert: boolean): Part[] => {
  const parts: Part[] = []
  let end = 0
  for (const { 0: match, index } of text.matchAll(regex)) {
    if (match === '') continue
    if (index > end) parts.push({ start: end, end: index, isMatch: invert })
    end = index + match.length
    parts.push({ start: index, end, isMatch: !invert })
  }
  if (end < text.length) parts.push({ start: end, end: text.length, isMatch: invert })
  return parts
}

const JOINS: Readonly<Record<Behavior, (parts: Part[]) => Part[]>> = {
  Removed: (parts) => parts.filter((part) => !part.isMatch),
  Isolated: (parts) => parts,
  Contiguous: (parts) => joined(parts, (part, before) => part.isMatch === before.isMatch),
  MergedWithPrevious: (parts) => joined(parts, (part, before) => part.isMatch && !before.isMatch),
  // Seen from the end, a match joins what follows it.
  MergedWithNext: (parts) =>
    joined(parts.toReversed(), (part, after) => part.isMatch && !after.isMatch).reverse(),
}

/** Joins a part to its neighbour (as the file has it) where the rule says so. */
const joined = (parts: readonly Part[], isJoined: (part: Part, neighbour: Part) => boolean) =>
  parts.reduce<Part[]>((all, part, i) => {
    const last = all.at(-1)
    if (!last || !isJoined(part, parts[i - 1]!)) all.push({ ...part })
    else {
      last.start = Math.min(last.start, part.start)
      last.end = Math.max(last.end, part.end)
    }
    return all
  }, [])

const DECODERS: StepTable = {
  // The three fields belong to the pre-tokenizer of the same name; the original reads none of them
  // here.
  ByteLevel: step(
    fields({
      add_prefix_space: z.boolean().optional(),
      trim_offsets: z.boolean().optional(),
      use_regex: z.boolean().optional(),
    }),
    () => (tokens: readonly string[]) => [lettersText(tokens)],
  ),
  Replace: step(fields({ pattern: Pattern, content: z.string() }), ({ pattern, content }) => {
    const regex = stepRegExp(pattern)
    return (tokens: readonly string[]) => tokens.map((t) => t.replace(regex, () => content))
  }),
  ByteFallback: step(fields({}), () => byteFallback),
  Fuse: step(fields({}), () => (tokens: readonly string[]) => [tokens.join('')]),
  Strip: step(
    fields({ content: Character, start: z.int().min(0), stop: z.int().min(0) }),
    ({ content, start, stop }) =>
      (tokens: readonly string[]) =>
        tokens.map((token) => stripped(token, content, start, stop)),
  ),
  Metaspace: step(
    Metaspace,
    ({ replacement: mark, prepend_scheme: scheme, add_prefix_space: hasPrefix }) => {
      const isStripped = prependScheme(scheme, hasPrefix) !== 'never'
      return (tokens: readonly string[]) =>
        tokens.map((token, i) => token.replaceAll(mark, i === 0 && isStripped ? '' : ' '))
    },
  ),
  Sequence: step(fields({ decoders: z.array(z.unknown()) }), ({ decoders }) => {
    const steps = decoders.map(decoderOf)
    return (tokens: readonly string[]) =>
      steps.reduce<string[]>((parts, decode) => decode(parts), [...tokens])
  }),
}

const BYTE_TOKEN = /^<0x([0-9a-fA-F]{2})>$/
/** The token of a byte in a vocabulary with byte fallback. */
export const byteToken = (byte: number): string =>
  `<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`

/** A run of byte tokens is text, or one mark a byte where it is not UTF-8. */
const byteFallback: Decode = (tokens) => {
  const out: string[] = []
  let run: number[] = []
  const flush = () => {
    if (run.length > 0) out.push(utf8Text(run) ?? '\ufffd'.repeat(run.length))
    run = []
  }
  for (const token of tokens) {
    const byte = BYTE_TOKEN.exec(token)?.[1]
    if (byte !== undefined) run.push(Number.parseInt(byte, 16))
    else {
      flush()
      out.push(token)
    }
  }
  flush()
  return out
}

const STRICT = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
const utf8Text = (bytes: readonly number[]): string | undefined => {
  try {
    return STRICT.decode(Uint8Array.from(bytes))
  } catch {
    return undefined
  }
}

/** At most start characters from the beginning and stop from the end. */
const stripped = (token: string, content: string, start: number, stop: number): string => {
  const characters = [...token]
  let from = 0
  while (from < start && characters[from] === content) from++
  let to = characters.length
  while (to > from && characters.length - to < stop && characters[to - 1] === content) to--
  return characters.slice(from, to).join('')
}

/** A byte's letter in a byte-level vocabulary (GPT-2): itself if Latin-1 prints it, else from
 *  U+0100. */
export const BYTE_LETTERS: readonly string[] = (() => {
  let next = 0x100
  return Array.from({ length: 256 }, (_, byte) => {
    const prints = (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte !== 0xad)
    return String.fromCodePoint(prints ? byte : next++)
  })
})()
const BYTE_OF = new Map(BYTE_LETTERS.map((letter, byte) => [letter, byte]))

const UTF8 = new TextEncoder()
const LENIENT = new TextDecoder('utf-8', { ignoreBOM: true })
const byteLetters = (text: string): string =>
  Array.from(UTF8.encode(text), (byte) => BYTE_LETTERS[byte]!).join('')

/** A token with a character that stands for no byte is text as it is. */
const lettersText = (tokens: readonly string[]): string =>
  LENIENT.decode(
    Uint8Array.from(
      tokens.flatMap((token) => {
        const bytes = Array.from(token, (letter) => BYTE_OF.get(letter))
        return bytes.includes(undefined) ? [...UTF8.encode(token)] : (bytes as number[])
      }),
    ),
  )
