/** What every `--json` of loreweave-eval prints: one object with named figures. */
import { z } from 'zod'

/**
 * name: dotted, e.g. `rerank.utility.federated.10`. interval: 95 %, of the value. n: people or
 * items, topics and worlds: what they were judged on. verdict: of a difference, by its margin. peer:
 * the same measured on something else; ratio: value over peer, but peer over value for seconds, so
 * that above 1 is faster in both.
 */
export const Result = z.strictObject({
  name: z.string().regex(/^[a-z0-9_.-]+$/i),
  value: z.number(),
  unit: z.string(),
  n: z.int().optional(),
  topics: z.int().optional(),
  worlds: z.int().optional(),
  interval: z.tuple([z.number(), z.number()]).optional(),
  margin: z.number().optional(),
  verdict: z.enum(['better', 'no worse', 'worse', 'undecided']).optional(),
  peer: z.strictObject({ name: z.string(), value: z.number() }).optional(),
  ratio: z.number().optional(),
})
export type Result = z.infer<typeof Result>

export type Results = {
  readonly results: readonly Result[]
  /** What depends on machine and moment, where a command keeps it apart. */
  readonly measured?: readonly Result[]
}

/** One line a figure, for people. */
export const formatResults = ({ results }: Results): string => {
  const width = Math.max(...results.map((r) => r.name.length), 0)
  return results
    .map((r) => {
      const interval = r.interval ? `  [${r.interval.map(formatNumber).join(', ')}]` : ''
      const judgedOn = r.topics ? ` (topics ${r.topics}, worlds ${r.worlds})` : ''
      const count = r.n === undefined ? '' : `  n=${r.n}${judgedOn}`
      const verdict = r.verdict ? `  ${r.verdict} by ${r.margin}` : ''
      const ratio = r.ratio === undefined ? '' : `, ratio ${formatNumber(r.ratio)}`
      const peer = r.peer ? `  (${r.peer.name}: ${formatNumber(r.peer.value)}${ratio})` : ''
      return `${r.name.padEnd(width)}  ${formatNumber(r.value)} ${r.unit}${interval}${count}${verdict}${peer}`
    })
    .join('\n')
}

const formatNumber = (value: number): string =>
  value === 0 || (Math.abs(value) >= 0.001 && Math.abs(value) < 1e6)
    ? String(Number(value.toPrecision(4)))
    : value.toExponential(2)
