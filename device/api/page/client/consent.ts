/** Consent: what each contribution is, granting and withdrawing. */

import { act } from '../../../../adapters/page/deeds.ts'
import { button, checkbox, fill, h, labelOf, newId, part } from '../../../../adapters/page/dom.ts'
import { timeNode } from '../../../../adapters/page/words.ts'
import { meaningWords, spentWords } from '../../../../adapters/privacy/spent-words.ts'
import { seenWords } from '../../../records/seen-words.ts'
import type { ConsentResponse } from '../../schemas/inspection.ts'
import type { StatusResponse } from '../../schemas/personalization.ts'
import { call } from './api.ts'
import { CONTRIBUTIONS } from './words.ts'

type Name = keyof typeof CONTRIBUTIONS

const namesText = (names: readonly Name[]): string =>
  names.map((name) => CONTRIBUTIONS[name][0].toLowerCase()).join(', ')

export const mountConsent = () => {
  const state = h('p.line')
  const told = h('div')
  const boxes = (Object.keys(CONTRIBUTIONS) as Name[]).map(boxOf)
  const days = h(
    'select',
    h('option', { value: '' }, 'Until I withdraw it'),
    h('option', { value: 30 }, 'For 30 days'),
    h('option', { value: 365 }, 'For a year'),
  )
  const least = h('input', { type: 'number', min: 1, max: 1_000_000, required: true, value: '20' })
  const takeBack = () => {
    act(async () => {
      await call('DELETE', '/v1/consent')
      return 'Withdrawn: nothing more is contributed. What is in a release already stays in it.'
    })
    boxes[0]?.input.focus()
  }
  const withdraw = button('Withdraw consent', takeBack, { class: 'plain' })
  let isTouched = false
  const give = () => {
    const contributions = boxes.filter((b) => b.input.checked).map((b) => b.name)
    act(async () => {
      if (contributions.length === 0)
        throw new Error('choose at least one, or withdraw the consent')
      const leastCohort = Number(least.value)
      const body = { contributions, days: days.value ? Number(days.value) : null, leastCohort }
      await call('PUT', '/v1/consent', body)
      isTouched = false
      return `Consent given: ${namesText(contributions)}.`
    })
  }
  const form = h(
    'form',
    {
      oninput: () => {
        isTouched = true
      },
      onsubmit: (event) => {
        event.preventDefault()
        give()
      },
    },
    h(
      'fieldset',
      h('legend', 'This device may contribute'),
      boxes.map((b) => b.node),
    ),
    h('div.together', labelOf(days, 'How long'), days),
    h('div.together', labelOf(least, 'Only in rounds of so many devices or more'), least),
    h('div.actions', h('button', { type: 'submit' }, 'Give consent'), withdraw),
  )
  part('consent').append(state, form, told)
  return ({ consent }: ConsentResponse, { privacy = [], lastRound }: StatusResponse): void => {
    fill(told, [
      ...(lastRound ? [h('p', `Last update: ${seenWords(lastRound)}.`)] : []),
      ...privacy.map((one) => h('p', `${spentWords(one)}: ${meaningWords(one)}.`)),
    ])
    withdraw.hidden = consent === null
    if (consent === null) fill(state, 'No consent: this device contributes nothing.')
    else {
      const { grantedAt, expiresAt, contributions, leastCohort = 20 } = consent
      const end = expiresAt === null ? 'you withdraw it' : timeNode(expiresAt)
      fill(
        state,
        'Given on ',
        timeNode(grantedAt),
        ', until ',
        end,
        `: ${namesText(contributions)}, in rounds of at least ${leastCohort} devices.`,
      )
    }
    // A form that the user has begun to fill in is left alone.
    if (!isTouched) {
      least.value = String(consent?.leastCohort ?? 20)
      for (const { name, input } of boxes)
        input.checked = consent?.contributions.includes(name) ?? false
    }
  }
}

const boxOf = (name: Name) => {
  const [title, text] = CONTRIBUTIONS[name]
  const hint = newId()
  const { input, label } = checkbox(title, { value: name, 'aria-describedby': hint })
  return { name, input, node: h('div', label, h('p.quiet', { id: hint }, text)) }
}
