/** The model, the release in use with its lineage, the private adapter, and the rounds contributed to. */

import { type Child, fill, h, pair, part } from '../../../../adapters/page/dom.ts'
import { bytesText, counted, timeNode } from '../../../../adapters/page/words.ts'
import type { AdaptersResponse } from '../../schemas/inspection.ts'

type Adapter = NonNullable<AdaptersResponse['own']>['adapter']

const placeOf = (a: Adapter): string =>
  `rank ${a.rank}, layers ${a.firstLayer + 1} to ${a.endLayer}`

const hashNode = (hash: string) => h('code', { title: hash }, hash.slice(0, 12))

const ROUND = { pending: 'kept, not sent yet', accepted: 'accepted', refused: 'refused' }

export const mountAdapters = () => {
  const into = part('adapters')
  return ({ base, release, own, rounds }: AdaptersResponse): void =>
    fill(
      into,
      h(
        'dl',
        pair('Local model', `${base.name}, read after layer ${base.exitLayer}`),
        pair('Release in use', ...releaseParts(release)),
        pair(
          'Private adapter',
          own
            ? `${bytesText(own.bytes)}, ${placeOf(own.adapter)}, trained on this ` +
                `device alone (${own.objective}). It never leaves.`
            : 'None yet.',
        ),
        pair('Rounds contributed to', rounds.length === 0 ? 'None.' : h('ul', rounds.map(round))),
      ),
    )
}

const releaseParts = (release: AdaptersResponse['release']): Child[] =>
  release
    ? [
        hashNode(release.hash),
        `, number ${release.version} of its line, of `,
        timeNode(release.createdAt),
        `; ${counted(release.cohort, 'device')} in it; ` +
          `${bytesText(release.bytes)}, ${placeOf(release.adapter)}. `,
        release.parent
          ? h('span.quiet', 'Made from ', hashNode(release.parent), '.')
          : h('span.quiet', 'The first of its line.'),
      ]
    : ['None: the model as it came.']

const round = ({ at, bytes, state, reason, digest }: AdaptersResponse['rounds'][number]) =>
  h(
    'li',
    timeNode(at),
    `: ${bytesText(bytes)}, ${ROUND[state]}${reason ? ` (${reason})` : ''} `,
    hashNode(digest),
  )
