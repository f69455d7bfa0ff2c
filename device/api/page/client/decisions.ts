/** Recent decisions: what was added and what came first, why, and how to take it back or forget the conversation. */

import { whyOf } from '../../../preferences/reasons.ts'
import type { Dimension } from '../../../records/preference.ts'
import type { RankingWhy } from '../../../records/rerank-decision.ts'
import type {
  DecisionResponse,
  DecisionSummary,
  DecisionsResponse,
} from '../../schemas/inspection.ts'
import type { ForgetResponse } from '../../schemas/personalization.ts'
import { act, call } from './api.ts'
import { byId, fill, h, part, type Row, rows, setText } from './dom.ts'
import { askToForget, forgotten } from './forget.ts'
import { bytesText, counted, percent, timeNode } from './words.ts'

export const mountDecisions = () => {
  const empty = h('p', { class: 'empty' }, 'No request has come through this device yet.')
  const holder = h('ul', { class: 'cards' })
  const older = h('button', { type: 'button', class: 'plain', hidden: true }, 'Show older ones')
  part('decisions').append(empty, holder, older)
  const show = rows<DecisionSummary>(holder, (d) => d.id, card)
  let newest: readonly DecisionSummary[] = []
  let before: string | null = null
  let added: readonly DecisionSummary[] = []
  const render = () => {
    const fresh = new Set(newest.map((d) => d.id))
    const all = [...newest, ...added.filter((d) => !fresh.has(d.id))]
    empty.hidden = all.length > 0
    older.hidden = before === null
    show(all)
  }
  older.addEventListener('click', () => {
    void act(async () => {
      const page = await call<DecisionsResponse>('GET', `/v1/decisions?before=${before}`)
      added = [...added, ...page.decisions]
      before = page.next
      render()
      return `${counted(page.decisions.length, 'older decision')} shown.`
    })
  })
  forgetFrom = (id) => {
    added = added.filter((d) => d.id !== id)
    newest = newest.filter((d) => d.id !== id)
    // Others of the conversation went too: older ones are asked for again.
    added = []
    before = null
    render()
  }
  return ({ decisions, next }: DecisionsResponse): void => {
    newest = decisions
    if (added.length === 0) before = next
    render()
  }
}

let forgetFrom: (id: string) => void = () => {}

const undo = (id: string, dimension?: Dimension) =>
  act(async () => {
    const event = { kind: 'undo', decisionId: id, ...(dimension && { dimension }) }
    await call('POST', '/v1/feedback', { event })
    return (
      'Taken back: the device learns from it. This conversation keeps its note; the ' +
      'undo counts from the next one on.'
    )
  })

const card = (first: DecisionSummary): Row<DecisionSummary> => {
  const { id } = first
  let now = first
  const request = h('p', { class: 'quote' })
  const summary = h('p', { class: 'summary' })
  const why = h('div', { class: 'why' })
  const whole = h('div', { class: 'whole' })
  const undoAll = h(
    'button',
    {
      type: 'button',
      class: 'plain',
      onclick: () => {
        void undo(id)
        node.querySelector('summary')?.focus()
      },
    },
    'Undo the note',
  )
  const forget = h(
    'button',
    {
      type: 'button',
      class: 'plain danger',
      onclick: async () => {
        if (!(await askToForget(now.request))) return
        void act(async () => {
          const report = await call<ForgetResponse>('POST', '/v1/forget', { decisionId: id })
          forgetFrom(id)
          byId('decisions-title').focus()
          return forgotten(report)
        })
      },
    },
    'Forget this conversation …',
  )
  const details = h('details', {}, h('summary', {}, 'Why, and what was said'), why, whole)
  details.addEventListener('toggle', () => {
    if (details.open) void showWhole(id, whole)
    else whole.replaceChildren()
  })
  const node = h(
    'li',
    { class: 'card' },
    h('p', { class: 'quiet' }, timeNode(first.at)),
    request,
    summary,
    details,
    h('div', { class: 'actions' }, undoAll, forget),
  )
  return {
    node,
    update(decision) {
      now = decision
      setText(request, decision.request || '(no text)')
      setText(summary, summaryOf(decision))
      const left = decision.dimensions.filter((d) => !decision.undone.includes(d))
      undoAll.hidden = left.length === 0
      fill(why, ...reasons(decision))
      // fill leaves what reads the same alone, and with it its listeners.
      for (const button of why.querySelectorAll<HTMLButtonElement>('button[data-dimension]'))
        button.onclick = () => {
          void undo(id, button.dataset['dimension'] as Dimension)
          node.querySelector('summary')?.focus()
        }
    },
  }
}

