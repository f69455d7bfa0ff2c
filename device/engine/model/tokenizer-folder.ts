/** The tokenizer of a Hugging Face folder. Unknown fields of tokenizer.json are refused. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { FedError } from '../../../adapters/errors.ts'
import { unsupported } from './json-values.ts'
import { readJson, readModelText } from './tensor-source.ts'
import {
  type AddedToken,
  boundedTemplate,
  checkVocabulary,
  defaultTemplate,
  definedTexts,
  looksLikeControl,
  MAX_TOKEN_ID,
  type TokenizerFile,
  tokenizerHash,
  withEndTokens,
} from './tokenizer-file.ts'
import { checkPostProcessor, normalizerOf, stepsOf } from './tokenizer-steps.ts'

const FileToken = z.strictObject({
  id: z.int().min(0).max(MAX_TOKEN_ID),
  content: z.string().min(1).max(1000),
  special: z.boolean().default(false),
  normalized: z.boolean().nullish(),
  lstrip: z.boolean().nullish(),
  rstrip: z.boolean().nullish(),
  single_word: z.boolean().nullish(),
})
type FileToken = z.infer<typeof FileToken>

const TokenizerJson = z.strictObject({
  version: z.string().nullish(),
  // transformers sets both anew for every text, and here too a text is never cut or filled up.
  truncation: z.unknown().optional(),
  padding: z.unknown().optional(),
  added_tokens: z.array(FileToken).max(100_000).nullish(),
  normalizer: z.unknown().optional(),
  pre_tokenizer: z.unknown().optional(),
  post_processor: z.unknown().optional(),
  decoder: z.unknown().optional(),
  model: z.strictObject({
    type: z.string().default('BPE'),
    // Checked by vocabularyOf, because a zod record drops the token __proto__.
    vocab: z.unknown().optional(),
    merges: z.array(z.union([z.string(), z.tuple([z.string(), z.string()])])),
    unk_token: z.string().nullish(),
    fuse_unk: z.boolean().nullish(),
    byte_fallback: z.boolean().nullish(),
    ignore_merges: z.boolean().nullish(),
    dropout: z.number().nullish(),
    continuing_subword_prefix: z.string().nullish(),
    end_of_word_suffix: z.string().nullish(),
  }),
})
type TokenizerJson = z.infer<typeof TokenizerJson>

/** Reads tokenizer.json, tokenizer_config.json, chat_template.jinja, generation_config.json and
 *  config.json of a folder. Fails with E_MODEL_FILE, E_MODEL_UNSUPPORTED. */
export const tokenizerFromFolder = async (folder: string): Promise<TokenizerFile> => {
  if (!existsSync(join(folder, 'tokenizer.json')) && existsSync(join(folder, 'tokenizer.model')))
    throw unsupported(
      'tokenizer.model: SentencePiece files are not read, tokenizer.json is missing',
    )
  const json = await readJson(join(folder, 'tokenizer.json'))
  const optional = async (name: string) => {
    const value = existsSync(join(folder, name)) ? await readJson(join(folder, name)) : {}
    return (typeof value === 'object' && value !== null ? value : {}) as Record<string, unknown>
  }
  // Older folders name their special tokens in a separate file.
  const config = {
    ...(await optional('special_tokens_map.json')),
    ...(await optional('tokenizer_config.json')),
  }
  const jinja = join(folder, 'chat_template.jinja')
  const template = boundedTemplate(
    existsSync(jinja) ? await readModelText(jinja) : defaultOfTemplates(config['chat_template']),
  )
  const stops = [await optional('generation_config.json'), await optional('config.json')]
  return tokenizerOfJson(
    json,
    config,
    template,
    stops.flatMap((s) => [s['eos_token_id']].flat()),
  )
}

/** raw: a parsed tokenizer.json; config: a parsed tokenizer_config.json, which names the special
 *  tokens; stopIds: further tokens that end an answer. Fails as tokenizerFromFolder. */
export const tokenizerOfJson = (
  raw: unknown,
  config: Readonly<Record<string, unknown>> = {},
  template: string | null = null,
  stopIds: readonly unknown[] = [],
): TokenizerFile => {
  const json = parse(raw)
  const { model } = json
  const fileTokens = fileTokensOf(json, config)
  refuseUnsupported(json, fileTokens)
  refuseOtherPrefix(json, config)
  const specialTokens = definedTexts(
    Object.fromEntries(
      ['bos_token', 'eos_token', 'pad_token', 'unk_token'].map((key) => [
        key,
        tokenText(config[key]),
      ]),
    ),
  )
  const named = new Set(Object.values(specialTokens))
  const addedTokens = addedTokensOf(json, fileTokens, named)
  const ids = vocabularyOf(model.vocab)
  const tokens: string[] = []
  for (const [token, id] of ids) tokens[id] = token
  for (const { id, content } of addedTokens) tokens[id] = content
  const merges = mergesOf(model.merges)
  const vocabulary = {
    ids,
    merges,
    unknownToken: model.unk_token ?? null,
    dropsUnknownFirst: true,
    fusesUnknown: model.fuse_unk ?? false,
    hasByteTokens: model.byte_fallback ?? false,
    isWholeFirst: model.ignore_merges ?? false,
  }
  checkVocabulary(vocabulary)
  const eosId = tokens.indexOf(specialTokens['eos_token'] ?? '')
  const eosIds = [eosId, ...stopIds].filter(
    (id): id is number => typeof id === 'number' && tokens[id] !== undefined,
  )
  return {
    steps: {
      normalizer: json.normalizer ?? null,
      preTokenizer: json.pre_tokenizer ?? null,
      decoder: json.decoder ?? null,
    },
    vocabulary,
    addedTokens,
    specialTokens,
    template: template ?? defaultTemplate(tokens),
    eosIds: withEndTokens(eosIds, addedTokens),
    hash: tokenizerHash(tokens, merges, template),
    size: tokens.length,
  }
}

