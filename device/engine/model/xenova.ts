/** The one door to the tokenizer of @xenova/transformers. The build replaces this module by a
 *  bundle of exactly what it uses, so that the package's image and model runtimes are no dependency
 *  of an installed Loreweave. */

// @ts-expect-error: the package has no types for its source files
import { PreTrainedTokenizer as Xenova } from '@xenova/transformers/src/tokenizers.js'

/** What is used of the package: the merges of a byte-pair model, and chat templates. */
export type TokenizerParts = {
  readonly model: {
    /** The tokens of a word; kept, so not to be changed. */
    bpe(word: string): readonly string[]
    /** Words that were asked for, with their tokens. */
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
