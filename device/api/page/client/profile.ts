/**
 * What is known: a slider for each preference with the line that it adds, what it rests on, and
 * what can be done with it.
 */

import type { Dimension, Preference, ProfileChange } from '../../../records/preference.ts'
import type { DimensionsResponse, ProfileResponse } from '../../schemas/personalization.ts'
import { act, call } from './api.ts'
import { byId, h, newId, part, type Row, rows, setText } from './dom.ts'
import { counted, percent } from './words.ts'

type Words = DimensionsResponse['dimensions'][number]

const edit = (change: ProfileChange, done: string): Promise<void> =>
  act(async () => {
    await call<ProfileResponse>('PATCH', '/v1/profile', { changes: [change] })
    return done
  })

export const mountProfile = ({ dimensions, slightBelow }: DimensionsResponse) => {
  const wordsOf = new Map(dimensions.map((d) => [d.dimension, d]))
  const empty = h(
    'p',
    { class: 'empty' },
    'Nothing yet. Preferences are learned from the answers you pick, or set here.',
  )
  const holder = h('ul', { class: 'cards' })
  part('profile').append(empty, holder, adder(dimensions))
  const show = rows<Preference>(
    holder,
    (p) => p.dimension,
    (p) => card(p, wordsOf.get(p.dimension)!, slightBelow),
  )
  return ({ profile }: ProfileResponse): void => {
    empty.hidden = profile.preferences.length > 0
    show(profile.preferences)
    known = new Set(profile.preferences.map((p) => p.dimension))
    for (const option of adderOptions) option.disabled = known.has(option.value as Dimension)
  }
}

let known: ReadonlySet<Dimension> = new Set()
let adderOptions: HTMLOptionElement[] = []

/** −100 … 100 on the slider; 0 is no preference. */
const positionOf = (p: Preference): number => Math.round(100 * p.strength) * p.direction

const lineAt = (words: Words, position: number, slightBelow: number): string => {
  const isSlight = Math.abs(position) / 100 < slightBelow
  if (position < 0) return isSlight ? words.slightlyLess : words.less
  return isSlight ? words.slightlyMore : words.more
}

const card = (first: Preference, words: Words, slightBelow: number): Row<Preference> => {
  const { dimension, label } = words
  let now = first
  const strength = strengthSlider(() => now, words, slightBelow)
  const scope = scopeForm(() => now, label)
  const evidence = h('p', { class: 'quiet evidence' })
  const used = check('In use', () =>
    edit(
      { op: 'enable', dimension, enabled: used.input.checked },
      `${label}: ${used.input.checked ? 'in use' : 'not used'}.`,
    ),
  )
  const pinned = check('Pinned', () =>
    edit(
      { op: 'pin', dimension, pinned: pinned.input.checked },
      `${label}: ${pinned.input.checked ? 'pinned, learning leaves it alone' : 'may change as the device learns'}.`,
    ),
  )
  const node = h(
    'li',
    { class: 'card' },
    h('h3', {}, h('label', { for: strength.slider.id }, label)),
    h('div', { class: 'scale' }, h('span', {}, 'less'), strength.slider, h('span', {}, 'more')),
    strength.line,
    evidence,
    h('div', { class: 'controls' }, used.node, pinned.node, removeButton(words)),
    h('details', {}, h('summary', {}, 'Only in some requests'), scope.form),
  )
  return {
    node,
    update(preference) {
      now = preference
      strength.show()
      setText(evidence, evidenceOf(preference))
      used.input.checked = preference.enabled
      pinned.input.checked = preference.pinned
      scope.show()
    },
  }
}

/** A slider for the strength of a preference, and the line that it adds. */
const strengthSlider = (now: () => Preference, words: Words, slightBelow: number) => {
  const { dimension, label } = words
  const line = h('p', { class: 'line', id: newId() })
  let isMoving = false
  let waiting: ReturnType<typeof setTimeout> | undefined
  const slider = h('input', {
    type: 'range',
    id: newId(),
    min: -100,
    max: 100,
    step: 5,
    'aria-describedby': line.id,
  })
  const describe = () => {
    const position = Number(slider.value)
    const text = position === 0 ? 'no preference' : lineAt(words, position, slightBelow)
    const side = position < 0 ? 'less' : 'more'
    slider.setAttribute(
      'aria-valuetext',
      position === 0 ? text : `${side}, ${Math.abs(position)} percent: ${text}`,
    )
    const { enabled } = now()
    const isUsed = enabled && position !== 0
    setText(line, isUsed ? `“${text}”` : `Adds nothing${enabled ? '' : ': switched off'}.`)
    line.classList.toggle('off', !isUsed)
  }
  const send = () => {
    const position = Number(slider.value)
    const { scope } = now()
    isMoving = false
    void (position === 0
      ? edit({ op: 'enable', dimension, enabled: false }, `${label}: no preference.`)
      : edit(
          {
            op: 'state',
            dimension,
            direction: position < 0 ? -1 : 1,
            strength: Math.abs(position) / 100,
            scope,
          },
          `${label}: ${lineAt(words, position, slightBelow)}`,
        ))
  }
  slider.addEventListener('input', () => {
    isMoving = true
    describe()
  })
  // Keys change it step by step: the last one counts.
  slider.addEventListener('change', () => {
    clearTimeout(waiting)
    waiting = setTimeout(send, 300)
  })
  const show = (): void => {
    if (isMoving) return
    slider.value = String(now().enabled ? positionOf(now()) : 0)
    describe()
  }
  return { line, slider, show }
}

