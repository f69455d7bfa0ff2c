/** What an app may do next in a drawn conversation, with the same choices on both ways. */
import type { Rng } from '../../../../../adapters/random.ts'
import { said, type Turn, user } from '../conversation.ts'
import { chance, mark, type Setting } from './setting.ts'
import { ask, isPlain, keep, type More, openCalls, type Side, say, withResults } from './side.ts'

/** Done on each side with the same choices. Gives the status of its last request. */
export type Step = {
  readonly name: string
  readonly run: (side: Side) => Promise<number>
}

const QUESTIONS = [
  'Wie entstehen Ebbe und Flut, und was hat der Mond damit zu tun?',
  'Und warum ist es an manchen Küsten so viel stärker?',
  'Welche Rolle spielt die Sonne dabei?',
  'Kann man daraus Strom gewinnen, und wie macht man das?',
  'Why is the sky blue, and what makes sunsets red?',
  'Explain how a library sorts its books.',
  'hi',
  'Warum?',
]
const DEMANDS = [
  'Bitte keine Aufzählungen, nur Fließtext. Warum ist das so?',
  'Use no bullet points, no tables and no emoji, please. Why?',
  'Gib mir nur JSON zurück: {"ursache": string}.',
  'Answer with yes or no only.',
  'Translate that into English.',
  '<reader_preferences>\n- Use tables.\n</reader_preferences>\nUnd nun?',
  '```js\nconst a = 1;\nreturn a;\n```',
  'Fasse alles in einer Zeile zusammen.',
]

const tool = { name: 'other', input_schema: { type: 'object' } }
const schema = { type: 'object', properties: { ursache: { type: 'string' } } }
const image = { type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'AA==' } }

export const drawStep = (rng: Rng, setting: Setting): Step => {
  const question = rng.pick(QUESTIONS)
  const demand = rng.pick(DEMANDS)
  const mode = rng.pick(['off', 'shadow', 'incognito', 'on'])
  const plain = (name: string, next: readonly Turn[], more: More = {}): Step => ({
    name,
    run: (side) => say(side, setting, next, more),
  })
  const blocks = [{ type: 'text', text: question, ...(chance(rng, 0.3) ? mark : {}) }]
  const steps: Step[] = [
    plain('a question', [user(question)]),
    plain('a question', [user(question)]),
    plain('a question in a block', [user(blocks)]),
    plain('a demand', [user(demand)]),
    plain('a demand', [user(demand)]),
    plain(`loreweave-mode ${mode}`, [user(question)], { headers: { 'loreweave-mode': mode } }),
    plain(`loreweave-mode ${mode}`, [user(demand)], { headers: { 'loreweave-mode': mode } }),
    plain('a tool is asked for', [user('Use the tool.')]),
    plain('a tool is asked for', [user('Use the tool, then say why.')]),
    plain('a small limit', [user(question)], { fields: { max_tokens: 10 } }),
    plain('an image', [user([image, { type: 'text', text: question }])]),
    plain('a stream', [user(question)], { fields: { stream: true } }),
    counting(setting, chance(rng, 0.5)),
    ...(setting.isThread ? [] : outsideThreads(rng, setting, question)),
  ]
  // What is long is slow, and stays in the conversation.
  if (!chance(rng, 0.01)) return rng.pick(steps)
  return chance(rng, 0.5)
    ? plain('long words', [user('Es regnet. '.repeat(19_000))])
    : plain('501 turns more', [...many, user(question)])
}

/** What a thread does not take. */
const outsideThreads = (rng: Rng, setting: Setting, question: string): Step[] => {
  const next = [user(question)]
  const turn = (name: string, turns: readonly Turn[], fields: object): Step => ({
    name,
    run: (side) => say(side, setting, turns, { fields }),
  })
  const format = { output_config: { format: { type: 'json_schema', schema } } }
  const edit = (type: string, more: object = {}) => ({
    context_management: { edits: [{ type, ...more }] },
  })
  const system = [...next, { role: 'system', content: 'Der Besucher steht in Raum 3.' }]
  const threshold = { trigger: { type: 'input_tokens', value: 400 } }
  return [
    turn('a schema', next, format),
    turn('a system message', system, {}),
    turn(
      'a system message with a demand',
      [...next, { role: 'system', content: 'Keine Aufzählungen.' }],
      {},
    ),
    turn('low effort', next, { output_config: { effort: 'low' } }),
    turn('stop sequences', next, { stop_sequences: ['Ende', 'Mond'] }),
    turn('another model', next, { model: 'claude-opus-5' }),
    turn('thinking is cleared', next, edit('clear_thinking_20251015')),
    turn('a summary by threshold', next, edit('compact_20260112', threshold)),
    turn('a fallback', [user('Sag etwas verbotenes mittendrin.')], { fallbacks: 'default' }),
    turn('other tools', next, { tools: [tool] }),
    warming(setting, next),
    summary(setting, rng.int(3)),
    credit(setting, chance(rng, 0.5), chance(rng, 0.5)),
    repeated(setting, question),
    rewound(setting, question),
    trimmed(setting, question),
  ]
}

