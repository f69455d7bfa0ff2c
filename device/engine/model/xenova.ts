/** The one door to the tokenizer of @xenova/transformers. The build replaces this module by a bundle of exactly what it
 *  uses, so that the package's image and model runtimes are no dependency of an installed Loreweave. */
import { Template as JinjaTemplate } from '@huggingface/jinja'
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
}

/** Builds the steps; an Error names a step that is not known. */
export const tokenizerParts = (tokenizerJson: object): TokenizerParts =>
  new Xenova(tokenizerJson, {}) as TokenizerParts

/** Compiles a Jinja chat template. */
export const compileTemplate = (source: string): ((values: Record<string, unknown>) => string) => {
  const template = new JinjaTemplate(source)
  return (values) => template.render(values)
}
