/** Recent decisions: what was added and what came first, why, and how to take it back or forget the conversation. */

import { act } from '../../../../adapters/page/deeds.ts'
import {
  button,
  byId,
  type Card,
  type Child,
  cards,
  fill,
  h,
  part,
  setText,
} from '../../../../adapters/page/dom.ts'
import { bytesText, counted, percent, timeNode } from '../../../../adapters/page/words.ts'
import { whyOf } from '../../../preferences/reasons.ts'
import type { Dimension } from '../../../records/preference.ts'
import type { RankingWhy } from '../../../records/rerank-decision.ts'
import type {
  DecisionResponse,
  DecisionSummary,
  DecisionsResponse,
} from '../../schemas/inspection.ts'
import { call } from './api.ts'
import { forgetButton } from './forget.ts'

export const mountDecisions = () => {
  let newest: readonly DecisionSummary[] = []
  let added: readonly DecisionSummary[] = []
  let before: string | null = null
  const showOlder = () =>
    act(async () => {
      const page = await call<DecisionsResponse>('GET', `/v1/decisions?before=${before}`)
      added = [...added, ...page.decisions]
      before = page.next
      render()
      return `${counted(page.decisions.length, 'older decision')} shown.`
    })
  // Others of the conversation went too: older ones are asked for again.
  const drop = (id: string) => {
    newest = newest.filter((d) => d.id !== id)
    added = []
    before = null
    render()
  }
  const show = cards<DecisionSummary>(
    'decisions',
    (d) => d.id,
    (d) => card(d, drop),
  )
  const older = button('Show older ones', showOlder, { class: 'plain', hidden: true })
  part('decisions').append(older)
  const render = () => {
    const fresh = new Set(newest.map((d) => d.id))
    const all = [...newest, ...added.filter((d) => !fresh.has(d.id))]
    older.hidden = before === null
    show(all, all.length === 0 ? 'No request has come through this device yet.' : '')
  }
  return ({ decisions, next }: DecisionsResponse): void => {
    newest = decisions
    if (added.length === 0) before = next
    render()
  }
}

const card = (first: DecisionSummary, drop: (id: string) => void): Card<DecisionSummary> => {
  const { id } = first
  let now = first
  const request = h('p.quote')
  const summary = h('p.summary')
  const disclosure = h('summary', 'Why, and what was said')
  const undo = (dimension?: Dimension) => {
    act(async () => {
      const event = { kind: 'undo', decisionId: id, ...(dimension && { dimension }) }
      await call('POST', '/v1/feedback', { event })
      return (
        'Taken back: the device learns from it. This conversation keeps its note; the ' +
        'undo counts from the next one on.'
      )
    })
    disclosure.focus()
  }
  const why = h('div.why', {
    onclick: ({ target }) => {
      const line = (target as Element).closest<HTMLElement>('[data-dimension]')
      if (line) undo(line.dataset['dimension'] as Dimension)
    },
  })
  const whole = h('div.whole')
  const details = h('details', disclosure, why, whole)
  details.addEventListener('toggle', () => {
    if (details.open) void showWhole(id, whole)
    else whole.replaceChildren()
  })
  const undoAll = button('Undo the note', () => undo(), { class: 'plain' })
  const forget = forgetButton(
    'Forget this conversation …',
    { decisionId: id },
    () => now.request,
    () => {
      drop(id)
      byId('decisions-title').focus()
    },
  )
  return {
    node: h(
      'li.card',
      h('p.quiet', timeNode(first.at)),
      request,
      summary,
      details,
      h('div.actions', undoAll, forget),
    ),
    update(decision) {
      now = decision
      setText(request, decision.request || '(no text)')
      setText(summary, summaryOf(decision))
      undoAll.hidden = decision.dimensions.every((d) => decision.undone.includes(d))
      fill(why, ...reasons(decision))
    },
  }
}

const summaryOf = ({ rewriting, dimensions, undone, candidates, served }: DecisionSummary) => {
  const lines = rewriting?.lines.length ?? dimensions.length
  const note =
    lines === 0
      ? 'Nothing added'
      : `${counted(lines, 'line')} added${undone.length > 0 ? `, ${undone.length} taken back` : ''}`
  if (candidates === 0) return `${note} · no answer recorded`
  if (candidates === 1) return `${note} · one answer`
  const order = served === 0 ? 'Claude’s first kept' : `number ${served + 1} served`
  return `${note} · ${candidates} answers, ${order}`
}

