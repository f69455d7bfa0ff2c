/** Lineages: what devices follow, how far each release moved, and the way back. */
import { button, type Card, type Child, cards, fill, h } from '../../../adapters/page/dom.ts'
import { counted, timeNode } from '../../../adapters/page/words.ts'
import type { ReleaseSummary } from '../../../adapters/wire/containers.ts'
import { NORM_SHARES } from '../../../adapters/wire/norm-shares.ts'
import type { LineageView } from '../../../adapters/wire/operator.ts'
import { confirmed, get, mayAct, post } from './api.ts'
import { bars, digits, linePlot } from './plot.ts'
import { numbers, table } from './table.ts'

/** Of a long lineage the newest. */
const SHOWN = 40

type Line = { readonly lineage: LineageView; readonly releases: readonly ReleaseSummary[] }

export const mountReleases = () => {
  const show = cards<Line>('releases', ({ lineage }) => lineage.id, lineageCard)
  /** By the head of their lineage: releases never change, and a new one is the head. */
  let known = new Map<string, readonly ReleaseSummary[]>()
  return async (): Promise<() => void> => {
    const { lineages } = await get<{ lineages: LineageView[] }>('lineages')
    const lines = await Promise.all(
      lineages.map(async (lineage) => ({
        lineage,
        releases: known.get(lineage.head) ?? (await newestOf(lineage)),
      })),
    )
    known = new Map(lines.map(({ lineage, releases }) => [lineage.head, releases]))
    return () =>
      show(lines, lines.length === 0 ? 'None yet: the first job of a base model makes one.' : '')
  }
}

const newestOf = async ({ id }: LineageView): Promise<readonly ReleaseSummary[]> => {
  const path = `releases?lineage=${id}&order=newest&limit=${SHOWN}`
  return (await get<{ releases: ReleaseSummary[] }>(path)).releases.reverse()
}

const lineageCard = ({ lineage }: Line): Card<Line> => {
  const node = h('li.card', { id: `lineage-${lineage.id}` })
  const [body, actions, list] = [h('div'), h('div.actions'), h('div')]
  node.append(body, actions, list)
  let shown: string | undefined
  return {
    node,
    update(line) {
      fill(body, ...bodyOf(line))
      const state = `${line.lineage.head} ${line.lineage.promoted}`
      if (state === shown) return
      shown = state
      const promote = mayAct() && isStaged(line.lineage)
      actions.replaceChildren(...(promote ? [promoteButton(line.lineage)] : []))
      actions.hidden = !promote
      list.replaceChildren(listOf(line))
    },
  }
}

const isStaged = ({ version, promotedVersion }: LineageView): boolean => version !== promotedVersion

const shareText = (share: number): string => `${Math.round(share * 1000) / 10} %`

const bodyOf = ({ lineage, releases }: Line): Child[] => {
  const { judged, verdict, version, promotedVersion, share, base, id } = lineage
  const newest = releases.at(-1)
  return [
    h('div.head', h('h3', base), isStaged(lineage) && h('span.state.staged', 'staged')),
    h('p.quiet', 'lineage ', h('code', { title: id }, id.slice(0, 12))),
    numbers([
      ['newest version', String(version)],
      ['devices that follow it', isStaged(lineage) ? shareText(share) : 'all'],
      isStaged(lineage) && ['all others follow', `version ${promotedVersion}`],
      ['devices in it', String(newest?.cohort ?? 0)],
    ]),
    judged &&
      h('p', `${judged.devices} devices judge it: ${intervalText(judged)}; below zero is worse.`),
    verdict &&
      h(
        'p',
        `On ${counted(verdict.choices, 'choice')} of the evaluation set: ${intervalText(verdict)}. `,
        timeNode(verdict.at),
      ),
    ...plotsOf(releases),
  ]
}

const signed = (value: number): string => `${value < 0 ? '−' : '+'}${digits(Math.abs(value))}`

const intervalText = ({ mean, low, high }: { mean: number; low: number; high: number }): string =>
  `${signed(mean)} on average (95 %: ${signed(low)} to ${signed(high)})`

