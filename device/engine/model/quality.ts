/** The measured loss of quality of quantized weights, kept beside them. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { replaceFile } from '../../../adapters/node/replace-file.ts'

const QualitySchema = z.strictObject({
  /** Per token of an answer, in nats: mean absolute error, and mean log-probability. */
  logProbError: z.number(),
  logProb: z.number(),
  /** Share of four-answer orders that agree, over requests and random rewards; their number. */
  rerankAgreement: z.number(),
  orders: z.int(),
  /** Share of greedy tokens that are the same up to the first that is not. */
  greedyAgreement: z.number(),
})
export type Quality = z.infer<typeof QualitySchema>

const FILE = 'quality.json'

/** The measurement for the weights of a converted folder, if there is one. */
export const readQuality = async (folder: string): Promise<Quality | undefined> => {
  const text = await readFile(join(folder, FILE), 'utf8').catch(() => '')
  try {
    return QualitySchema.parse(JSON.parse(text))
  } catch {
    return undefined
  }
}

export const writeQuality = (folder: string, quality: Quality): Promise<void> =>
  replaceFile(join(folder, FILE), `${JSON.stringify(quality)}\n`)