const summaryOf = (d: DecisionSummary): string => {
  const lines = d.rewriting?.lines.length ?? d.dimensions.length
  const note =
    lines === 0
      ? 'Nothing added'
      : `${counted(lines, 'line')} added${d.undone.length > 0 ? `, ${d.undone.length} taken back` : ''}`
  const order =
    d.candidates > 1
      ? `${d.candidates} answers, ${d.served === 0 ? 'Claude’s first kept' : `number ${d.served + 1} served`}`
      : d.candidates === 1
        ? 'one answer'
        : 'no answer recorded'
  return `${note} · ${order}`
}

const reasons = (d: DecisionSummary): (Node | false | null)[] => [
  h('h3', { class: 'minor' }, 'The note'),
  d.rewriting
    ? h('p', {}, whyOf(d.rewriting.reason, d.rewriting.silenced))
    : h('p', {}, 'No reasons were kept at the time.'),
  (d.rewriting?.lines.length ?? 0) > 0 &&
    h(
      'ul',
      { class: 'lines' },
      ...(d.rewriting?.lines ?? []).map(({ dimension, line }) =>
        h(
          'li',
          {},
          h('span', {}, line),
          d.undone.includes(dimension)
            ? h('span', { class: 'quiet' }, 'taken back')
            : h(
                'button',
                {
                  type: 'button',
                  class: 'plain',
                  'data-dimension': dimension,
                  'aria-label': `Undo the line: ${line}`,
                },
                'Undo',
              ),
        ),
      ),
    ),
  d.ranking && h('h3', { class: 'minor' }, 'The order'),
  ...(d.ranking ? rankingParts(d, d.ranking) : []),
  d.cost !== null &&
    h(
      'p',
      { class: 'quiet' },
      `Further answers took ${counted(d.cost.tokens, 'token')} of ` +
        `${d.cost.model || 'Claude'}: $${d.cost.usd.toFixed(4)}.`,
    ),
  h('h3', { class: 'minor' }, 'What you made of it'),
  d.feedback.length === 0
    ? h('p', {}, 'No feedback so far.')
    : h(
        'ul',
        {},
        ...d.feedback.map((f) =>
          h(
            'li',
            {},
            `${f.kind.replace('_', ' ')}${f.value === undefined ? '' : f.value > 0 ? ' up' : ' down'}${
              f.dimension ? ` (${f.dimension})` : ''
            }${f.isImplicit ? ', read from how the conversation went on' : ''} · `,
            timeNode(f.at),
          ),
        ),
      ),
]

const rankingParts = (d: DecisionSummary, ranking: RankingWhy): Node[] => [
  h(
    'p',
    {},
    `${ranking.reason[0]?.toUpperCase()}${ranking.reason.slice(1)}. ` +
      `${percent(ranking.probability)} that the best beats the first.`,
  ),
  h(
    'ol',
    {},
    ...ranking.candidates.map(({ explanation, named }, i) =>
      h(
        'li',
        {},
        h('span', {}, `${i === d.served ? 'Served: ' : ''}${explanation}`),
        named.length > 0 &&
          h('span', { class: 'quiet' }, ` ${named.map(contributionText).join(', ')}`),
      ),
    ),
  ),
  h(
    'p',
    { class: 'quiet' },
    `${d.explored ? 'This leader was drawn at random, to learn from. ' : ''}The ` +
      `served answer came out with a probability of ${percent(d.propensity)}: ` +
      `${percent(ranking.explore)} of the orders are drawn at random.`,
  ),
]

const showWhole = async (id: string, into: HTMLElement): Promise<void> => {
  const whole = await call<DecisionResponse>('GET', `/v1/decisions/${id}`).catch(() => null)
  into.replaceChildren(
    h('h3', { class: 'minor' }, 'What was said, as far as it is kept'),
    ...(whole
      ? [
          ...(whole.system === null ? [] : [text('System', whole.system)]),
          ...whole.messages.map((m) => text(m.role === 'user' ? 'You' : 'Claude', saidOf(m))),
          ...whole.answers.map((answer, i) => text(`Answer ${i + 1}`, answer)),
        ]
      : [h('p', {}, 'It is not there any more.')]),
  )
}

/** Of other blocks nothing but type and size is there. */
const saidOf = ({ text: words, other = [] }: DecisionResponse['messages'][number]): string =>
  [...other.map(({ type, bytes }) => `[${type}, ${bytesText(bytes)}: not kept]`), words]
    .filter((part) => part !== '')
    .join('\n')

const text = (who: string, words: string): HTMLElement =>
  h('div', { class: 'said' }, h('p', { class: 'quiet' }, who), h('p', { class: 'text' }, words))

const contributionText = (n: { readonly name: string; readonly contribution: number }): string =>
  `${n.name.replaceAll('_', ' ')} ${n.contribution > 0 ? '+' : '−'}${Math.abs(n.contribution).toFixed(2)}`
