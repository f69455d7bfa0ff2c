/** The one door to the tokenizer of @xenova/transformers. The build replaces this module by a bundle of exactly what it
 *  uses, so that the package's image and model runtimes are no dependency of an installed Loreweave. */

// @ts-expect-error: the package has no types for its source files
import { PreTrainedTokenizer as Xenova } from '@xenova/transformers/src/tokenizers.js'

/** The steps of a tokenizer.json, ready to call. */
export type TokenizerParts = {
  readonly normalizer: ((text: string) => string) | null
  readonly pre_tokenizer: ((text: string, options: { section_index: number }) => string[]) | null
  readonly model: ((pieces: string[]) => (string | undefined)[]) & {
    readonly tokens_to_ids: Map<string, number>
    readonly vocab: (string | undefined)[]
    readonly cache?: Map<string, unknown>
  }
  decode(ids: number[], options: { clean_up_tokenization_spaces: boolean }): string
  apply_chat_template(
    messages: { role: string; content: string }[],
    options: { tokenize: false; add_generation_prompt: boolean },
  ): string
}

/** Builds the steps; an Error names a step that is not known.
 *  config: chat_template, and the special tokens that a template names (bos_token, eos_token, …). */
export const tokenizerParts = (
  tokenizerJson: object,
  config: Record<string, string>,
): TokenizerParts => {
  const parts = new Xenova(tokenizerJson, config)
  useUnicodeClasses(parts.pre_tokenizer)
  return parts
}

type Step = { pattern?: unknown; tokenizers?: readonly Step[] }

/** JavaScript's \s and \d are not those of the original's regular expressions, which follow Unicode: U+0085 is a space there,
 *  U+FEFF is none. */
const useUnicodeClasses = (step: Step | null): void => {
  if (step?.pattern instanceof RegExp)
    step.pattern = new RegExp(unicodeClasses(step.pattern.source), step.pattern.flags)
  for (const inner of step?.tokenizers ?? []) useUnicodeClasses(inner)
}

const CLASSES: Readonly<Record<string, string>> = {
  s: '\\p{White_Space}',
  S: '\\P{White_Space}',
  d: '\\p{Nd}',
  D: '\\P{Nd}',
}
const unicodeClasses = (source: string): string =>
  source.replace(/\\([\s\S])/g, (whole, letter: string) => CLASSES[letter] ?? whole)
