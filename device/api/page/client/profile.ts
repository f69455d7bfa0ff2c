/**
 * The preferences: each with a slider, the line that it adds, what it rests on, and what can be
 * done with it.
 */

import { act } from '../../../../adapters/page/deeds.ts'
import {
  button,
  byId,
  type Card,
  cards,
  checkbox,
  h,
  labelOf,
  newId,
  part,
  setText,
} from '../../../../adapters/page/dom.ts'
import { counted, joined, percent } from '../../../../adapters/page/words.ts'
import type { Preference, ProfileChange } from '../../../records/preference.ts'
import type { DimensionsResponse, ProfileResponse } from '../../schemas/personalization.ts'
import { call } from './api.ts'

type Words = DimensionsResponse['dimensions'][number]

const edit = (change: ProfileChange, done: string): void =>
  act(async () => {
    await call<ProfileResponse>('PATCH', '/v1/profile', { changes: [change] })
    return done
  })

export const mountProfile = ({ dimensions, slightBelow }: DimensionsResponse) => {
  const wordsOf = new Map(dimensions.map((d) => [d.dimension, d]))
  const show = cards<Preference>(
    'profile',
    (p) => p.dimension,
    (p) => card(p, wordsOf.get(p.dimension)!, slightBelow),
  )
  const { node, options } = adder(dimensions)
  part('profile').append(node)
  return ({ profile: { preferences } }: ProfileResponse): void => {
    show(
      preferences,
      preferences.length === 0
        ? 'Nothing yet. Preferences are learned from the answers you pick, or set here.'
        : '',
    )
    const known = new Set<string>(preferences.map((p) => p.dimension))
    for (const option of options) option.disabled = known.has(option.value)
  }
}

/** −100 … 100 on the slider; 0 is no preference. */
const positionOf = (p: Preference): number => Math.round(100 * p.strength) * p.direction

const lineAt = (words: Words, position: number, slightBelow: number): string => {
  const isSlight = Math.abs(position) / 100 < slightBelow
  if (position < 0) return isSlight ? words.slightlyLess : words.less
  return isSlight ? words.slightlyMore : words.more
}

const card = (first: Preference, words: Words, slightBelow: number): Card<Preference> => {
  const { dimension, label } = words
  let now = first
  const strength = strengthSlider(() => now, words, slightBelow)
  const scope = scopeForm(() => now, label)
  const evidence = h('p.quiet.evidence')
  const used = checkbox('In use', {
    onchange: () => {
      const enabled = used.input.checked
      edit({ op: 'enable', dimension, enabled }, `${label}: ${enabled ? 'in use' : 'not used'}.`)
    },
  })
  const pinned = checkbox('Pinned', {
    onchange: () => {
      const isPinned = pinned.input.checked
      edit(
        { op: 'pin', dimension, pinned: isPinned },
        `${label}: ${isPinned ? 'pinned, learning leaves it alone' : 'may change as the device learns'}.`,
      )
    },
  })
  const remove = () => {
    edit({ op: 'forget', dimension }, `${label}: removed. It may be learned again.`)
    byId('known-title').focus()
  }
  const removal = { class: 'plain', 'aria-label': `Remove ${label}` }
  return {
    node: h(
      'li.card',
      h('h3', labelOf(strength.slider, label)),
      h('div.scale', h('span', 'less'), strength.slider, h('span', 'more')),
      strength.line,
      evidence,
      h('div.controls', used.label, pinned.label, button('Remove', remove, removal)),
      h('details', h('summary', 'Only in some requests'), scope.form),
    ),
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
  const line = h('p.line', { id: newId() })
  let isMoving = false
  let waiting: ReturnType<typeof setTimeout> | undefined
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
    isMoving = false
    if (position === 0)
      return edit({ op: 'enable', dimension, enabled: false }, `${label}: no preference.`)
    const direction = position < 0 ? -1 : 1
    const strength = Math.abs(position) / 100
    edit(
      { op: 'state', dimension, direction, strength, scope: now().scope },
      `${label}: ${lineAt(words, position, slightBelow)}`,
    )
  }
  const slider = h('input', {
    type: 'range',
    min: -100,
    max: 100,
    step: 5,
    'aria-describedby': line.id,
    oninput: () => {
      isMoving = true
      describe()
    },
    // Each key press is a change; only the last one is sent.
    onchange: () => {
      clearTimeout(waiting)
      waiting = setTimeout(send, 300)
    },
  })
  const show = (): void => {
    if (isMoving) return
    slider.value = String(now().enabled ? positionOf(now()) : 0)
    describe()
  }
  return { line, slider, show }
}

/** A preference with a scope is used only in requests that contain one of these words. */
const scopeForm = (now: () => Preference, label: string) => {
  const hint = newId()
  const input = h('input', { type: 'text', 'aria-describedby': hint })
  const save = (event: Event) => {
    event.preventDefault()
    const list = input.value.split(',').flatMap((word) => word.trim() || [])
    const { dimension, direction, strength } = now()
    const scope = list.length === 0 ? ('all' as const) : list.slice(0, 20)
    edit(
      { op: 'state', dimension, direction, strength, scope },
      `${label}: ${scope === 'all' ? 'for every request' : `for requests with ${scope.join(', ')}`}.`,
    )
  }
  const form = h(
    'form.scope',
    { onsubmit: save },
    labelOf(input, 'Only for requests with one of these words'),
    h('div.together', input, h('button', { type: 'submit' }, 'Save words')),
    h('p.quiet', { id: hint }, 'Separated by commas; empty: every request.'),
  )
  const show = (): void => {
    if (document.activeElement === input) return
    const { scope } = now()
    input.value = scope === 'all' ? '' : scope.join(', ')
  }
  return { form, show }
}

const evidenceOf = ({ source, evidence, scope }: Preference): string => {
  const { choices, confidence, for: pro, against, undone } = evidence
  const votes = pro === undefined ? '' : ` (${pro} for, ${against ?? 0} against)`
  return joined(
    source === 'stated'
      ? 'You said so.'
      : `Learned from ${counted(choices, 'choice')}${votes}; ${percent(confidence)} sure.`,
    scope !== 'all' && `Only for requests with ${scope.join(', ')}.`,
    undone ? `Taken back in ${counted(undone, 'request')}.` : false,
  )
}

const option = (value: string | number, text: string) => h('option', { value }, text)

const adder = (dimensions: readonly Words[]) => {
  const options = dimensions.map((d) => option(d.dimension, d.label))
  const chosen = () => dimensions.find((d) => d.dimension === what.value)
  const offer = () => {
    const words = chosen()
    how.replaceChildren(
      ...(words
        ? [option(-1, words.less), option(1, words.more)]
        : [option('', 'Choose what it is about first')]),
    )
  }
  const add = (event: Event) => {
    event.preventDefault()
    const words = chosen()
    if (!words) return
    const { dimension, label, less, more } = words
    const direction = how.value === '1' ? 1 : -1
    edit(
      { op: 'state', dimension, direction, strength: 1, scope: 'all' },
      `${label}: ${direction < 0 ? less : more}`,
    )
    what.value = ''
    offer()
  }
  const how = h('select', { required: true })
  const what = h('select', { required: true, onchange: offer }, option('', 'Choose …'), options)
  offer()
  const form = h(
    'form.add',
    { onsubmit: add },
    h('div', labelOf(what, 'About'), what),
    h('div', labelOf(how, 'What Claude is told'), how),
    h('button', { type: 'submit' }, 'Add'),
  )
  return { options, node: h('div.adder', h('h3', 'Add a preference'), form) }
}
