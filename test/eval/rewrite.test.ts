import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { parseProfile, type Rewritten, runRewrite } from '../../eval/rewrite.ts'

const stated = parseProfile(
  '[{"dimension":"length","direction":-1},{"dimension":"emoji","direction":-1}]',
)

/** Requests in German: what matters for them is told by rules, which the tiny random model has no part in. */
const rewritten = async (contents: readonly string[], system?: string) => {
  const lines: Rewritten[] = []
  const { results } = await runRewrite({
    requests: contents.map((content) => ({
      messages: [{ role: 'user' as const, content }],
      ...(system !== undefined && { system }),
    })),
    profile: stated,
    model: 'tiny',
    cache: join(tmpdir(), 'loreweave-rewrite-test'),
    onRewritten: (line) => lines.push(line),
  })
  return { lines, results }
}

test('a profile is read as a list of what is stated, as a profile, and as the local API gives it', () => {
  expect(stated.preferences.map((p) => [p.dimension, p.direction, p.source])).toEqual([
    ['length', -1, 'stated'],
    ['emoji', -1, 'stated'],
  ])
  expect(parseProfile(JSON.stringify(stated))).toEqual(stated)
  expect(parseProfile(JSON.stringify({ protocol: 1, profile: stated, sentences: [] }))).toEqual(
    stated,
  )
})

test.each([
  '{',
  '{"preferences":[{"dimension":"colour"}]}',
  '[{"dimension":"length","direction":2}]',
])('a profile that is none is refused with E_DATA: %s', (text) => {
  expect(() => parseProfile(text)).toThrow(expect.objectContaining({ code: 'E_DATA' }))
})

test('each line says what would be sent and why; messages are those of the line, byte for byte', async () => {
  const questions = ['Warum ist der Himmel blau?', 'Gib nur JSON zurück: {"a": 1} sortiert.']
  const { lines, results } = await rewritten(questions, 'Du hilfst im Garten.')
  expect(lines.map((l) => l.request.messages)).toEqual(
    questions.map((content) => [{ role: 'user', content }]),
  )
  expect(lines[0]!.request.system).toMatch(/^Du hilfst im Garten\.\n\n<reader_preferences>/)
  expect(lines[0]).toMatchObject({ line: 1, reason: 'applied' })
  expect(lines[1]!.request.system).toBe('Du hilfst im Garten.')
  expect(lines[1]!.preferences).toEqual([])
  expect(results.reduce((sum, r) => sum + r.value, 0)).toBe(2)
})
