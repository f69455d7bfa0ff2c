/** Consent: what each contribution is, granting and withdrawing. */
import type { ConsentResponse } from '../../schemas/inspection.ts'
import { act, call } from './api.ts'
import { fill, h, newId, part } from './dom.ts'
import { CONTRIBUTIONS, timeNode } from './words.ts'

type Name = keyof typeof CONTRIBUTIONS
const NAMES = Object.keys(CONTRIBUTIONS) as Name[]

export const mountConsent = () => {
  const state = h('p', { class: 'line' })
  const boxes = NAMES.map(boxOf)
  const days = h('select', { id: newId() })
  for (const [value, text] of [
    ['', 'Until I withdraw it'],
    ['30', 'For 30 days'],
    ['365', 'For a year'],
  ] as const)
    days.append(h('option', { value }, text))
  const withdraw = h(
    'button',
    {
      type: 'button',
      class: 'plain',
      onclick: () => {
        void act(async () => {
          await call('DELETE', '/v1/consent')
          return 'Withdrawn: nothing more is contributed. What is in a release already stays in it.'
        })
        boxes[0]?.input.focus()
      },
    },
    'Withdraw consent',
  )
  const form = h(
    'form',
    {},
    h('fieldset', {}, h('legend', {}, 'This device may contribute'), ...boxes.map((b) => b.node)),
    h('div', { class: 'together' }, h('label', { for: days.id }, 'How long'), days),
    h('div', { class: 'actions' }, h('button', { type: 'submit' }, 'Give consent'), withdraw),
  )
  let isTouched = false
  form.addEventListener('input', () => {
    isTouched = true
  })
  form.addEventListener('submit', (event) => {
    event.preventDefault()
    const contributions = boxes.filter((b) => b.input.checked).map((b) => b.name)
    void act(async () => {
      if (contributions.length === 0)
        throw new Error('choose at least one, or withdraw the consent')
      const body = { contributions, days: days.value ? Number(days.value) : null }
      await call('PUT', '/v1/consent', body)
      isTouched = false
      return `Consent given: ${contributions.map((c) => CONTRIBUTIONS[c][0].toLowerCase()).join(', ')}.`
    })
  })
  part('consent').append(state, form)
  return ({ consent }: ConsentResponse): void => {
    withdraw.hidden = consent === null
    if (consent === null) fill(state, 'No consent: this device contributes nothing.')
    else
      fill(
        state,
        'Given on ',
        timeNode(consent.grantedAt),
        consent.expiresAt === null ? ', until you withdraw it: ' : ', until ',
        consent.expiresAt !== null && timeNode(consent.expiresAt),
        consent.expiresAt !== null && ': ',
        `${consent.contributions.map((c) => CONTRIBUTIONS[c][0].toLowerCase()).join(', ')}.`,
      )
    // What the user is about to choose is left alone.
    if (!isTouched)
      for (const { name, input } of boxes)
        input.checked = consent?.contributions.includes(name) ?? false
  }
}

const boxOf = (name: Name) => {
  const [title, text] = CONTRIBUTIONS[name]
  const hint = newId()
  const input = h('input', { type: 'checkbox', value: name, 'aria-describedby': hint })
  const label = h('label', { class: 'check' }, input, title)
  return { name, input, node: h('div', {}, label, h('p', { class: 'quiet', id: hint }, text)) }
}
