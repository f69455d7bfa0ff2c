/** What the operator's commands print for people. */
import type { ReleaseMetrics, ReleaseSummary } from '../../adapters/wire/containers.ts'
import type { JobView } from '../../adapters/wire/jobs.ts'
import { NORM_SHARES } from '../../adapters/wire/norm-shares.ts'
import type { LineageView } from '../../adapters/wire/operator.ts'
import type { RobustMetrics } from '../../adapters/wire/robust.ts'
import { percent } from '../releases/rollout.ts'

/** Columns padded to their widest cell; the first row is the heading. */
export const table = (rows: readonly (readonly string[])[]): string => {
  const widths = (rows[0] ?? []).map((_, i) => Math.max(...rows.map((row) => row[i]?.length ?? 0)))
  return rows
    .map((row) =>
      row
        .map((cell, i) => cell.padEnd(widths[i] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}

export const jobTable = (jobs: readonly JobView[]): string =>
  table([
    ['JOB', 'NAME', 'STATE', 'ROUNDS', 'CREATED', 'WAITS FOR'],
    ...jobs.map((job) => [
      job.id,
      job.spec.name,
      job.state,
      roundsText(job),
      timeText(job.createdAt),
      job.reason ?? job.waitingFor ?? '',
    ]),
  ])

const roundsText = ({ released, rounds, spec }: JobView): string =>
  `${released ?? rounds.filter((round) => round.phase === 'released').length}/${spec.rounds}`

/** A line of `job watch`. */
export const jobLine = (job: JobView): string => {
  const round = job.rounds.at(-1)
  const now = round ? `, round ${round.index} ${phaseText(round)}` : ''
  const why = job.reason ?? job.waitingFor
  return `${job.state}: ${roundsText(job)} rounds released${now}${why ? `: ${why}` : ''}`
}

/** What of devices a job shows to its server. */
const seenOf = ({ masks, cohort }: JobView['spec']): string =>
  masks ? `sums of at least ${cohort.minimum} devices (masked)` : 'each update (no masks)'

const phaseText = ({ phase, maskStep }: JobView['rounds'][number]): string =>
  maskStep ? `${phase} (${maskStep.name}, ${maskStep.devices} devices)` : phase

export const jobText = (job: JobView): string => {
  const { spec } = job
  const facts = table([
    ['job', job.id],
    ['name', spec.name],
    ['state', job.reason ? `${job.state}: ${job.reason}` : job.state],
    ...(job.waitingFor ? [['waits for', job.waitingFor]] : []),
    ['rounds', `${roundsText(job)} released`],
    ['span', `${timeText(job.startAt ?? job.createdAt)} to ${timeText(job.expiresAt ?? null)}`],
    ['asks for', spec.contributions.join(', ')],
    ['base', `${spec.base.name} (${spec.base.weights.slice(0, 12)})`],
    [
      'cohort',
      `up to ${spec.cohort.size}, closes at ${spec.cohort.goal}, at least ${spec.cohort.minimum}`,
    ],
    ['server sees', seenOf(spec)],
    ['head', job.head ?? 'none'],
  ])
  const rounds = table([
    ['ROUND', 'TRY', 'PHASE', 'FACTOR', 'UPDATES', 'DEADLINE', 'RELEASE', 'REASON'],
    ...job.rounds.map((round) => [
      String(round.index),
      String(round.attempt),
      phaseText(round),
      round.factor ?? '-',
      `${round.received}/${round.assigned}`,
      timeText(round.deadlineAt),
      round.release?.slice(0, 12) ?? '-',
      round.reason ?? '',
    ]),
  ])
  return `${facts}\n\n${rounds}`
}

export const releaseTable = (releases: readonly ReleaseSummary[]): string =>
  table([
    ['RELEASE', 'LINEAGE', 'VERSION', 'PARENT', 'COHORT', 'PARTS', 'MOVED', 'BYTES', 'CREATED'],
    ...releases.map((release) => [
      release.hash.slice(0, 12),
      release.lineage?.slice(0, 12) ?? '-',
      String(release.version),
      release.parent?.slice(0, 12) ?? '-',
      String(release.cohort),
      release.parts.join('+'),
      movedText(release),
      String(release.bytes),
      timeText(release.createdAt),
    ]),
  ])

export const releaseText = (release: ReleaseSummary): string =>
  table([
    ['release', release.hash],
    ['lineage', release.lineage ?? 'unknown'],
    ['version', `${release.version}${restoresText(release)}`],
    ['parent', release.parent ?? 'none'],
    ['base', `${release.base.name} (${release.base.weights.slice(0, 12)})`],
    ['exit layer', String(release.exitLayer)],
    ['job', release.jobId ?? 'none'],
    ['cohort', String(release.cohort)],
    ['parts', release.parts.join(', ')],
    ...metricRows(release),
    ...privacyRows(release),
    ...judgedRows(release),
    ['bytes', String(release.bytes)],
    ['created', timeText(release.createdAt)],
  ])

const restoresText = ({ restores }: ReleaseSummary): string =>
  restores === undefined ? '' : `, which restores version ${restores}`

const movedText = ({ metrics, restores }: ReleaseSummary): string => {
  if (restores !== undefined) return `as ${restores}`
  return metrics ? decimal(metrics.adapterChange) : '-'
}

const privacyRows = ({ privacy }: ReleaseSummary): string[][] =>
  privacy
    ? [
        [
          'privacy',
          `ε ${decimal(privacy.epsilon)} (δ ${privacy.delta}) spent by population ${privacy.population} ` +
            `with this release; noise multiplier ${decimal(privacy.noise)}, ledger entry ${privacy.entry}`,
        ],
      ]
    : []

const metricRows = ({ metrics, privacy }: ReleaseSummary): string[][] => {
  if (!metrics) return []
  const { adapterNorm, adapterChange, priorChange, updateNorms } = metrics
  const norms = NORM_SHARES.map((share, i) => `${updateNorms[i]} to 1/${1 / share}`).join(', ')
  return [
    ['adapter', `norm ${decimal(adapterNorm)}, moved by ${decimal(adapterChange)}`],
    ...(priorChange === null ? [] : [['prior', `moved by ${decimal(priorChange)}`]]),
    ...(privacy ? [] : [['norms', `of updates, as a share of the largest: ${norms}`]]),
    ...errorRows(metrics),
    ...robustRows(metrics),
  ]
}

const robustEntries = (robust: NonNullable<ReleaseMetrics['robust']>) =>
  Object.entries(robust).filter((entry): entry is [string, RobustMetrics] => entry[1] !== undefined)

const robustRows = ({ robust = {} }: ReleaseMetrics): string[][] =>
  robustEntries(robust).map(([name, { updates, leftOut, cut, medianNorm, largestNorm }]) => [
    'rule',
    `${name}: ${leftOut} of ${updates} updates left out, ${cut} cut to a norm; norms ` +
      `${decimal(medianNorm)} in the middle, ${decimal(largestNorm)} at most`,
  ])

const errorRows = ({
  averagingError,
  discarded = [],
  compressionError,
}: ReleaseMetrics): string[][] => [
  ...(averagingError === undefined
    ? []
    : [['averaging', `misses the mean of the products by about ${decimal(averagingError)}`]]),
  ...discarded.map(({ rank, share }) => ['discarded', `${decimal(share)} beyond rank ${rank}`]),
  ...(compressionError === undefined
    ? []
    : [['compression', `${decimal(compressionError)} of the exact release lost`]]),
]

const judgedRows = ({ judged, verdict }: ReleaseSummary): string[][] => [
  ...(judged ? [['judged', `${judgedText(judged)}${predictionText(judged)}`]] : []),
  ...(verdict
    ? [
        [
          'verdict',
          `${differenceText(verdict)} over ${verdict.choices} choices of the log ` +
            `${verdict.log.slice(0, 12)}${predictionText(verdict)}, ${timeText(verdict.at)}`,
        ],
      ]
    : []),
]

const predictionText = ({ loss, accuracy }: Predictions): string =>
  loss === undefined || accuracy === undefined
    ? ''
    : `; loss ${decimal(loss)}, ${percent(accuracy)} of pairs in order`

type Predictions = { readonly loss?: number | undefined; readonly accuracy?: number | undefined }

const decimal = (value: number): string => value.toPrecision(3)

export const lineageTable = (lineages: readonly LineageView[]): string =>
  table([
    ['LINEAGE', 'BASE', 'NEWEST', 'FOLLOWED BY', 'OTHERS FOLLOW', 'JUDGED', 'CHANGED'],
    ...lineages.map((lineage) => [
      lineage.id.slice(0, 12),
      lineage.base,
      `${lineage.version} (${lineage.head.slice(0, 12)})`,
      followersText(lineage),
      lineage.version === lineage.promotedVersion ? '-' : String(lineage.promotedVersion),
      judgedText(lineage.judged),
      timeText(lineage.updatedAt),
    ]),
  ])

const followersText = ({ version, promotedVersion, share, staged, head }: LineageView): string => {
  if (version === promotedVersion) return 'all'
  return staged === undefined || staged === head ? percent(share) : 'nobody before its verdict'
}

const judgedText = (judged: LineageView['judged']): string => {
  return judged ? `${differenceText(judged)} by ${judged.devices} devices` : '-'
}

type Interval = { readonly mean: number; readonly low: number; readonly high: number }
const differenceText = ({ mean, low, high }: Interval): string =>
  `${mean < 0 ? '' : '+'}${decimal(mean)} (${decimal(low)} to ${decimal(high)})`

export const timeText = (ms: number | null): string =>
  ms === null ? '-' : new Date(ms).toISOString().replace('T', ' ').slice(0, 19)
