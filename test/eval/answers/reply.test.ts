import { expect, test } from 'vitest'
import { replyTo } from '../../../eval/answers/reply.ts'
import { TOPICS } from '../../../eval/answers/topic-bank.ts'

const topic = TOPICS.find((t) => t.id === 'sourdough-starter')!
const other = TOPICS.find((t) => t.id === 'offside-rule')!
const earlier = [
  { role: 'user', text: topic.phrasings[0] },
  { role: 'assistant', text: `${topic.answer} ${topic.mechanism[0]}` },
]
const answers = (message: string) =>
  Array.from({ length: 20 }, (_, k) =>
    replyTo(1, { system: '', messages: [...earlier, { role: 'user', text: message }] }, k)
      .text.replaceAll('**', '')
      .toLowerCase(),
  )
/** A few words in the middle, which a change of register spares. */
const ANSWER = 'a living culture of wild yeast'
const SAID = 'sugars from the flour'

test('a wish about the form is about what came before, and is met', () => {
  for (const text of answers('Now in one sentence, please.')) {
    expect(text).toContain(ANSWER)
    expect(text.match(/[.!?](\s|$)/g)).toHaveLength(1)
  }
})

test('a further question leaves out what has been said', () => {
  for (const text of answers('But why is that so?')) {
    expect(text).not.toContain(ANSWER)
    expect(text).not.toContain(SAID)
    expect(text).toContain('bacteria in the culture')
  }
})

test('a question about another topic gets its whole answer', () => {
  for (const text of answers(other.phrasings[2])) expect(text).toContain('nearer to the goal line')
})
