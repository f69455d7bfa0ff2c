/** What the devices of a federation contributed, one line each in a file. */
import { appendFileSync, existsSync, readFileSync } from 'node:fs'
import type { ParticipateReport } from '../../device/federation/participate.ts'

/** What one device did for one round; bytes with everything around the update. */
export type Contribution = {
  readonly round: number
  readonly device: number
  readonly up: number
  readonly down: number
  readonly pairs: number
  readonly losses: readonly number[]
}

export type Journal = { add(contribution: Contribution): void; of(round: number): Contribution[] }

/** One line a contribution; a line that was cut off by a kill is passed over. */
export const openJournal = (path: string): Journal => {
  const lines = existsSync(path) ? readFileSync(path, 'utf8').split('\n') : []
  const known = new Map<string, Contribution>()
  const keep = (c: Contribution) => known.set(`${c.round}/${c.device}`, c)
  for (const line of lines) {
    try {
      keep(JSON.parse(line) as Contribution)
    } catch {}
  }
  return {
    add(contribution) {
      keep(contribution)
      appendFileSync(path, `\n${JSON.stringify(contribution)}`)
    },
    of: (round) =>
      [...known.values()].filter((c) => c.round === round).sort((a, b) => a.device - b.device),
  }
}

/**
 * What a device did in a round. Where a run was interrupted after the update had arrived and before
 * that was known here, only the server says that the device has contributed: the rest is lost.
 */
export const noteContribution = (
  journal: Journal,
  round: number,
  device: number,
  {
    report,
    up,
    down,
  }: { readonly report: ParticipateReport; readonly up: number; readonly down: number },
): void => {
  const [made] = report.rounds
  const isKnown = journal.of(round).some((contribution) => contribution.device === device)
  if (!made && (isKnown || report.ended !== 'contributed')) return
  const { pairs, losses } = made ?? { pairs: 0, losses: [] }
  journal.add({ round, device, up, down, pairs, losses })
}
