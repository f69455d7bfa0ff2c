/** What the device learned from: choices, which stay when decisions have expired, and those that were imported. */
import type { ChoiceSummary, ChoicesResponse } from '../../schemas/inspection.ts'
import type { ForgetResponse } from '../../schemas/personalization.ts'
import { act, call } from './api.ts'
import { byId, h, part, type Row, rows, setText } from './dom.ts'
import { askToForget, forgotten } from './forget.ts'
import { counted, timeNode } from './words.ts'

const PAGE = 20
const MOST = 1000

/** path: of what is shown: a page more with each press of the button. */
export const mountChoices = () => {
  const sum = h('p', { class: 'empty' })
  const holder = h('ul', { class: 'cards' })
  const older = h('button', { type: 'button', class: 'plain', hidden: true }, 'Show older ones')
  part('choices').append(sum, holder, older)
  const renderRows = rows<ChoiceSummary>(holder, (c) => c.id, card)
  let limit = PAGE
  const path = () => `/v1/choices?limit=${limit}`
  const show = ({ choices, next, total }: ChoicesResponse): void => {
    setText(sum, total === 0 ? 'No choices yet.' : `${counted(total, 'choice')}.`)
    older.hidden = next === null || limit >= MOST
    renderRows(choices)
  }
  older.addEventListener('click', () => {
    limit = Math.min(MOST, limit + PAGE)
    void act(async () => {
      show(await call<ChoicesResponse>('GET', path()))
      return 'Older choices shown.'
    })
  })
  return { path, show }
}

const card = (first: ChoiceSummary): Row<ChoiceSummary> => {
  let now = first
  const request = h('p', { class: 'quote' })
  const answer = h('p', { class: 'summary' })
  const forget = h(
    'button',
    {
      type: 'button',
      class: 'plain danger',
      onclick: async () => {
        if (!(await askToForget(now.request))) return
        void act(async () => {
          const report = await call<ForgetResponse>('POST', '/v1/forget', { choiceId: now.id })
          byId('choices-title').focus()
          return forgotten(report)
        })
      },
    },
    'Forget its conversation …',
  )
  const origin = first.source === 'import' ? 'imported' : 'from your feedback'
  const when = first.at === null ? 'no date' : timeNode(first.at)
  const node = h(
    'li',
    { class: 'card' },
    h('p', { class: 'quiet' }, when, ` · ${origin}`),
    request,
    answer,
    h('div', { class: 'actions' }, forget),
  )
  return {
    node,
    update(choice) {
      now = choice
      setText(request, choice.request || '(no text)')
      setText(answer, `Of ${counted(choice.candidates, 'answer')}: ${choice.answer || '(no text)'}`)
    },
  }
}
