/** The model, the release in use with its lineage, the private adapter, and the rounds contributed to. */
import type { AdaptersResponse } from '../../schemas/inspection.ts'
import { fill, h, part } from './dom.ts'
import { bytesText, counted, timeNode } from './words.ts'

type Adapter = NonNullable<AdaptersResponse['own']>['adapter']

const placeOf = (a: Adapter): string =>
  `rank ${a.rank}, layers ${a.firstLayer + 1} to ${a.endLayer}`

const ROUND = { pending: 'kept, not sent yet', accepted: 'accepted', refused: 'refused' }

const pair = (term: string, ...what: (Node | string)[]): Node[] => [
  h('dt', {}, term),
  h('dd', {}, ...what),
]

export const mountAdapters = () => {
  const into = part('adapters')
  return ({ base, release, own, rounds }: AdaptersResponse): void =>
    fill(
      into,
      h(
        'dl',
        {},
        ...pair('Local model', `${base.name}, read after layer ${base.exitLayer}`),
        ...pair(
          'Release in use',
          ...(release
            ? [
                h('code', { title: release.hash }, release.hash.slice(0, 12)),
                `, number ${release.version} of its line, of `,
                timeNode(release.createdAt),
                `; ${counted(release.cohort, 'device')} in it; ` +
                  `${bytesText(release.bytes)}, ${placeOf(release.adapter)}. `,
                release.parent
                  ? h(
                      'span',
                      { class: 'quiet' },
                      'Made from ',
                      h('code', { title: release.parent }, release.parent.slice(0, 12)),
                      '.',
                    )
                  : h('span', { class: 'quiet' }, 'The first of its line.'),
              ]
            : ['None: the model as it came.']),
        ),
        ...pair(
          'Private adapter',
          own
            ? `${bytesText(own.bytes)}, ${placeOf(own.adapter)}, trained on this ` +
                `device alone (${own.objective}). It never leaves.`
            : 'None yet.',
        ),
        ...pair(
          'Rounds contributed to',
          rounds.length === 0
            ? 'None.'
            : h(
                'ul',
                {},
                ...rounds.map((r) =>
                  h(
                    'li',
                    {},
                    timeNode(r.at),
                    `: ${bytesText(r.bytes)}, ${ROUND[r.state]}${r.reason ? ` (${r.reason})` : ''} `,
                    h('code', { title: r.digest }, r.digest.slice(0, 12)),
                  ),
                ),
              ),
        ),
      ),
    )
}
