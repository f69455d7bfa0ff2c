/** Preferences that the user seems to have stated, to be confirmed or dismissed. */

import { act } from '../../../../adapters/page/deeds.ts'
import { button, byId, type Card, cards, h, setText } from '../../../../adapters/page/dom.ts'
import { timeNode } from '../../../../adapters/page/words.ts'
import type { Proposal } from '../../../records/preference.ts'
import type { ProposalsResponse } from '../../schemas/personalization.ts'
import { call } from './api.ts'

export const mountSuggestions = () => {
  const show = cards<Proposal>('suggestions', (p) => p.id, card)
  const count = byId('suggestion-count')
  return ({ proposals }: ProposalsResponse): void => {
    count.hidden = proposals.length === 0
    setText(count, String(proposals.length))
    show(proposals, proposals.length === 0 ? 'None at the moment.' : '')
  }
}

const card = ({ id, at, sentence, said }: Proposal): Card<Proposal> => {
  const settle = (accept: boolean) => {
    act(async () => {
      await call('POST', '/v1/proposals', { id, accept })
      return accept ? `Kept: ${sentence}` : `Dismissed: ${sentence}`
    })
    byId('suggestions-title').focus()
  }
  const accept = button('Yes, keep it', () => settle(true))
  const dismiss = button('No', () => settle(false), { class: 'plain' })
  return {
    node: h(
      'li.card',
      h('p.line', sentence),
      h('p.quiet', 'You wrote: “', said, '” · ', timeNode(at)),
      h('div.actions', accept, dismiss),
    ),
  }
}
