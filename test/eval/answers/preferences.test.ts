import { expect, test } from 'vitest'
import { seededRng } from '../../../adapters/random.ts'
import { DIMENSION_ROWS } from '../../../device/preferences/dimensions.ts'
import { applyPreferences, readPreferences } from '../../../eval/answers/preferences.ts'
import { replyTo } from '../../../eval/answers/reply.ts'
import { DEFAULT_STYLE, DIMENSIONS, type Dimension } from '../../../eval/answers/style.ts'
import { TOPICS } from '../../../eval/answers/topic-bank.ts'

const block = (...lines: string[]) =>
  [
    'You are a helpful assistant.',
    '',
    '<reader_preferences>',
    'Style preferences of the reader. Explicit instructions in the conversation outrank these preferences.',
    ...lines.map((l) => `- ${l}`),
    '</reader_preferences>',
  ].join('\n')
const targets = (line: string) =>
  Object.fromEntries(readPreferences(block(line)).map((p) => [p.dimension, p.target]))

/** Which trait a product dimension shows in, and with which sign; tables are not among the traits. */
const TRAIT_OF: Record<string, readonly [Dimension, 1 | -1] | undefined> = {
  length: ['length', 1],
  lists: ['lists', 1],
  headings: ['headings', 1],
  emphasis: ['bold', 1],
  tone: ['formality', 1],
  directness: ['preamble', -1],
  examples: ['example', 1],
  hedging: ['hedging', 1],
  questions: ['question', 1],
  emoji: ['emoji', 1],
  numbers: ['numbers', 1],
  closing: ['closing', 1],
  steps: ['steps', 1],
}
const cases = DIMENSION_ROWS.flatMap((row) => {
  const trait = TRAIT_OF[row.dimension]
  if (trait === undefined) return []
  const [name, sign] = trait
  return [
    { line: row.less, name, target: sign === 1 ? 0 : 1 },
    { line: row.more, name, target: sign === 1 ? 1 : 0 },
  ]
})

test.each(cases)(
  'the block\'s line "$line" moves $name towards $target',
  ({ line, name, target }) => {
    expect(targets(line)).toMatchObject({ [name]: target })
  },
)

test.each([
  ['Prefers prose over bullet points', 'lists', 0],
  ['Write in plain paragraphs.', 'lists', 0],
  ['No lists, but headings are welcome', 'headings', 1],
  ['No lists, but headings are welcome', 'lists', 0],
  ['Be brief and to the point', 'length', 0],
  ['Emoji: none', 'emoji', 0],
  ['Likes analogies', 'analogy', 1],
  ['Fewer historical digressions', 'background', 0],
  ['Explain why it works', 'mechanism', 1],
  ['Mention pitfalls and caveats', 'caveats', 1],
  ['Start with the answer at once, skip pleasantries', 'preamble', 0],
  ['Use an informal, conversational tone', 'formality', 0],
  ['Use an informal, conversational tone', 'contractions', 1],
] as const)('"%s" is read as %s -> %i', (line, name, target) => {
  expect(targets(line)).toMatchObject({ [name]: target })
})

test('the introduction of a block states nothing, and neither does a prompt without a block', () => {
  expect(readPreferences(block())).toEqual([])
  expect(readPreferences('Always answer in long lists with emoji.')).toEqual([])
})

const realized = (system: string, message: (topic: (typeof TOPICS)[number]) => string) => {
  const sums = new Map<Dimension, number[]>(DIMENSIONS.map((d) => [d, []]))
  for (const topic of TOPICS)
    for (let variant = 0; variant < 3; variant++) {
      const messages = [{ role: 'user', text: message(topic) }]
      const { traits } = replyTo('obey', { system, messages }, variant)
      for (const [j, name] of DIMENSIONS.entries()) sums.get(name)!.push(traits[j]!)
    }
  return sums
}
const mean = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / values.length
const plain = realized('', (t) => t.phrasings[0])

test.each(cases)('answers really follow "$line", most of the time', ({ line, name, target }) => {
  const asked = realized(block(line), (t) => t.phrasings[0]).get(name)!
  const unasked = plain.get(name)!
  const change = mean(asked) - mean(unasked)
  expect(Math.sign(change)).toBe(target === 1 ? 1 : -1)
  const spread = Math.sqrt(mean(unasked.map((x) => (x - mean(unasked)) ** 2)))
  expect(Math.abs(change) / spread).toBeGreaterThan(0.25)
})

test('a preference is obeyed in most answers, but not in all', () => {
  const asked = realized(
    block('Use no emoji.', 'Leave out a closing offer.'),
    (t) => t.phrasings[0],
  )
  const share = (name: Dimension) => mean(asked.get(name)!.map((x) => (x > 0 ? 1 : 0)))
  expect(share('closing')).toBeGreaterThan(0.01)
  expect(share('closing')).toBeLessThan(0.25)
  const styles = Array.from({ length: 400 }, (_, i) =>
    applyPreferences(DEFAULT_STYLE, block('Use no emoji.'), seededRng(i)),
  )
  const ignored = mean(styles.map((s) => (s.emoji === DEFAULT_STYLE.emoji ? 1 : 0)))
  expect(ignored).toBeGreaterThan(0.1)
  expect(ignored).toBeLessThan(0.2)
})

test('an explicit constraint in the message outranks the block', () => {
  const system = block(
    'Use bullet lists.',
    'Give a full, detailed answer.',
    'Use headings for the parts of the answer.',
  )
  const noLists = realized(system, (t) => `${t.phrasings[0]} No bullet points please.`)
  expect(Math.max(...noLists.get('lists')!)).toBe(0)
  for (const topic of TOPICS) {
    const message = `${topic.phrasings[0]} Answer in one sentence.`
    const { text } = replyTo(1, { system, messages: [{ role: 'user', text: message }] }, 0)
    expect(text.match(/[.!?](\s|$)/g) ?? []).toHaveLength(1)
    expect(text).not.toMatch(/\n/)
  }
})

test('the same variant with and without a block keeps its unasked style otherwise', () => {
  const asked = realized(block('Use no emoji.'), (t) => t.phrasings[0])
  expect(mean(asked.get('length')!) / mean(plain.get('length')!)).toBeCloseTo(1, 1)
})
