/** Questions of the device: what answers should be like, and which of two is better. */

import { act } from '../../../../adapters/page/deeds.ts'
import { button, byId, type Card, cards, h, setText } from '../../../../adapters/page/dom.ts'
import { timeNode } from '../../../../adapters/page/words.ts'
import type { Question } from '../../../records/question.ts'
import type { QuestionsResponse } from '../../schemas/personalization.ts'
import { call } from './api.ts'

export const mountQuestions = () => {
  const show = cards<Question>('questions', nameOf, card)
  const count = byId('question-count')
  return ({ questions }: QuestionsResponse): void => {
    count.hidden = questions.length === 0
    setText(count, String(questions.length))
    show(questions, questions.length === 0 ? 'None at the moment.' : '')
  }
}

const nameOf = (q: Question): string => (q.kind === 'pair' ? q.decisionId : q.dimension)

/** said: what the page reports once it is done. */
const answering = (path: string, body: object, said: string) => () => {
  act(async () => {
    await call('POST', path, body)
    return said
  })
  byId('questions-title').focus()
}

const card = (question: Question): Card<Question> =>
  question.kind === 'pair' ? pairCard(question) : preferenceCard(question)

const preferenceCard = ({
  dimension,
  less,
  more,
}: Extract<Question, { kind: 'preference' }>): Card<Question> => {
  const prefer = (direction: -1 | 1, line: string) =>
    button(
      line,
      answering(
        '/v1/feedback',
        { event: { kind: 'prefer', dimension, direction } },
        `Kept: ${line}`,
      ),
    )
  const neither = answering('/v1/questions', { dimension }, 'It is not asked again.')
  return {
    node: h(
      'li.card',
      h('p.line', 'How do you like answers, where it matters?'),
      h(
        'div.actions',
        prefer(-1, less),
        prefer(1, more),
        button('No matter', neither, { class: 'plain' }),
      ),
    ),
  }
}

const pairCard = ({
  decisionId,
  at,
  request,
  candidates,
  answers,
}: Extract<Question, { kind: 'pair' }>): Card<Question> => {
  const choose = (i: number) =>
    answering(
      '/v1/feedback',
      { event: { kind: 'choose', decisionId, chosen: candidates[i], shown: candidates } },
      'Your choice is kept.',
    )
  const neither = answering('/v1/questions', { decisionId }, 'It is not asked again.')
  const names = ['First', 'Second'] as const
  return {
    node: h(
      'li.card',
      h('p.line', 'Which of these two answers do you prefer?'),
      h('p.quiet', timeNode(at)),
      h('p.quote', request),
      ...answers.map((text, i) =>
        h('div.said', h('p.quiet', `${names[i]} answer`), h('p.text', text)),
      ),
      h(
        'div.actions',
        ...names.map((name, i) => button(`${name} answer`, choose(i))),
        button('No matter', neither, { class: 'plain' }),
      ),
    ),
  }
}