/** The words without which a preference is not used. */
const scopeForm = (now: () => Preference, label: string) => {
  const hint = newId()
  const scope = h('input', { type: 'text', id: newId(), 'aria-describedby': hint })
  const form = h(
    'form',
    { class: 'scope' },
    h('label', { for: scope.id }, 'Only for requests with one of these words'),
    h('div', { class: 'together' }, scope, h('button', { type: 'submit' }, 'Save words')),
    h('p', { class: 'quiet', id: hint }, 'Separated by commas; empty: every request.'),
  )
  form.addEventListener('submit', (event) => {
    event.preventDefault()
    const list = scope.value.split(',').flatMap((word) => word.trim() || [])
    const { dimension, direction, strength } = now()
    const next = list.length === 0 ? ('all' as const) : list.slice(0, 20)
    void edit(
      { op: 'state', dimension, direction, strength, scope: next },
      `${label}: ${next === 'all' ? 'for every request' : `for requests with ${next.join(', ')}`}.`,
    )
  })
  const show = (): void => {
    if (document.activeElement === scope) return
    const words = now().scope
    scope.value = words === 'all' ? '' : words.join(', ')
  }
  return { form, show }
}

const removeButton = ({ dimension, label }: Words) =>
  h(
    'button',
    {
      type: 'button',
      class: 'plain',
      'aria-label': `Remove ${label}`,
      onclick: () => {
        void edit({ op: 'forget', dimension }, `${label}: removed. It may be learned again.`)
        byId('known-title').focus()
      },
    },
    'Remove',
  )

const evidenceOf = ({ source, evidence, scope }: Preference): string => {
  const { choices, confidence, for: pro, against, undone } = evidence
  const votes = pro === undefined ? '' : ` (${pro} for, ${against ?? 0} against)`
  return [
    source === 'stated'
      ? 'You said so.'
      : `Learned from ${counted(choices, 'choice')}${votes}; ${percent(confidence)} sure.`,
    scope !== 'all' && `Only for requests with ${scope.join(', ')}.`,
    undone ? `Taken back in ${counted(undone, 'request')}.` : false,
  ]
    .filter(Boolean)
    .join(' ')
}

const check = (text: string, onChange: () => void) => {
  const input = h('input', { type: 'checkbox', onchange: onChange })
  return { input, node: h('label', { class: 'check' }, input, text) }
}

const adder = (dimensions: readonly Words[]): HTMLElement => {
  const ids = { what: newId(), how: newId() }
  const what = h('select', { id: ids.what, required: true })
  adderOptions = dimensions.map((d) => h('option', { value: d.dimension }, d.label))
  what.append(h('option', { value: '' }, 'Choose …'), ...adderOptions)
  const how = h('select', { id: ids.how, required: true })
  const tell = () => {
    const words = dimensions.find((d) => d.dimension === what.value)
    how.replaceChildren(
      ...(words
        ? [h('option', { value: -1 }, words.less), h('option', { value: 1 }, words.more)]
        : [h('option', { value: '' }, 'Choose what it is about first')]),
    )
  }
  what.addEventListener('change', tell)
  tell()
  const form = h(
    'form',
    { class: 'add' },
    h('div', {}, h('label', { for: ids.what }, 'About'), what),
    h('div', {}, h('label', { for: ids.how }, 'What Claude is told'), how),
    h('button', { type: 'submit' }, 'Add'),
  )
  form.addEventListener('submit', (event) => {
    event.preventDefault()
    const words = dimensions.find((d) => d.dimension === what.value)
    if (!words) return
    const direction = how.value === '1' ? 1 : -1
    void edit(
      { op: 'state', dimension: words.dimension, direction, strength: 1, scope: 'all' },
      `${words.label}: ${direction < 0 ? words.less : words.more}`,
    )
    what.value = ''
    tell()
  })
  return h('div', { class: 'adder' }, h('h3', {}, 'Add a preference'), form)
}
