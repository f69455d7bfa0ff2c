/** What codes and numbers are called on the page. */

import { numberText } from '../../../../adapters/page/words.ts'
import type { HoldReason } from '../../../records/agent-reports.ts'

export const HOLDS: Readonly<Record<HoldReason, string>> = {
  paused: 'you paused it',
  auto_off: 'training by itself is switched off in the settings',
  on_battery: 'the machine runs on its battery',
  not_idle: 'you are using the machine',
  outside_hours: 'it is outside the hours you set',
  too_hot: 'the processor is too hot',
  metered: 'the network is metered, so no rounds',
  budget_spent: 'today’s energy budget is spent',
  cannot_tell: 'a condition cannot be told on this machine',
  not_running: 'loreweave agent is not running',
}

export const CONTRIBUTIONS = {
  adapter: [
    'Adapter',
    'How one factor of the shared adapter would change on your choices: numbers, clipped, no texts.',
  ],
  prior: [
    'Prior',
    'First and second moments of your reward head. They are numbers about your ' +
      'taste: whoever runs the server can read them.',
  ],
  statistics: [
    'Statistics',
    'How many answers were compared, and sums of their style features, so that features get a common scale.',
  ],
  judgement: [
    'Judgement',
    'How well a release predicts your choices, beside the release before it: three rounded numbers, ' +
      'over choices that no release has learned from.',
  ],
} as const

/** Joules, and watt-hours too from a kilojoule on. */
export const joulesText = (joules: number): string =>
  joules < 1000
    ? `${numberText(joules)} J`
    : `${numberText(joules / 1000)} kJ (${numberText(joules / 3600)} Wh)`
