/** Tables and numbers of the page. */
import { type Child, h } from '../../../adapters/page/dom.ts'

/** Wider ones are moved sideways, with the keyboard too. */
export const table = (
  name: string,
  head: readonly string[],
  rows: readonly (readonly Child[])[],
): HTMLElement =>
  h(
    'div.table',
    { tabindex: 0, role: 'region', 'aria-label': name },
    h(
      'table',
      h(
        'thead',
        h(
          'tr',
          head.map((text) => (text === '' ? h('td') : h('th', { scope: 'col' }, text))),
        ),
      ),
      h(
        'tbody',
        rows.map((row) =>
          h(
            'tr',
            row.map((cell) => h('td', cell)),
          ),
        ),
      ),
    ),
  )

export const numbers = (
  rows: readonly (readonly [name: string, value: string] | false)[],
): HTMLElement =>
  h(
    'dl.numbers',
    rows.flatMap((row) => (row ? [h('div', h('dt', row[0]), h('dd', row[1]))] : [])),
  )