const many: Turn[] = Array.from({ length: 501 }, () => [
  user('Gut.'),
  { role: 'assistant', content: 'Ja.' },
]).flat()

const counting = (setting: Setting, isFurther: boolean): Step => ({
  name: 'tokens are counted',
  async run(side) {
    const { max_tokens: _, stream: __, ...fields } = setting.fields as Record<string, unknown>
    if (side.messages.length === 0) return 200
    const next = isFurther && openCalls(side).length === 0 ? [user('Und?')] : []
    const messages = [...side.messages, ...next]
    const headers = { 'anthropic-beta': setting.betas.join(','), ...setting.headers }
    const response = await side.send('/v1/messages/count_tokens', { ...fields, messages }, headers)
    await response.text()
    return response.status
  },
})

const warming = (setting: Setting, next: readonly Turn[]): Step => ({
  name: 'a cache is warmed',
  async run(side) {
    if (openCalls(side).length > 0) return 200
    return (await ask(side, setting, next, { fields: { max_tokens: 0, stream: false } })).status
  },
})

/** kept: at most so many of the last questions, with their answers. */
const summary = (setting: Setting, kept: number): Step => ({
  name: `a summary, ${kept} turns kept`,
  async run(side) {
    const told = await ask(side, setting, [], { fields: { compaction: { type: 'summarize' } } })
    if (told.reply?.stop_reason !== 'compaction') return told.status
    const isSummary = ({ content }: Turn) =>
      typeof content !== 'string' && content.some((b) => b.type === 'compaction')
    const from = side.messages.findLastIndex(isSummary) + 1
    const questions = side.messages.flatMap((m, i) => (i >= from && isPlain(m) ? [i] : []))
    const at = kept === 0 ? side.messages.length : (questions.at(-kept) ?? side.messages.length)
    side.messages = [said(told.reply), ...side.messages.slice(at)]
    return told.status
  },
})

const credit = (setting: Setting, isMidway: boolean, isAppended: boolean): Step => ({
  name: `a refusal ${isMidway ? 'midway' : 'at once'}, and a retry${isAppended ? ' that goes on' : ''}`,
  async run(side) {
    const asked = user(`Sag etwas verbotenes${isMidway ? ' mittendrin' : ''}.`)
    const results = openCalls(side)
    const next = [results.length > 0 ? withResults(asked, results) : asked]
    const refused = await ask(side, setting, next)
    const token = refused.reply?.stop_details?.fallback_credit_token
    if (!refused.reply || !token) return refused.status
    const canGoOn = isAppended && refused.reply.content.some((b) => b.type === 'text')
    const begun = canGoOn ? [...next, said(refused.reply)] : next
    const fields = { model: 'claude-opus-5', fallback_credit_token: token }
    return keep(side, setting, begun, await ask(side, setting, begun, { fields }))
  },
})

const repeated = (setting: Setting, question: string): Step => ({
  name: 'the same request twice, the second answer kept',
  async run(side) {
    if (openCalls(side).length > 0) return 200
    const first = await ask(side, setting, [user(question)])
    if (first.status >= 400) return first.status
    return say(side, setting, [user(question)])
  },
})

const rewound = (setting: Setting, question: string): Step => ({
  name: 'the last turn is taken back, and another asked',
  run(side) {
    const at = side.messages.findLastIndex(isPlain)
    side.messages = side.messages.slice(0, Math.max(0, at))
    if (side.messages.at(-1)?.role === 'system') side.messages = side.messages.slice(0, -1)
    return say(side, setting, [user(question)])
  },
})

/** The app keeps no thinking but that of its last answer. */
const trimmed = (setting: Setting, question: string): Step => ({
  name: 'earlier thinking is left out',
  run(side) {
    const last = side.messages.findLastIndex((m) => m.role === 'assistant')
    side.messages = side.messages.flatMap((turn, i) => {
      if (i >= last || typeof turn.content === 'string') return [turn]
      const content = turn.content.filter((b) => !b.type.endsWith('thinking'))
      return content.length > 0 ? [{ ...turn, content }] : []
    })
    return say(side, setting, [user(question)])
  },
})
