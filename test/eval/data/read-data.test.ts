import fs, { readdirSync } from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import { relative, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'

const folder = fileURLToPath(new URL('../../../eval/data', import.meta.url))
const files = readdirSync(folder, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.json'))
  .map((name) => name.split(sep).join('/'))

const original = fs.readFileSync
/** Reads of data files pass through here; what it gives is read in place of the file. */
const intercept = (change: (file: string, value: unknown) => unknown): void => {
  fs.readFileSync = ((path: fs.PathOrFileDescriptor, options?: BufferEncoding) => {
    const text = original(path, options)
    const file = path instanceof URL ? relative(folder, fileURLToPath(path)) : '..'
    if (file.startsWith('..')) return text
    return JSON.stringify(change(file.split(sep).join('/'), JSON.parse(String(text))))
  }) as typeof fs.readFileSync
  syncBuiltinESMExports()
}

beforeEach(() => {
  vi.resetModules()
})
afterEach(() => {
  fs.readFileSync = original
  syncBuiltinESMExports()
})

const READERS = {
  bank: () => import('../../../eval/answers/topic-bank.ts'),
  asked: () => import('../../../eval/answers/asked.ts'),
  wording: () => import('../../../eval/answers/wording.ts'),
  bankRequests: () => import('../../../eval/answers/requests.ts'),
  constraints: () => import('../../../eval/answers/constraints.ts'),
  preferences: () => import('../../../eval/answers/preferences.ts'),
  models: () => import('../../../eval/claude/models.ts'),
  labelled: () => import('../../../eval/labelled/requests.ts'),
  scenarios: () => import('../../../eval/run/scenario.ts'),
  reactions: () => import('../../../eval/run/endpoint-person.ts'),
  day: () => import('../../../eval/day/script.ts'),
  demo: () => import('../../../eval/demo/plan.ts'),
  report: () => import('../../../eval/report/words.ts'),
  feedback: async () => {
    const { followUpSet, statedSet } = await import('../../../eval/labelled/feedback.ts')
    followUpSet()
    for (const name of ['held', 'tuned', 'unseen'] as const) statedSet(name)
  },
  apps: async () => {
    const sets = await import('../labelled/app-sets.ts')
    for (const set of sets.SETS) {
      sets.systemPrompts(set)
      sets.programRequests(set)
      sets.ordinaryRequests(set)
      sets.questions(set)
    }
    for (const set of sets.BLIND_SETS) {
      sets.blindPrompts(set)
      sets.blindPrograms(set)
      sets.blindOrdinary(set)
    }
  },
}

test('every data file is read by some module', async () => {
  const read = new Set<string>()
  intercept((file, value) => {
    read.add(file)
    return value
  })
  for (const reader of Object.values(READERS)) await reader()
  expect([...read].sort()).toEqual(files.sort())
})

/** Adds a field that no schema knows to the object at a path. */
const withUnknown = (value: unknown, [step, ...rest]: readonly (string | number)[]): unknown => {
  if (step === undefined) return { ...(value as object), colour: 1 }
  const inner = withUnknown((value as Record<string | number, unknown>)[step], rest)
  return Array.isArray(value)
    ? value.map((item, i) => (i === step ? inner : item))
    : { ...(value as object), [step]: inner }
}

test.each<[string, (string | number)[], keyof typeof READERS]>([
  ['answers/topics/food.json', [0], 'bank'],
  ['answers/stand-ins.json', ['en', 'sentences'], 'bank'],
  ['answers/function-words.json', [], 'bank'],
  ['answers/wording/de.json', [], 'wording'],
  ['answers/wording/en.json', ['leads'], 'wording'],
  ['answers/further.json', ['en'], 'bankRequests'],
  ['answers/demands.json', [0, 'levels'], 'constraints'],
  ['answers/preference-rules.json', ['rules', 0], 'preferences'],
  ['claude-models.json', ['kinds', 'base'], 'models'],
  ['labelled/rewriting/ordinary.json', [0], 'labelled'],
  ['labelled/rewriting/fillers.json', ['en'], 'labelled'],
  ['labelled/apps/blind-a/system-prompts.json', [0], 'apps'],
  ['labelled/apps/program-requests-heldout.json', ['requests', 0], 'apps'],
  ['scenarios/tiny.json', ['people'], 'scenarios'],
])('an unknown field in %s at %j is refused', async (name, path, reader) => {
  expect(files).toContain(name)
  intercept((file, value) => (file === name ? withUnknown(value, path) : value))
  await expect(READERS[reader]()).rejects.toThrow('colour')
})

test('a pattern is written as in code, and no other text passes for one', async () => {
  const { Pattern } = await import('../../../eval/data/read-data.ts')
  expect(Pattern.parse('/\\bau dessus/gu')).toEqual(/\bau dessus/gu)
  for (const text of ['often', '/often', '//g', '/often/x'])
    expect(Pattern.safeParse(text).success, text).toBe(false)
})
