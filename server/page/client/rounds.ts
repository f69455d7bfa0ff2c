/** The rounds of a job: as a timeline, and as a table. */
import { type Child, h } from '../../../adapters/page/dom.ts'
import { counted, timeNode, timeText } from '../../../adapters/page/words.ts'
import type { JobView, RoundSummary } from '../../../adapters/wire/jobs.ts'
import { type Span, timeline } from './plot.ts'
import { table } from './table.ts'

/** Of a round that is over nothing says when: it was before the next one began, or the job ended. */
const endOf = (
  { endedAt }: JobView,
  round: RoundSummary,
  next: RoundSummary | undefined,
): number => {
  if (next) return next.openedAt
  const isOpen = round.phase === 'collecting' || round.phase === 'aggregating'
  return Math.max(round.openedAt + 1, isOpen ? Date.now() : (endedAt ?? Date.now()))
}

const nameOf = ({ index, attempt }: RoundSummary): string =>
  attempt === 0 ? `${index}` : `${index}, try ${attempt + 1}`

/** With the step in which a masked round stands. */
const phaseOf = ({ phase, maskStep }: RoundSummary): string =>
  maskStep ? `${phase} (${maskStep.name})` : phase

export const roundsTimeline = (job: JobView): HTMLElement => {
  const { rounds, spec } = job
  const spans = rounds.map((round, i): Span => {
    const to = endOf(job, round, rounds[i + 1])
    const what =
      `round ${nameOf(round)}, ${phaseOf(round)}: ${counted(round.received, 'update')} of ` +
      `${counted(round.assigned, 'device')}, from ${timeText(round.openedAt)}`
    return { phase: round.phase, from: round.openedAt, to, what }
  })
  const count = (phase: string) => rounds.filter((round) => round.phase === phase).length
  const label =
    `Rounds of ${spec.name} over time: ${count('released')} released, ` +
    `${count('abandoned')} abandoned, ` +
    `${count('collecting') + count('aggregating')} open`
  return timeline(label, spans)
}

export const roundsTable = ({ spec, rounds }: JobView): HTMLElement =>
  table(
    `Rounds of ${spec.name}`,
    ['Round', 'Phase', 'Updates', 'Opened', 'Release', 'Reason'],
    [...rounds]
      .reverse()
      .map((round): Child[] => [
        nameOf(round),
        phaseOf(round),
        `${round.received} of ${counted(round.assigned, 'device')}`,
        timeNode(round.openedAt),
        round.release ? h('code', { title: round.release }, round.release.slice(0, 8)) : '–',
        h('span.reason', round.reason ?? (round.leftOut ? `${round.leftOut.length} left out` : '')),
      ]),
  )