const plotsOf = (releases: readonly ReleaseSummary[]): Child[] => {
  const measured = releases.flatMap(({ version, metrics }) =>
    metrics ? [{ version, metrics }] : [],
  )
  const newest = measured.at(-1)
  if (!newest) return [h('p.empty', 'Drift and norms are shown from the first round on.')]
  const versions = measured.map(({ version }) => version)
  const { updateNorms } = newest.metrics
  return [
    linePlot('Drift: how far each release moved', versions, [
      { name: 'adapter', values: measured.map(({ metrics }) => metrics.adapterChange) },
      { name: 'prior', values: measured.map(({ metrics }) => metrics.priorChange) },
    ]),
    linePlot('Norm of the adapter', versions, [
      { name: 'norm', values: measured.map(({ metrics }) => metrics.adapterNorm) },
    ]),
    updateNorms.some((count) => count > 0) &&
      h(
        'div',
        h(
          'h4',
          `Norms of the updates in version ${newest.version}, as shares of the largest allowed`,
        ),
        bars(updateNorms.map((count, i) => [normText(i), count] as const)),
      ),
  ]
}

const normText = (i: number): string => {
  const of = (share: number | undefined) => (share === 1 ? 'all' : `1/${1 / (share ?? 1)}`)
  return i === 0
    ? `up to ${of(NORM_SHARES[0])}`
    : `${of(NORM_SHARES[i - 1])} to ${of(NORM_SHARES[i])}`
}

const promoteButton = ({ id, version, promotedVersion, share, base }: LineageView): HTMLElement =>
  button(`Promote version ${version}`, () =>
    confirmed({
      title: `Promote version ${version} of ${base}?`,
      effects: [
        `All devices follow version ${version} from their next check-in on: so far ${shareText(share)} ` +
          `of them do, and the others follow version ${promotedVersion}.`,
        'Taking it back later makes a new version, which devices follow in their turn.',
      ],
      button: `Promote version ${version}`,
      work: async () => {
        await post(`lineages/${id}/promote`)
        return `All devices follow version ${version} of ${base}.`
      },
    }),
  )

const listOf = ({ lineage, releases }: Line): HTMLElement => {
  const versions = new Map(releases.map(({ hash, version }) => [hash, version]))
  return table(
    `Releases of ${lineage.base}`,
    ['Version', '', 'Made', 'From', 'Devices', 'Parts', 'Moved', 'Release'],
    [...releases].reverse().map((release): Child[] => [
      h('strong', String(release.version)),
      // Beside the version, where it is seen on a narrow screen.
      placeOf(lineage, release),
      timeNode(release.createdAt),
      originOf(release, versions),
      String(release.cohort),
      release.parts.join(', '),
      release.metrics ? digits(release.metrics.adapterChange) : '–',
      h('code', { title: release.hash }, release.hash.slice(0, 8)),
    ]),
  )
}

const originOf = ({ parent, restores }: ReleaseSummary, versions: Map<string, number>): string => {
  if (restores !== undefined) return `restores ${restores}`
  return parent === null ? 'the first' : `version ${versions.get(parent) ?? parent.slice(0, 8)}`
}

/** Whether devices follow a release; else the way back to it. */
const placeOf = (lineage: LineageView, release: ReleaseSummary): Child => {
  const follow = [
    release.hash === lineage.head && 'newest',
    isStaged(lineage) && release.hash === lineage.promoted && 'promoted',
  ].filter((word) => word !== false)
  const back = mayAct() && release.hash !== lineage.head && rollbackButton(lineage, release)
  return h('span.place', follow.length > 0 && h('span.state.staged', follow.join(', ')), back)
}

const rollbackButton = (
  { id, base, version: newest }: LineageView,
  { version, cohort, parts }: ReleaseSummary,
): HTMLElement =>
  button(
    'Roll back',
    () =>
      confirmed({
        title: `Roll back to version ${version} of ${base}?`,
        effects: [
          `A new version ${newest + 1} is made with the parts of version ${version} ` +
            `(${parts.join(', ') || 'no parts'}; ${counted(cohort, 'device')} in it).`,
          'All devices follow it from their next check-in on, also those of a staged release. What was ' +
            `learned after version ${version} is not used any more; those versions stay in the list.`,
          'An open round is given up, with the updates that came for it, and opens again from there.',
        ],
        button: `Roll back to version ${version}`,
        work: async () => {
          await post(`lineages/${id}/rollback`, { version })
          return (
            `Version ${newest + 1} of ${base} restores version ${version}. ` +
            'Devices follow it at their next check-in.'
          )
        },
      }),
    {
      class: 'plain',
      'aria-label': `Roll back to version ${version} of ${base}`,
    },
  )
