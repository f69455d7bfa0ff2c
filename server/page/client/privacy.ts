/** Privacy budgets: what releases have spent, and what is left. */
import { fill, h, part } from '../../../adapters/page/dom.ts'
import { meaningWords, spentWords } from '../../../adapters/privacy/spent-words.ts'
import type { PrivacyAccount, PrivacyResponse } from '../../../adapters/wire/privacy.ts'
import { get } from './api.ts'
import { linePlot } from './plot.ts'

export const lookAtPrivacy = async (): Promise<() => void> => {
  const { accounts } = await get<PrivacyResponse>('privacy')
  return () =>
    fill(
      part('privacy'),
      accounts.length === 0
        ? h(
            'p.empty',
            'No budget is set, and releases hold no noise. ',
            h('code', 'loreweave-server privacy budget'),
            ' sets one.',
          )
        : accounts.map(accountNode),
    )
}

const accountNode = (account: PrivacyAccount): HTMLElement => {
  const { population, purpose, epsilon, spent, rounds, history } = account
  const left = (of: number) => Math.max(0, epsilon - of)
  return h(
    'div',
    h('h3', `Population ${population}, ${purpose}`),
    h('p', `${spentWords(account)}; ${Number(left(spent).toPrecision(3))} is left.`),
    h('p.quiet', `That is: ${meaningWords(account)}.`),
    history.length > 0 &&
      linePlot(
        'ε after each round',
        history.map((_, i) => rounds - history.length + 1 + i),
        [
          { name: 'spent', values: history.map((one) => one.spent) },
          { name: 'left', values: history.map((one) => left(one.spent)) },
        ],
        'round',
      ),
  )
}
