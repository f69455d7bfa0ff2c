/** Preferences that the user seems to have stated, to be confirmed or dismissed. */
import type { Proposal } from '../../../records/preference.ts'
import type { ProposalsResponse } from '../../schemas/personalization.ts'
import { act, call } from './api.ts'
import { byId, h, part, type Row, rows, setText } from './dom.ts'
import { timeNode } from './words.ts'

export const mountSuggestions = () => {
  const empty = h('p', { class: 'empty' }, 'None at the moment.')
  const holder = h('ul', { class: 'cards' })
  part('suggestions').append(empty, holder)
  const show = rows<Proposal>(holder, (p) => p.id, card)
  return ({ proposals }: ProposalsResponse): void => {
    empty.hidden = proposals.length > 0
    const count = byId('suggestion-count')
    count.hidden = proposals.length === 0
    setText(count, String(proposals.length))
    show(proposals)
  }
}

const card = ({ id, at, sentence, said }: Proposal): Row<Proposal> => {
  const settle = (accept: boolean) => {
    void act(async () => {
      await call('POST', '/v1/proposals', { id, accept })
      return accept ? `Kept: ${sentence}` : `Dismissed: ${sentence}`
    })
    byId('suggestions-title').focus()
  }
  return {
    node: h(
      'li',
      { class: 'card' },
      h('p', { class: 'line' }, sentence),
      h('p', { class: 'quiet' }, 'You wrote: “', said, '” · ', timeNode(at)),
      h(
        'div',
        { class: 'actions' },
        h('button', { type: 'button', onclick: () => settle(true) }, 'Yes, keep it'),
        h('button', { type: 'button', class: 'plain', onclick: () => settle(false) }, 'No'),
      ),
    ),
    update() {},
  }
}
