/** `runRerank` on the tiny model, over choice logs in a folder that the caller removes. */
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ChoiceLine } from '../../../adapters/formats/choice-log.ts'
import { Result } from '../../../eval/measure/results.ts'
import { FederationPlan } from '../../../eval/population/federate.ts'
import { type RerankOptions, runRerank } from '../../../eval/run/rerank.ts'

const PLAN = FederationPlan.parse({
  adapter: { layers: 1, rank: 2, alpha: 4 },
  steps: [{ kind: 'statistics' }, { kind: 'prior' }, { kind: 'adapter' }],
})

export const rerankRuns = () => {
  const folder = mkdtempSync(join(tmpdir(), 'loreweave-rerank-'))
  const file = (name: string, lines: readonly object[]): string => {
    const path = join(folder, name)
    writeFileSync(path, lines.map((line) => `${JSON.stringify(line)}\n`).join(''))
    return path
  }
  const run = async (data: string, more: Partial<RerankOptions> = {}) => {
    const { results } = await runRerank({
      data,
      budgets: [2, 6],
      plan: PLAN,
      likelihood: 0,
      costly: 0,
      claude: 'claude-sonnet-5-5',
      seed: 1,
      model: 'tiny',
      cache: folder,
      out: join(folder, 'out'),
      threads: 1,
      log: () => {},
      ...more,
    })
    return new Map(
      Result.array()
        .parse(results)
        .map((r) => [r.name, r]),
    )
  }
  return { folder, file, run }
}

/** Somebody who prefers the shorter answer. */
export const choice = (user: string, n: number, more: Partial<ChoiceLine> = {}): ChoiceLine => ({
  user,
  id: `${user}-${n}`,
  messages: [{ role: 'user', content: `Question ${n % 9}?` }],
  candidates: [`A long answer, with its reasons and an example, to ${n % 9}.`, `Short: ${n % 9}.`],
  chosen: 1,
  ...more,
})
export const people = (name: string, count: number, tests = 3) =>
  Array.from({ length: count }, (_, u) => [
    ...Array.from({ length: 6 }, (_, n) => choice(`${name}-${u}`, n + u)),
    ...Array.from({ length: tests }, (_, n) =>
      choice(`${name}-${u}`, 50 + n + u, { split: 'test', utilities: [0, 1] }),
    ),
  ]).flat()
