/** AlpacaEval's `model_outputs.json`: several models' answers, joined into requests. */
import { z } from 'zod'
import { FedError } from '../../adapters/errors.ts'
import { parseJson } from '../../adapters/formats/text.ts'
import { parseAs } from '../../adapters/parse.ts'

const Text = z.string().max(200_000)

/** generator: the model's name; default: the file's. Other fields are ignored. */
const Output = z.looseObject({
  instruction: Text.min(1),
  output: Text,
  generator: z.string().max(200).nullish(),
  dataset: z.string().max(100).nullish(),
})

/** candidates[i] is by generators[i]. id: `<dataset>/<n>`, n from 0 by first appearance. */
export type OutputsRequest = {
  readonly id: string
  readonly messages: readonly { readonly role: 'user'; readonly content: string }[]
  readonly candidates: readonly string[]
  readonly generators: readonly string[]
}

/**
 * Requests in order of first appearance, candidates in order of the files; an instruction that some
 * files lack has fewer. An instruction that a file holds twice is two requests. Fails with E_DATA
 * by file and number of the item, which is never quoted.
 */
export const readOutputs = (
  files: readonly { readonly name: string; readonly text: string }[],
): OutputsRequest[] => {
  type Joined = { instruction: string; dataset: string; outputs: [string, string][] }
  const joined = new Map<string, Joined>()
  for (const { name, text } of files) {
    const seen = new Map<string, number>()
    for (const { instruction, output, generator, dataset } of parseFile(name, text)) {
      const time = seen.get(instruction) ?? 0
      seen.set(instruction, time + 1)
      const key = `${time}/${instruction}`
      const request = joined.get(key) ?? { instruction, dataset: dataset ?? 'outputs', outputs: [] }
      request.outputs.push([output, generator ?? name])
      joined.set(key, request)
    }
  }
  return [...joined.values()].map(({ instruction, dataset, outputs }, i) => ({
    id: `${dataset}/${i}`,
    messages: [{ role: 'user', content: instruction }],
    candidates: outputs.map(([output]) => output),
    generators: outputs.map(([, generator]) => generator),
  }))
}

const parseFile = (name: string, text: string): z.infer<typeof Output>[] => {
  const json = parseJson(text, `${name}:`)
  if (!Array.isArray(json))
    throw new FedError('E_DATA', `${name}: expected an array of {instruction, output, generator}`)
  return json.map((item, i) => parseAs(Output, item, 'E_DATA', `${name}: item ${i}: `, 'item'))
}
