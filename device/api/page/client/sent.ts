/** What left this device. */
import type { LogResponse } from '../../schemas/inspection.ts'
import { fill, h, part } from './dom.ts'
import { bytesText, counted, timeNode } from './words.ts'

const TO = { claude: 'Claude', federation: 'the federation' }

export const mountSent = () => {
  const sums = h('p', { class: 'line' })
  const table = h('div', {
    class: 'table',
    tabindex: 0,
    role: 'region',
    'aria-label': 'What left this device, newest first',
  })
  part('sent').append(sums, table)
  return ({ entries, sums: all }: LogResponse): void => {
    fill(
      sums,
      all.length === 0
        ? 'Nothing has left this device.'
        : `To ${all
            .map(
              (s) => `${TO[s.recipient]}: ${counted(s.entries, 'message')}, ${bytesText(s.bytes)}`,
            )
            .join(' · to ')}.`,
    )
    table.hidden = entries.length === 0
    fill(
      table,
      h(
        'table',
        {},
        h(
          'thead',
          {},
          h(
            'tr',
            {},
            ...['When', 'To', 'What', 'Size', 'Digest'].map((t) => h('th', { scope: 'col' }, t)),
          ),
        ),
        h(
          'tbody',
          {},
          ...entries.map((e) =>
            h(
              'tr',
              {},
              h('td', {}, timeNode(e.at)),
              h('td', {}, TO[e.recipient]),
              h('td', {}, e.what),
              h('td', { class: 'number' }, bytesText(e.bytes)),
              h(
                'td',
                {},
                e.digest
                  ? h('code', { title: e.digest }, `${e.digest.slice(0, 12)}…`)
                  : 'none kept',
              ),
            ),
          ),
        ),
      ),
    )
  }
}
