/** The choices that the device learned from. They outlive their decisions; some were imported. */

import { act } from '../../../../adapters/page/deeds.ts'
import { button, byId, type Card, cards, h, part, setText } from '../../../../adapters/page/dom.ts'
import { counted, timeNode } from '../../../../adapters/page/words.ts'
import type { ChoiceSummary, ChoicesResponse } from '../../schemas/inspection.ts'
import { call } from './api.ts'
import { forgetButton } from './forget.ts'

const PAGE = 20
const MAX_SHOWN = 1000

/** path: grows by a page with each press of the button. */
export const mountChoices = () => {
  const showCards = cards<ChoiceSummary>('choices', (c) => c.id, card)
  let limit = PAGE
  const path = () => `/v1/choices?limit=${limit}`
  const show = ({ choices, next, total }: ChoicesResponse): void => {
    older.hidden = next === null || limit >= MAX_SHOWN
    showCards(choices, total === 0 ? 'No choices yet.' : `${counted(total, 'choice')}.`)
  }
  const showOlder = () => {
    limit = Math.min(MAX_SHOWN, limit + PAGE)
    act(async () => {
      show(await call<ChoicesResponse>('GET', path()))
      return 'Older choices shown.'
    })
  }
  const older = button('Show older ones', showOlder, { class: 'plain', hidden: true })
  part('choices').append(older)
  return { path, show }
}

const card = (first: ChoiceSummary): Card<ChoiceSummary> => {
  let now = first
  const request = h('p.quote')
  const answer = h('p.summary')
  const forget = forgetButton(
    'Forget its conversation …',
    { choiceId: first.id },
    () => now.request,
    () => byId('choices-title').focus(),
  )
  const origin = first.source === 'import' ? 'imported' : 'from your feedback'
  const when = first.at === null ? 'no date' : timeNode(first.at)
  return {
    node: h(
      'li.card',
      h('p.quiet', when, ` · ${origin}`),
      request,
      answer,
      h('div.actions', forget),
    ),
    update(choice) {
      now = choice
      setText(request, choice.request || '(no text)')
      setText(answer, `Of ${counted(choice.candidates, 'answer')}: ${choice.answer || '(no text)'}`)
    },
  }
}