const parse = (raw: unknown): TokenizerJson => {
  const kind = (raw as { model?: { type?: unknown } } | null)?.model?.type
  if (typeof kind === 'string' && kind !== 'BPE')
    throw unsupported(`tokenizer ${kind.slice(0, 60)}: only BPE`)
  const parsed = TokenizerJson.safeParse(raw)
  if (parsed.success) return parsed.data
  const issue = parsed.error.issues[0]!
  const place = issue.path.join('.')
  if (issue.code === 'unrecognized_keys')
    throw unsupported(
      `tokenizer.json: ${place ? `${place}: ` : ''}the field ${issue.keys.join(', ').slice(0, 80)} is not known`,
    )
  throw new FedError('E_MODEL_FILE', `tokenizer.json: ${place} is not valid`)
}

/** Added tokens; for the same id tokenizer_config.json wins, as in transformers. */
const fileTokensOf = (
  { added_tokens }: TokenizerJson,
  config: Readonly<Record<string, unknown>>,
): FileToken[] => {
  const tokens = new Map((added_tokens ?? []).map((token) => [token.id, token]))
  for (const [id, value] of Object.entries(config['added_tokens_decoder'] ?? {})) {
    const token = FileToken.safeParse({ ...(value as object), id: Number(id) })
    if (!token.success)
      throw new FedError(
        'E_MODEL_FILE',
        `tokenizer_config.json: added_tokens_decoder.${id.slice(0, 20)} is not valid`,
      )
    tokens.set(token.data.id, token.data)
  }
  return [...tokens.values()]
}

const refuseUnsupported = (
  { model, post_processor }: TokenizerJson,
  tokens: readonly FileToken[],
): void => {
  for (const field of ['continuing_subword_prefix', 'end_of_word_suffix', 'dropout'] as const)
    if (model[field]) throw unsupported(`tokenizer: ${field}`)
  for (const token of tokens)
    for (const field of ['lstrip', 'rstrip', 'single_word'] as const)
      if (token[field]) throw unsupported(`tokenizer: an added token with ${field}`)
  checkPostProcessor(post_processor ?? null)
}

/** Versions of transformers differ in which file they follow, so the two must agree. */
const refuseOtherPrefix = (
  { pre_tokenizer }: TokenizerJson,
  config: Readonly<Record<string, unknown>>,
): void => {
  const said = config['add_prefix_space']
  if (typeof said !== 'boolean') return
  for (const step of stepsOf(pre_tokenizer, 'pretokenizers')) {
    const { type, add_prefix_space: own, prepend_scheme: scheme } = step
    const has = type === 'ByteLevel' ? own : scheme === undefined ? own : scheme !== 'never'
    if ((type === 'ByteLevel' || type === 'Metaspace') && typeof has === 'boolean' && has !== said)
      throw unsupported(
        `tokenizer: tokenizer_config.json says add_prefix_space ${said}, ${type} in tokenizer.json the opposite`,
      )
  }
}

/** named: texts of the tokens to which the configuration gives a role. */
const addedTokensOf = (
  { normalizer }: TokenizerJson,
  tokens: readonly FileToken[],
  named: ReadonlySet<string>,
): AddedToken[] => {
  const normalize = normalizerOf(normalizer ?? null)
  return tokens.map(({ id, content, special, normalized }) => {
    const isControl = special || named.has(content) || looksLikeControl(content)
    if (isControl && normalized && normalize(content) !== content)
      throw unsupported(
        `tokenizer: the control token ${JSON.stringify(content.slice(0, 40))} with normalized, ` +
          'which the normalizer changes',
      )
    return { id, content, isControl, isNormalized: normalized === true && !isControl }
  })
}

const vocabularyOf = (vocab: unknown): Map<string, number> => {
  const isTable = typeof vocab === 'object' && vocab !== null && !Array.isArray(vocab)
  const entries = isTable ? Object.entries(vocab) : []
  const isId = (id: unknown) =>
    Number.isInteger(id) && Number(id) >= 0 && Number(id) <= MAX_TOKEN_ID
  if (!isTable || !entries.every(([, id]) => isId(id)))
    throw new FedError('E_MODEL_FILE', 'tokenizer.json: model.vocab is not valid')
  return new Map(entries)
}

const mergesOf = (merges: TokenizerJson['model']['merges']): string[] =>
  merges.map((merge) => {
    if (typeof merge === 'string') return merge
    if (merge.some((token) => token.includes(' ')))
      throw unsupported('tokenizer: a merge of tokens that hold spaces')
    return merge.join(' ')
  })

const defaultOfTemplates = (value: unknown): unknown =>
  Array.isArray(value) ? value.find((t) => t?.name === 'default')?.template : value

/** A special token is written as text, or as an object with its content. */
const tokenText = (value: unknown): string | undefined => {
  const text =
    typeof value === 'object' && value !== null ? (value as { content?: unknown }).content : value
  return typeof text === 'string' && text !== '' ? text : undefined
}
