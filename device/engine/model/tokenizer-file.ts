/** A tokenizer's data, and how to read it from GGUF metadata (folders: tokenizer-folder.ts). */
import { createHash } from 'node:crypto'
import { FedError } from '../../../adapters/errors.ts'

/** isControl: never made from plain text. isNormalized: matched after the normalizer. */
export type AddedToken = {
  readonly id: number
  readonly content: string
  readonly isControl: boolean
  readonly isNormalized?: boolean
}
/** A byte-pair model. merges: "left right" texts, by rank. */
type Vocabulary = {
  readonly ids: ReadonlyMap<string, number>
  readonly merges: readonly string[]
  /** For a character that no token holds; null: it is left out. */
  readonly unknownToken: string | null
  /** Left out before the merges (tokenizers), so that neighbours may join, or after (llama.cpp). */
  readonly dropsUnknownFirst: boolean
  /** One unknown token for a run of such characters. */
  readonly fusesUnknown: boolean
  /** Tokens of single bytes stand for such a character. */
  readonly hasByteTokens: boolean
  /** A word that is a token is that token, whatever the merges say. */
  readonly isWholeFirst: boolean
}
export type TokenizerFile = {
  /** As a tokenizer.json has them. */
  readonly steps: {
    readonly normalizer: unknown
    readonly preTokenizer: unknown
    readonly decoder: unknown
  }
  readonly vocabulary: Vocabulary
  readonly addedTokens: readonly AddedToken[]
  /** bos_token, eos_token, … as a chat template names them. */
  readonly specialTokens: Readonly<Record<string, string>>
  readonly template: string
  readonly eosIds: readonly number[]
  readonly hash: string
  /** One more than the largest id. */
  readonly size: number
}

/** For models without a template of their own. */
export const CHATML_TEMPLATE =
  '{% for message in messages %}' +
  "{{ '<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>\\n' }}" +
  "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"
const PLAIN_TEMPLATE =
  "{% for message in messages %}{{ message['role'] + ': ' + message['content'] + '\\n' }}" +
  "{% endfor %}{% if add_generation_prompt %}{{ 'assistant:' }}{% endif %}"

/** Names by which models end an answer, whatever their metadata says. */
const END_TOKENS = ['<|im_end|>', '<|endoftext|>', '<|eot_id|>', '<|end_of_text|>', '</s>']
const MAX_TEMPLATE_CHARACTERS = 65_536
export const MAX_TOKEN_ID = 1_000_000

/** A byte-level BPE vocabulary. tokens: by id; preTokenizer: GGUF's name of the splitting rule. */
type BytePairVocabulary = {
  readonly tokens: readonly string[]
  readonly merges: readonly string[]
  readonly addedTokens: readonly AddedToken[]
  readonly preTokenizer: string
  readonly template: string | null
  readonly eosIds: readonly number[]
  readonly bosId?: number
}

const splitBy = (regex: string) => ({
  type: 'Split',
  pattern: { Regex: regex },
  behavior: 'Isolated',
  invert: false,
})
const byteLevel = (useRegex: boolean) => ({
  type: 'ByteLevel',
  add_prefix_space: false,
  use_regex: useRegex,
})
const inSequence = (...pretokenizers: object[]) => ({ type: 'Sequence', pretokenizers })
/** The rule of GPT-4-like tokenizers; digits: how many numerals stay together. */
const wordRule = (digits: string) =>
  "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|" +
  `\\p{N}${digits}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+`
const qwen = {
  normalizer: { type: 'NFC' },
  rule: inSequence(splitBy(wordRule('')), byteLevel(false)),
}

const llama3 = {
  rule: inSequence(splitBy(wordRule('{1,3}')), byteLevel(false)),
  isWhole: true as const,
}

/** How text is cut before the merges, by GGUF's name. */
const PRE_TOKENIZERS: Readonly<
  Record<string, { normalizer?: object; rule: object; isWhole?: true }>
> = {
  'gpt-2': { rule: byteLevel(true) },
  smollm: { rule: inSequence(splitBy('\\p{N}'), byteLevel(true)) },
  qwen2: qwen,
  'deepseek-r1-qwen': qwen,
  'llama-bpe': llama3,
  llama3,
  'llama-v3': llama3,
}

/** Fails with E_MODEL_UNSUPPORTED for an unknown splitting rule. */
export const bytePairFile = (vocabulary: BytePairVocabulary): TokenizerFile => {
  const { tokens, merges, addedTokens, preTokenizer } = vocabulary
  const pre = Object.hasOwn(PRE_TOKENIZERS, preTokenizer) ? PRE_TOKENIZERS[preTokenizer] : undefined
  if (!pre)
    throw new FedError(
      'E_MODEL_UNSUPPORTED',
      `pre-tokenizer ${JSON.stringify(preTokenizer.slice(0, 60))}: known are ${KNOWN_RULES}`,
    )
  const nameOf = (id: number | undefined) => (id === undefined ? undefined : tokens[id])
  return {
    steps: {
      normalizer: pre.normalizer ?? null,
      preTokenizer: pre.rule,
      decoder: { type: 'ByteLevel' },
    },
    vocabulary: {
      ids: new Map(tokens.map((token, id) => [token, id])),
      merges,
      unknownToken: null,
      dropsUnknownFirst: false,
      fusesUnknown: false,
      hasByteTokens: false,
      isWholeFirst: pre.isWhole === true,
    },
    addedTokens,
    specialTokens: definedTexts({
      bos_token: nameOf(vocabulary.bosId),
      eos_token: nameOf(vocabulary.eosIds[0]),
    }),
    template: vocabulary.template ?? defaultTemplate(tokens),
    eosIds: withEndTokens(vocabulary.eosIds, addedTokens),
    hash: tokenizerHash(tokens, merges, vocabulary.template),
    size: tokens.length,
  }
}
const KNOWN_RULES = Object.keys(PRE_TOKENIZERS).join(', ')

