/** A tokenizer's own data in one form, read from GGUF metadata or from the files of a Hugging Face folder. */
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { FedError } from '../../../adapters/errors.ts'
import { readJson } from './tensor-source.ts'

/** isControl: never made from plain text. */
export type AddedToken = {
  readonly id: number
  readonly content: string
  readonly isControl: boolean
}
export type TokenizerFile = {
  /** In the form of a tokenizer.json; merges are "left right" texts. */
  readonly json: object
  readonly addedTokens: readonly AddedToken[]
  /** bos_token, eos_token, … as a chat template names them. */
  readonly specialTokens: Readonly<Record<string, string>>
  readonly unknownToken: string | null
  readonly template: string
  readonly eosIds: readonly number[]
  readonly hash: string
  /** One more than the largest id. */
  readonly size: number
}

/** Used where a model brings no template of its own. */
export const CHATML_TEMPLATE =
  "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>\\n' }}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"
const PLAIN_TEMPLATE =
  "{% for message in messages %}{{ message['role'] + ': ' + message['content'] + '\\n' }}{% endfor %}{% if add_generation_prompt %}{{ 'assistant:' }}{% endif %}"

/** Names by which models end an answer, whatever their metadata says. */
const END_TOKENS = ['<|im_end|>', '<|endoftext|>', '<|eot_id|>', '<|end_of_text|>', '</s>']
const MAX_TEMPLATE_CHARACTERS = 65_536
const MAX_ID = 1_000_000

/** A byte-level BPE vocabulary. tokens: by id; preTokenizer: GGUF's name of the splitting rule. */
export type BytePairVocabulary = {
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
  `(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}${digits}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+`
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
      `pre-tokenizer ${JSON.stringify(preTokenizer.slice(0, 60))}`,
    )
  const template = vocabulary.template ?? defaultTemplate(tokens)
  const nameOf = (id: number | undefined) => (id === undefined ? undefined : tokens[id])
  return {
    json: {
      normalizer: pre.normalizer ?? null,
      pre_tokenizer: pre.rule,
      post_processor: null,
      decoder: { type: 'ByteLevel' },
      added_tokens: addedTokens.map(({ id, content, isControl }) => ({
        id,
        content,
        special: isControl,
      })),
      model: {
        type: 'BPE',
        vocab: Object.fromEntries(tokens.map((token, id) => [token, id])),
        merges,
        unk_token: null,
        ignore_merges: pre.isWhole === true,
      },
    },
    addedTokens,
    specialTokens: definedTexts({
      bos_token: nameOf(vocabulary.bosId),
      eos_token: nameOf(vocabulary.eosIds[0]),
    }),
    unknownToken: null,
    template,
    eosIds: withEndTokens(vocabulary.eosIds, addedTokens),
    hash: tokenizerHash(tokens, merges, vocabulary.template),
    size: tokens.length,
  }
}

/** Fails with E_MODEL_FILE (damaged), E_MODEL_UNSUPPORTED (another kind than byte-level BPE, an unknown splitting rule). */
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
  const [bosId] = idOf('bos')
  return bytePairFile({
    tokens,
    merges: texts(metadata, 'tokenizer.ggml.merges'),
    addedTokens,
    preTokenizer: typeof pre === 'string' ? pre : 'gpt-2',
    template: boundedTemplate(metadata.get('tokenizer.chat_template')),
    eosIds: [...idOf('eos'), ...idOf('eot')],
    ...(bosId !== undefined && { bosId }),
  })
}

/** SHA-256 over vocabulary (by id), merges (by rank) and template. */
const tokenizerHash = (
  tokens: readonly (string | undefined)[],
  merges: readonly string[],
  template: string | null,
): string =>
  createHash('sha256')
    .update(JSON.stringify([Array.from(tokens, (t) => t ?? null), merges, template]))
    .digest('hex')

