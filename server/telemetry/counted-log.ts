/**
 * A log that also counts: each row says what one event of the log means in metrics. The parts of the
 * server tell what happened once, to the log.
 */
import type { Log, LogFields, LogLevel } from './log.ts'
import type { Metrics } from './metrics.ts'

type Count = (metrics: Metrics, fields: LogFields, level: LogLevel) => void

const number = (value: LogFields[string] | undefined): number =>
  typeof value === 'number' && Number.isFinite(value) ? value : 0
const text = (value: LogFields[string] | undefined): string => String(value ?? 'unknown')

/** Who was assigned and had sent nothing when the round closed or was given up. */
const missing = ({ assigned, received }: LogFields): number =>
  Math.max(0, number(assigned) - number(received))

const phase =
  (name: string): Count =>
  (metrics, { phaseMs }) => {
    if (typeof phaseMs === 'number') metrics.phases.observe({ phase: name }, phaseMs / 1000)
  }

const COUNTS: Readonly<Record<string, readonly Count[]>> = {
  refused: [(m, { code }) => m.refusals.inc({ code: text(code) })],
  checked_in: [(m, { answer }) => m.checkIns.inc({ answer: text(answer) })],
  device_enrolled: [(m) => m.enrolled.inc()],
  device_left: [(m) => m.left.inc()],
  // Devices that fell silent.
  places_given_on: [(m, { places }) => m.places.inc({ outcome: 'dropout' }, number(places))],
  round_aggregating: [
    phase('collecting'),
    (m, fields) => m.places.inc({ outcome: 'uploaded' }, number(fields['received'])),
    // The goal was met without them, or they were late.
    (m, fields) => m.places.inc({ outcome: 'straggler' }, missing(fields)),
  ],
  round_forwarded: [phase('aggregating'), (m) => m.rounds.inc({ outcome: 'forwarded' })],
  round_released: [phase('aggregating'), (m) => m.rounds.inc({ outcome: 'released' })],
  round_abandoned: [
    (m) => m.rounds.inc({ outcome: 'abandoned' }),
    (m, fields) => m.places.inc({ outcome: 'dropout' }, missing(fields)),
  ],
}

/** Passes everything on. */
export const countedLog =
  (metrics: Metrics, log: Log): Log =>
  (level, event, fields = {}) => {
    for (const count of COUNTS[event] ?? []) count(metrics, fields, level)
    const state = /^job_(\w+)$/.exec(event)?.[1]
    if (state !== undefined) metrics.jobs.inc({ state })
    if (level === 'error') metrics.failures.inc({ event })
    log(level, event, fields)
  }
