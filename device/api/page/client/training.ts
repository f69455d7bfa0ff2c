/** Whether the device trains by itself now, and why not; energy; pause and resume. */
import type { ConditionsResponse, EnergyResponse } from '../../schemas/inspection.ts'
import type { StatusResponse } from '../../schemas/personalization.ts'
import { act, call } from './api.ts'
import { fill, h, part, setText } from './dom.ts'
import { counted, HOLDS, joulesText, percent, timeNode } from './words.ts'

const METHODS: Readonly<Record<EnergyResponse['method'], string>> = {
  rapl: 'read from the processor’s own counters',
  battery: 'read from what the battery gave',
  'cpu-time': 'estimated: busy processor time multiplied by a stated power',
  none: 'nothing was measured yet',
}

export const mountTraining = () => {
  const state = h('p', { class: 'line' })
  const button = h('button', { type: 'button' })
  const facts = h('dl')
  let isPaused = false
  button.addEventListener('click', () => {
    void act(async () => {
      await call('POST', '/v1/training', { paused: !isPaused })
      return isPaused ? 'Training goes on where it was.' : 'Training is paused.'
    })
  })
  part('training').append(state, h('div', { class: 'actions' }, button), facts)
  return (status: StatusResponse, conditions: ConditionsResponse, energy: EnergyResponse): void => {
    const { training } = status
    isPaused = training?.state === 'paused'
    setText(button, isPaused ? 'Resume training' : 'Pause training')
    setText(state, stateText(status, conditions))
    fill(facts, ...factsOf(status, conditions, energy))
  }
}

const stateText = ({ training, activity }: StatusResponse, c: ConditionsResponse): string => {
  if (training?.state === 'running')
    return `Training now: step ${training.step} of ${training.steps}.`
  if (activity === 'round') return 'Taking part in a round now.'
  if (c.allowed) return 'May train by itself now.'
  return `Does not train by itself now: ${c.reasons.map((r) => HOLDS[r].replaceAll('`', '')).join('; ')}.`
}

const pair = (term: string, ...what: (Node | string | false)[]): Node[] => [
  h('dt', {}, term),
  h('dd', {}, ...what),
]

const readingsText = ({
  charging,
  idleSeconds,
  celsius,
  metered,
  battery,
}: ConditionsResponse['readings']): string => {
  return [
    charging !== null && (charging ? 'charging' : 'not charging'),
    battery !== null && `battery at ${Math.round(battery)} %`,
    idleSeconds !== null && `unused for ${counted(Math.floor(idleSeconds / 60), 'minute')}`,
    celsius !== null && `${Math.round(celsius)} °C`,
    metered !== null && (metered ? 'network metered' : 'network not metered'),
  ]
    .filter((text) => text !== false)
    .join(', ')
}

const factsOf = (
  status: StatusResponse,
  { readings, lastTraining, nextTraining, nextLook }: ConditionsResponse,
  energy: EnergyResponse,
): Node[] => {
  const { right, spentToday } = status.ranking ?? { right: null, spentToday: null }
  return [
    ...pair('Choices so far', String(status.choices)),
    ...(status.people !== undefined && status.people > 1
      ? pair(
          'People',
          `Apps named ${status.people} users in 30 days: the preferences of ${status.people} people are mixed. Send `,
          h('code', {}, 'loreweave-mode: off'),
          ' or ',
          h('code', {}, 'incognito'),
          ' with the requests of all but one of them, or give each a device.',
        )
      : []),
    ...pair(
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
    ...pair('Read of the machine', readingsText(readings) || 'nothing'),
    ...pair(
      'Energy today',
      joulesText(energy.todayJoules),
      energy.budgetJoules === null
        ? ', no limit'
        : ` of ${joulesText(energy.budgetJoules)} (${percent(energy.todayJoules / Math.max(1, energy.budgetJoules))})`,
      `; ${METHODS[energy.method]}${energy.wattsPerCore === null ? '' : ` (${energy.wattsPerCore} W a core)`}`,
    ),
    ...(energy.joulesPerPoint === null
      ? []
      : pair('Energy per point', `${joulesText(energy.joulesPerPoint)} for a percentage point`)),
    ...pair(
      'Energy of rounds',
      energy.rounds.length === 0
        ? 'None yet.'
        : h(
            'ul',
            {},
            ...energy.rounds.map((r) =>
              h('li', {}, timeNode(r.at), `: ${joulesText(r.joules)}, ${METHODS[r.method]}`),
            ),
          ),
    ),
    ...pair(
      'Last work',
      ...(lastTraining
        ? [
            timeNode(lastTraining.at),
            `: ${lastTraining.what}, ${lastTraining.outcome}${lastTraining.code ? ` (${lastTraining.code})` : ''}`,
          ]
        : ['none yet']),
    ),
    ...pair('Next work', ...(nextTraining === null ? ['nothing waits'] : [timeNode(nextTraining)])),
    ...(nextLook === null ? [] : pair('Looks again', timeNode(nextLook))),
  ]
}