/** Fails with E_MODEL_FILE (damaged), E_MODEL_UNSUPPORTED (not byte-level BPE, or an unknown or
 *  missing splitting rule: another rule makes other tokens). */
export const tokenizerFromGguf = (metadata: ReadonlyMap<string, unknown>): TokenizerFile => {
  const kind = metadata.get('tokenizer.ggml.model')
  if (kind !== 'gpt2')
    throw new FedError(
      'E_MODEL_UNSUPPORTED',
      `tokenizer ${String(kind).slice(0, 60)}: only gpt2 (byte-level BPE)`,
    )
  const tokens = texts(metadata, 'tokenizer.ggml.tokens')
  const types = metadata.get('tokenizer.ggml.token_type')
  if (types !== undefined && (!Array.isArray(types) || types.length !== tokens.length))
    throw new FedError('E_MODEL_FILE', 'tokenizer.ggml.token_type must have one entry per token')
  // llama.cpp's token types: 3 is a control token, 4 a user-defined one.
  const addedTokens = tokens.flatMap((content, id) =>
    content !== '' && (types?.[id] === 3 || types?.[id] === 4)
      ? [{ id, content, isControl: types[id] === 3 || looksLikeControl(content) }]
      : [],
  )
  const idOf = (field: string) => {
    const id = metadata.get(`tokenizer.ggml.${field}_token_id`)
    return typeof id === 'number' && tokens[id] !== undefined ? [id] : []
  }
  const pre = metadata.get('tokenizer.ggml.pre')
  if (typeof pre !== 'string')
    throw new FedError(
      'E_MODEL_UNSUPPORTED',
      'tokenizer.ggml.pre is missing, so the file does not say how text is split; ' +
        `known are ${KNOWN_RULES}. Convert the model again with a current convert_hf_to_gguf.py, ` +
        'or use its Hugging Face folder',
    )
  const [bosId] = idOf('bos')
  return bytePairFile({
    tokens,
    merges: texts(metadata, 'tokenizer.ggml.merges'),
    addedTokens,
    preTokenizer: pre,
    template: boundedTemplate(metadata.get('tokenizer.chat_template')),
    eosIds: [...idOf('eos'), ...idOf('eot')],
    ...(bosId !== undefined && { bosId }),
  })
}

/** E_MODEL_FILE when a merge has unknown tokens, E_MODEL_UNSUPPORTED when tokens hold spaces. */
export const checkVocabulary = ({ ids, merges }: Vocabulary): void => {
  for (const merge of merges) {
    const [left, right, ...rest] = merge.split(' ')
    if (!left || !right || rest.length > 0)
      throw new FedError('E_MODEL_UNSUPPORTED', 'tokenizer: a merge of tokens that hold spaces')
    if (!ids.has(left) || !ids.has(right) || !ids.has(left + right))
      throw new FedError(
        'E_MODEL_FILE',
        `tokenizer: the merge ${JSON.stringify(merge.slice(0, 60))} joins or makes what is no token`,
      )
  }
}

/** SHA-256 over vocabulary (by id), merges (by rank) and template. */
export const tokenizerHash = (
  tokens: readonly (string | undefined)[],
  merges: readonly string[],
  template: string | null,
): string =>
  createHash('sha256')
    .update(JSON.stringify([Array.from(tokens, (t) => t ?? null), merges, template]))
    .digest('hex')

/** `<…>` and `[NAME]` steer a model even where a file does not flag them. */
export const looksLikeControl = (content: string): boolean =>
  /^<[^\s].*>$|^\[\/?[A-Z_]+\]$/s.test(content)

export const withEndTokens = (
  ids: readonly number[],
  addedTokens: readonly AddedToken[],
): number[] => [
  ...new Set([
    ...ids,
    ...addedTokens.filter((t) => t.isControl && END_TOKENS.includes(t.content)).map((t) => t.id),
  ]),
]

export const defaultTemplate = (tokens: readonly (string | undefined)[]): string =>
  tokens.includes('<|im_start|>') ? CHATML_TEMPLATE : PLAIN_TEMPLATE

/** Null if there is none. */
export const boundedTemplate = (value: unknown): string | null => {
  if (value === undefined || value === null) return null
  if (typeof value !== 'string' || value.length > MAX_TEMPLATE_CHARACTERS)
    throw new FedError(
      'E_MODEL_FILE',
      `the chat template must be text of at most ${MAX_TEMPLATE_CHARACTERS} characters`,
    )
  return value
}

export const definedTexts = (values: Record<string, string | undefined>): Record<string, string> =>
  Object.fromEntries(Object.entries(values).flatMap(([k, v]) => (v === undefined ? [] : [[k, v]])))

const texts = (metadata: ReadonlyMap<string, unknown>, key: string): string[] => {
  const value = metadata.get(key)
  if (!Array.isArray(value) || !value.every((v) => typeof v === 'string'))
    throw new FedError('E_MODEL_FILE', `${key} must be a list of texts`)
  if (value.length > MAX_TOKEN_ID)
    throw new FedError('E_MODEL_FILE', `${key} has ${value.length} entries`)
  return value
}