const TokenizerJson = z.looseObject({
  added_tokens: z
    .array(
      z.looseObject({
        id: z.int().min(0).max(MAX_ID),
        content: z.string().min(1).max(1000),
        special: z.boolean().default(false),
        lstrip: z.boolean().nullish(),
        rstrip: z.boolean().nullish(),
        single_word: z.boolean().nullish(),
      }),
    )
    .max(100_000)
    .nullish(),
  model: z.looseObject({
    type: z.string().default('BPE'),
    vocab: z.record(z.string(), z.int().min(0).max(MAX_ID)),
    merges: z.array(z.union([z.string(), z.tuple([z.string(), z.string()])])),
    unk_token: z.string().nullish(),
    continuing_subword_prefix: z.string().nullish(),
    dropout: z.number().nullish(),
  }),
})

/** Reads tokenizer.json, tokenizer_config.json, chat_template.jinja, generation_config.json and config.json of a folder.
 *  Fails with E_MODEL_FILE, E_MODEL_UNSUPPORTED. */
export const tokenizerFromFolder = async (folder: string): Promise<TokenizerFile> => {
  if (!existsSync(join(folder, 'tokenizer.json')) && existsSync(join(folder, 'tokenizer.model')))
    throw new FedError(
      'E_MODEL_UNSUPPORTED',
      'tokenizer.model: SentencePiece files are not read, tokenizer.json is missing',
    )
  const raw = await readJson(join(folder, 'tokenizer.json'))
  const kind = (raw as { model?: { type?: unknown } } | null)?.model?.type
  if (typeof kind === 'string' && kind !== 'BPE')
    throw new FedError('E_MODEL_UNSUPPORTED', `tokenizer ${kind.slice(0, 60)}: only BPE`)
  const parsed = TokenizerJson.safeParse(raw)
  if (!parsed.success)
    throw new FedError(
      'E_MODEL_FILE',
      `tokenizer.json: ${parsed.error.issues[0]?.path.join('.')} is not valid`,
    )
  refuseSteps(parsed.data)
  const optional = async (name: string) => {
    const json = existsSync(join(folder, name)) ? await readJson(join(folder, name)) : {}
    return (typeof json === 'object' && json !== null ? json : {}) as Record<string, unknown>
  }
  // Older folders name their special tokens in a file of its own.
  const config = {
    ...(await optional('special_tokens_map.json')),
    ...(await optional('tokenizer_config.json')),
  }
  const jinja = join(folder, 'chat_template.jinja')
  const template = boundedTemplate(
    existsSync(jinja) ? await readFile(jinja, 'utf8') : defaultOfTemplates(config['chat_template']),
  )
  const stops = [await optional('generation_config.json'), await optional('config.json')]
  return folderFile(
    parsed.data,
    config,
    template,
    stops.flatMap((s) => [s['eos_token_id']].flat()),
  )
}

/** What the JavaScript steps would leave out or do in another way. E_MODEL_UNSUPPORTED, by name. */
const refuseSteps = (json: z.infer<typeof TokenizerJson>): void => {
  const unsupported = (what: string) => new FedError('E_MODEL_UNSUPPORTED', `tokenizer: ${what}`)
  if (json.model.continuing_subword_prefix) throw unsupported('continuing_subword_prefix')
  if (json.model.dropout) throw unsupported('dropout')
  for (const token of json.added_tokens ?? [])
    for (const field of ['lstrip', 'rstrip', 'single_word'] as const)
      if (token[field]) throw unsupported(`an added token with ${field}`)
  const normalizer = JSON.stringify(json['normalizer'] ?? null)
  if (normalizer.includes('"Precompiled"')) throw unsupported('normalizer Precompiled')
}

