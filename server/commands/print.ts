/** What the operator's commands print for people. */
import type { ReleaseSummary } from '../../adapters/wire/containers.ts'
import type { JobView } from '../../adapters/wire/jobs.ts'

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
    ['JOB', 'NAME', 'STATE', 'ROUNDS', 'CREATED', 'REASON'],
    ...jobs.map((job) => [
      job.id,
      job.spec.name,
      job.state,
      `${job.rounds.filter((r) => r.phase === 'released').length}/${job.spec.rounds}`,
      timeText(job.createdAt),
      job.reason ?? '',
    ]),
  ])

export const jobText = (job: JobView): string => {
  const { spec } = job
  const facts = table([
    ['job', job.id],
    ['name', spec.name],
    ['state', job.reason ? `${job.state}: ${job.reason}` : job.state],
    ['asks for', spec.contributions.join(', ')],
    ['base', `${spec.base.name} (${spec.base.weights.slice(0, 12)})`],
    [
      'cohort',
      `up to ${spec.cohort.size}, closes at ${spec.cohort.goal}, at least ${spec.cohort.minimum}`,
    ],
    ['head', job.head ?? 'none'],
  ])
  const rounds = table([
    ['ROUND', 'TRY', 'PHASE', 'FACTOR', 'UPDATES', 'DEADLINE', 'RELEASE', 'REASON'],
    ...job.rounds.map((round) => [
      String(round.index),
      String(round.attempt),
      round.phase,
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
    ['RELEASE', 'VERSION', 'PARENT', 'COHORT', 'PARTS', 'BYTES', 'CREATED'],
    ...releases.map((release) => [
      release.hash.slice(0, 12),
      String(release.version),
      release.parent?.slice(0, 12) ?? '-',
      String(release.cohort),
      release.parts.join('+'),
      String(release.bytes),
      timeText(release.createdAt),
    ]),
  ])

export const releaseText = (release: ReleaseSummary): string =>
  table([
    ['release', release.hash],
    ['version', String(release.version)],
    ['parent', release.parent ?? 'none'],
    ['base', `${release.base.name} (${release.base.weights.slice(0, 12)})`],
    ['exit layer', String(release.exitLayer)],
    ['job', release.jobId ?? 'none'],
    ['cohort', String(release.cohort)],
    ['parts', release.parts.join(', ')],
    ['bytes', String(release.bytes)],
    ['created', timeText(release.createdAt)],
  ])

export const timeText = (ms: number | null): string =>
  ms === null ? '-' : new Date(ms).toISOString().replace('T', ' ').slice(0, 19)
