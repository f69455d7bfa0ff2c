/** What left this device. */

import { fill, h, part } from '../../../../adapters/page/dom.ts'
import { bytesText, counted, timeNode } from '../../../../adapters/page/words.ts'
import type { LogResponse } from '../../schemas/inspection.ts'

const TO = { claude: 'Claude', federation: 'the federation' }
const COLUMNS = ['When', 'To', 'What', 'Size', 'Digest']

export const mountSent = () => {
  const line = h('p.line')
  const table = h('div.table', {
    tabindex: 0,
    role: 'region',
    'aria-label': 'What left this device, newest first',
  })
  part('sent').append(line, table)
  return ({ entries, sums }: LogResponse): void => {
    fill(line, sums.length === 0 ? 'Nothing has left this device.' : sumsText(sums))
    table.hidden = entries.length === 0
    const head = h(
      'tr',
      COLUMNS.map((text) => h('th', { scope: 'col' }, text)),
    )
    fill(table, h('table', h('thead', head), h('tbody', entries.map(row))))
  }
}

const sumsText = (sums: LogResponse['sums']): string => {
  const parts = sums.map(
    (s) => `${TO[s.recipient]}: ${counted(s.entries, 'message')}, ${bytesText(s.bytes)}`,
  )
  return `To ${parts.join(' · to ')}.`
}

const row = ({ at, recipient, what, bytes, digest }: LogResponse['entries'][number]) =>
  h(
    'tr',
    h('td', timeNode(at)),
    h('td', TO[recipient]),
    h('td', what),
    h('td.number', bytesText(bytes)),
    h('td', digest ? h('code', { title: digest }, `${digest.slice(0, 12)}…`) : 'none kept'),
  )