const folderFile = (
  json: z.infer<typeof TokenizerJson>,
  config: Record<string, unknown>,
  template: string | null,
  stopIds: readonly unknown[],
): TokenizerFile => {
  const specialTokens = definedTexts(
    Object.fromEntries(
      ['bos_token', 'eos_token', 'pad_token', 'unk_token'].map((key) => [
        key,
        tokenText(config[key]),
      ]),
    ),
  )
  const named = new Set(Object.values(specialTokens))
  const addedTokens = (json.added_tokens ?? []).map(({ id, content, special }) => ({
    id,
    content,
    isControl: special || named.has(content) || looksLikeControl(content),
  }))
  const tokens: string[] = []
  for (const [token, id] of Object.entries(json.model.vocab)) tokens[id] = token
  for (const { id, content } of addedTokens) tokens[id] = content
  const merges = json.model.merges.map((m) => (typeof m === 'string' ? m : m.join(' ')))
  const eosId = tokens.indexOf(specialTokens['eos_token'] ?? '')
  const eosIds = [eosId, ...stopIds].filter(
    (id): id is number => typeof id === 'number' && tokens[id] !== undefined,
  )
  const stepsJson = {
    normalizer: json['normalizer'] ?? null,
    pre_tokenizer: preTokenizerStep(json['pre_tokenizer'] ?? null),
    post_processor: null,
    decoder: json['decoder'] ?? null,
  }
  return {
    json: {
      ...stepsJson,
      added_tokens: json.added_tokens ?? [],
      model: { ...json.model, type: 'BPE', merges, unk_token: json.model.unk_token ?? null },
    },
    addedTokens,
    specialTokens,
    unknownToken: json.model.unk_token ?? null,
    template: template ?? defaultTemplate(tokens),
    eosIds: withEndTokens(eosIds, addedTokens),
    hash: tokenizerHash(tokens, merges, template),
    size: tokens.length,
  }
}

/** Rewrites the steps whose JavaScript version differs from the original: Digits means every numeral (Unicode N, not only
 *  0-9), and only isolating splits are known. E_MODEL_UNSUPPORTED for others. */
const preTokenizerStep = (step: unknown): unknown => {
  if (typeof step !== 'object' || step === null) return step
  const s = step as Record<string, unknown>
  if (s['type'] === 'Sequence' && Array.isArray(s['pretokenizers']))
    return { ...s, pretokenizers: s['pretokenizers'].map(preTokenizerStep) }
  if (s['type'] === 'Digits') return splitBy(s['individual_digits'] === true ? '\\p{N}' : '\\p{N}+')
  if (s['type'] !== 'Split') return step
  const isMatch = s['behavior'] === 'Removed' && s['invert'] === true
  if (s['behavior'] !== 'Isolated' && !isMatch)
    throw new FedError(
      'E_MODEL_UNSUPPORTED',
      `tokenizer: split behaviour ${String(s['behavior']).slice(0, 40)}`,
    )
  return { ...s, invert: isMatch }
}

/** `<…>` and `[NAME]` steer a model even where a file does not flag them. */
const looksLikeControl = (content: string): boolean => /^<[^\s].*>$|^\[\/?[A-Z_]+\]$/s.test(content)

const withEndTokens = (ids: readonly number[], addedTokens: readonly AddedToken[]): number[] => [
  ...new Set([
    ...ids,
    ...addedTokens.filter((t) => t.isControl && END_TOKENS.includes(t.content)).map((t) => t.id),
  ]),
]

const defaultTemplate = (tokens: readonly (string | undefined)[]): string =>
  tokens.includes('<|im_start|>') ? CHATML_TEMPLATE : PLAIN_TEMPLATE

const defaultOfTemplates = (value: unknown): unknown =>
  Array.isArray(value) ? value.find((t) => t?.name === 'default')?.template : value

const boundedTemplate = (value: unknown): string | null => {
  if (value === undefined || value === null) return null
  if (typeof value !== 'string' || value.length > MAX_TEMPLATE_CHARACTERS)
    throw new FedError(
      'E_MODEL_FILE',
      `the chat template must be text of at most ${MAX_TEMPLATE_CHARACTERS} characters`,
    )
  return value
}

/** A special token is written as text, or as an object with its content. */
const tokenText = (value: unknown): string | undefined => {
  const text =
    typeof value === 'object' && value !== null ? (value as { content?: unknown }).content : value
  return typeof text === 'string' && text !== '' ? text : undefined
}

const definedTexts = (values: Record<string, string | undefined>): Record<string, string> =>
  Object.fromEntries(Object.entries(values).flatMap(([k, v]) => (v === undefined ? [] : [[k, v]])))

const texts = (metadata: ReadonlyMap<string, unknown>, key: string): string[] => {
  const value = metadata.get(key)
  if (!Array.isArray(value) || !value.every((v) => typeof v === 'string'))
    throw new FedError('E_MODEL_FILE', `${key} must be a list of texts`)
  if (value.length > MAX_ID)
    throw new FedError('E_MODEL_FILE', `${key} has ${value.length} entries`)
  return value
}
