/** The only import of the tokenizer of @xenova/transformers. The build replaces this module by a
 *  bundle of exactly what it uses, so that the package's image and model runtimes are no dependency
 *  of an installed Loreweave. */

// @ts-expect-error: the package has no types for its source files
import { PreTrainedTokenizer as Xenova } from '@xenova/transformers/src/tokenizers.js'

/** The used part of the package: the merges of a byte-pair model, and chat templates. */
export type TokenizerParts = {
  readonly model: {
    /** The tokens of a word. They are kept, so callers must not change them. */
    bpe(word: string): readonly string[]
    /** Cached words with their tokens. */
    readonly cache: Map<string, unknown>
  }
  apply_chat_template(
    messages: { role: string; content: string }[],
    options: { tokenize: false; add_generation_prompt: boolean },
  ): string
}

/** merges: "left right" texts, by rank. config: chat_template, and the special tokens that a
 *  template names (bos_token, eos_token, …). */
export const tokenizerParts = (
  merges: readonly string[],
  config: Record<string, string>,
): TokenizerParts => {
  const none = { normalizer: null, pre_tokenizer: null, post_processor: null, decoder: null }
  return new Xenova(
    { ...none, added_tokens: [], model: { type: 'BPE', vocab: {}, merges } },
    config,
  )
}
