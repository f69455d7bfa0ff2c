/** The device's state: whether it trains by itself now, and why not; energy; pause and resume. */

import { act } from '../../../../adapters/page/deeds.ts'
import {
  button,
  byId,
  type Child,
  fill,
  h,
  pair,
  part,
  setText,
} from '../../../../adapters/page/dom.ts'
import { counted, percent, timeNode } from '../../../../adapters/page/words.ts'
import type { ConditionsResponse, EnergyResponse } from '../../schemas/inspection.ts'
import type { StatusResponse } from '../../schemas/personalization.ts'
import { call } from './api.ts'
import { HOLDS, joulesText } from './words.ts'

const METHODS: Readonly<Record<EnergyResponse['method'], string>> = {
  rapl: 'read from the processor’s own counters',
  battery: 'read from what the battery gave',
  'cpu-time': 'estimated: busy processor time multiplied by a stated power',
  none: 'nothing was measured yet',
}

export const mountTraining = () => {
  const state = h('p.line')
  const facts = h('dl')
  let isPaused = false
  const pause = button('', () =>
    act(async () => {
      await call('POST', '/v1/training', { paused: !isPaused })
      return isPaused ? 'Training goes on where it was.' : 'Training is paused.'
    }),
  )
  part('training').append(state, h('div.actions', pause), facts)
  return (status: StatusResponse, conditions: ConditionsResponse, energy: EnergyResponse): void => {
    isPaused = status.training?.state === 'paused'
    setText(byId('about'), aboutText(status))
    setText(pause, isPaused ? 'Resume training' : 'Pause training')
    setText(state, stateText(status, conditions))
    fill(
      facts,
      ...deviceFacts(status, conditions),
      ...energyFacts(energy),
      ...workFacts(conditions),
    )
  }
}

/** The line at the top of the page. A store that can keep nothing comes before all else. */
const aboutText = ({ model, store }: StatusResponse): string =>
  store?.state === 'waiting'
    ? `nothing new is kept: ${store.what}. ${store.mend}`
    : `on this device · ${model}`

const stateText = ({ training, activity }: StatusResponse, c: ConditionsResponse): string => {
  if (training?.state === 'running')
    return `Training now: step ${training.step} of ${training.steps}.`
  if (activity === 'round') return 'Taking part in a round now.'
  if (c.allowed) return 'May train by itself now.'
  return `Does not train by itself now: ${c.reasons.map((reason) => HOLDS[reason]).join('; ')}.`
}

const deviceFacts = (
  { choices, people, ranking }: StatusResponse,
  { readings }: ConditionsResponse,
): Child[] => {
  const { right, spentToday } = ranking ?? { right: null, spentToday: null }
  return [
    pair('Choices so far', String(choices)),
    people !== undefined &&
      people > 1 &&
      pair(
        'People',
        `Apps named ${people} users in 30 days: the preferences of ${people} people are mixed. Send `,
        h('code', 'loreweave-mode: off'),
        ' or ',
        h('code', 'incognito'),
        ' with the requests of all but one of them, or give each a device.',
      ),
    pair(
      'Reranking',
      right
        ? `liked ${percent(Math.abs(right.difference))} ` +
            `${right.difference < 0 ? 'less' : 'more'} often than Claude’s first answer ` +
            `(${counted(right.decisions, 'decision')}, 95 %: ${percent(right.low)} to ` +
            `${percent(right.high)})`
        : 'not enough feedback to say',
      spentToday !== null &&
        `; $${spentToday.usd.toFixed(2)} for further answers in the last 24 hours`,
    ),
    pair('Read of the machine', readingsText(readings) || 'nothing'),
  ]
}

const readingsText = ({
  charging,
  idleSeconds,
  celsius,
  metered,
  battery,
}: ConditionsResponse['readings']): string =>
  [
    charging !== null && (charging ? 'charging' : 'not charging'),
    battery !== null && `battery at ${Math.round(battery)} %`,
    idleSeconds !== null && `unused for ${counted(Math.floor(idleSeconds / 60), 'minute')}`,
    celsius !== null && `${Math.round(celsius)} °C`,
    metered !== null && (metered ? 'network metered' : 'network not metered'),
  ]
    .filter((text) => text !== false)
    .join(', ')

const energyFacts = (energy: EnergyResponse): Child[] => {
  const { todayJoules, budgetJoules, method, wattsPerCore, joulesPerPoint, rounds } = energy
  return [
    pair(
      'Energy today',
      joulesText(todayJoules),
      budgetJoules === null
        ? ', no limit'
        : ` of ${joulesText(budgetJoules)} (${percent(todayJoules / Math.max(1, budgetJoules))})`,
      `; ${METHODS[method]}${wattsPerCore === null ? '' : ` (${wattsPerCore} W a core)`}`,
    ),
    joulesPerPoint !== null &&
      pair('Energy per point', `${joulesText(joulesPerPoint)} for a percentage point`),
    pair(
      'Energy of rounds',
      rounds.length === 0
        ? 'None yet.'
        : h(
            'ul',
            rounds.map((r) =>
              h('li', timeNode(r.at), `: ${joulesText(r.joules)}, ${METHODS[r.method]}`),
            ),
          ),
    ),
  ]
}

const workFacts = ({ lastTraining: last, nextTraining, nextLook }: ConditionsResponse): Child[] => [
  last
    ? pair(
        'Last work',
        timeNode(last.at),
        `: ${last.what}, ${last.outcome}${last.code ? ` (${last.code})` : ''}`,
      )
    : pair('Last work', 'none yet'),
  pair('Next work', nextTraining === null ? 'nothing waits' : timeNode(nextTraining)),
  nextLook !== null && pair('Looks again', timeNode(nextLook)),
]