const title = (text: string) => h('h3.minor', text)

const reasons = (d: DecisionSummary): Child[] => [
  title('The note'),
  h(
    'p',
    d.rewriting
      ? whyOf(d.rewriting.reason, d.rewriting.silenced)
      : 'No reasons were kept at the time.',
  ),
  d.rewriting && d.rewriting.lines.length > 0 && addedLines(d.rewriting.lines, d.undone),
  d.ranking && rankingParts(d, d.ranking),
  d.cost &&
    h(
      'p.quiet',
      `Further answers took ${counted(d.cost.tokens, 'token')} of ` +
        `${d.cost.model || 'Claude'}: $${d.cost.usd.toFixed(4)}.`,
    ),
  title('What you made of it'),
  d.feedback.length === 0
    ? h('p', 'No feedback so far.')
    : h(
        'ul',
        d.feedback.map((f) => h('li', `${feedbackText(f)} · `, timeNode(f.at))),
      ),
]

/** Each line of the note with a button, which the listener of the card takes care of. */
const addedLines = (
  lines: NonNullable<DecisionSummary['rewriting']>['lines'],
  undone: readonly Dimension[],
) =>
  h(
    'ul.lines',
    lines.map(({ dimension, line }) =>
      h(
        'li',
        h('span', line),
        undone.includes(dimension)
          ? h('span.quiet', 'taken back')
          : h(
              'button.plain',
              {
                type: 'button',
                'data-dimension': dimension,
                'aria-label': `Undo the line: ${line}`,
              },
              'Undo',
            ),
      ),
    ),
  )

const feedbackText = (f: DecisionSummary['feedback'][number]): string =>
  f.kind.replace('_', ' ') +
  (f.value === undefined ? '' : f.value > 0 ? ' up' : ' down') +
  (f.dimension ? ` (${f.dimension})` : '') +
  (f.isImplicit ? ', read from how the conversation went on' : '')

const rankingParts = (d: DecisionSummary, ranking: RankingWhy): Node[] => [
  title('The order'),
  h(
    'p',
    `${ranking.reason[0]?.toUpperCase()}${ranking.reason.slice(1)}. ` +
      `${percent(ranking.probability)} that the best beats the first.`,
  ),
  h(
    'ol',
    ranking.candidates.map(({ explanation, named }, i) =>
      h(
        'li',
        h('span', `${i === d.served ? 'Served: ' : ''}${explanation}`),
        named.length > 0 && h('span.quiet', ` ${named.map(contributionText).join(', ')}`),
      ),
    ),
  ),
  h(
    'p.quiet',
    `${d.explored ? 'This leader was drawn at random, to learn from. ' : ''}The ` +
      `served answer came out with a probability of ${percent(d.propensity)}: ` +
      `${percent(ranking.explore)} of the orders are drawn at random.`,
  ),
]

const contributionText = (n: { readonly name: string; readonly contribution: number }): string =>
  `${n.name.replaceAll('_', ' ')} ${n.contribution > 0 ? '+' : '−'}${Math.abs(n.contribution).toFixed(2)}`

const showWhole = async (id: string, into: HTMLElement): Promise<void> => {
  const whole = await call<DecisionResponse>('GET', `/v1/decisions/${id}`).catch(() => null)
  into.replaceChildren(
    title('What was said, as far as it is kept'),
    ...(whole
      ? [
          ...(whole.system === null ? [] : [text('System', whole.system)]),
          ...whole.messages.map((m) => text(m.role === 'user' ? 'You' : 'Claude', saidOf(m))),
          ...whole.answers.map((answer, i) => text(`Answer ${i + 1}`, answer)),
        ]
      : [h('p', 'It is not there any more.')]),
  )
}

const text = (who: string, words: string) => h('div.said', h('p.quiet', who), h('p.text', words))

/** The text of a message. Only the type and the size of other blocks are kept. */
const saidOf = ({ text: words, other = [] }: DecisionResponse['messages'][number]): string =>
  [...other.map(({ type, bytes }) => `[${type}, ${bytesText(bytes)}: not kept]`), words]
    .filter((part) => part !== '')
    .join('\n')
