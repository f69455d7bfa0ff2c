/**
 * What Prometheus reads at /metrics. Labels are codes, kinds, phases, routes and lineages: nothing is
 * counted for one device. Most counts are taken from the log (counted-log.ts), so that rounds and
 * routes know nothing of them.
 */
import { Counter, Gauge, Histogram, Registry } from 'prom-client'

/** Seconds: from a fast answer to a slow aggregation. */
const REQUEST_SECONDS = [0.001, 0.005, 0.02, 0.1, 0.5, 2, 10, 60]
/** Seconds: from a test's round to a week. */
const PHASE_SECONDS = [1, 10, 60, 600, 3600, 4 * 3600, 12 * 3600, 86_400, 3 * 86_400, 7 * 86_400]

export type Metrics = ReturnType<typeof createMetrics>

export const createMetrics = () => {
  const registry = new Registry()
  const registers = [registry]
  const counter = <L extends string>(name: string, help: string, labelNames: L[] = []) =>
    new Counter({ name: `loreweave_${name}`, help, labelNames, registers })
  const gauge = <L extends string>(name: string, help: string, labelNames: L[] = []) =>
    new Gauge({ name: `loreweave_${name}`, help, labelNames, registers })
  const histogram = <L extends string>(
    name: string,
    help: string,
    buckets: number[],
    labelNames: L[] = [],
  ) => new Histogram({ name: `loreweave_${name}`, help, buckets, labelNames, registers })

  return {
    registry,
    requests: histogram('request_seconds', 'Time to answer a request.', REQUEST_SECONDS, [
      'route',
      'status',
    ]),
    bytes: counter('network_bytes_total', 'Bytes over all connections.', ['direction']),
    refusals: counter('refusals_total', 'Requests that were refused.', ['code']),
    checkIns: counter('check_ins_total', 'Check-ins by what was answered.', ['answer']),
    enrolled: counter('devices_enrolled_total', 'Devices that joined the federation.'),
    left: counter('devices_left_total', 'Devices that left, or were removed.'),
    places: counter('round_places_total', 'Places in ended rounds by what became of them.', [
      'outcome',
    ]),
    phases: histogram('round_phase_seconds', 'How long a phase of a round took.', PHASE_SECONDS, [
      'phase',
    ]),
    rounds: counter('rounds_total', 'Rounds that ended.', ['outcome']),
    jobs: counter('jobs_total', 'Changes of a job to this state.', ['state']),
    failures: counter('failures_total', 'Failures of the server itself.', ['event']),
    openRounds: gauge('open_rounds', 'Rounds that are open, by phase.', ['phase']),
    runningJobs: gauge('running_jobs', 'Jobs that run.'),
    devices: gauge('devices', 'Devices: all that are enrolled, and those seen lately.', ['state']),
    received: gauge('round_received_updates', 'Updates in the open rounds.'),
    assigned: gauge('round_assigned_devices', 'Devices assigned to the open rounds.'),
    version: gauge('release_version', 'Version of the newest release.', ['lineage']),
    cohort: gauge('release_cohort', 'Devices in the newest release.', ['lineage']),
    drift: gauge('release_change', 'How far the newest release moved: a norm.', [
      'lineage',
      'part',
    ]),
    adapterNorm: gauge('adapter_norm', "Norm of the newest adapter's change of the weights.", [
      'lineage',
    ]),
    updateNorms: gauge(
      'update_norm_updates',
      'Updates in the newest release of at most this share of the largest norm allowed.',
      ['lineage', 'le'],
    ),
    lastRelease: gauge('last_release_timestamp_seconds', 'When the newest release was made.'),
    judged: gauge(
      'release_judged',
      'What devices say of the newest release that two or more have judged: means over them.',
      ['lineage', 'of'],
    ),
    judgedBy: gauge('release_judged_devices', 'Devices that have judged it.', ['lineage']),
    judgedVersion: gauge('release_judged_version', 'Its version.', ['lineage']),
    privacy: gauge(
      'privacy_epsilon',
      "Epsilon of a population and purpose, at the delta of its budget: spent by all rounds, and the budget's.",
      ['population', 'purpose', 'of'],
    ),
    privacyRounds: gauge('privacy_rounds', 'Rounds that were charged to a privacy budget.', [
      'population',
      'purpose',
    ]),
    alerts: gauge('alert', 'One for each alert that stands.', ['rule']),
    disk: gauge('disk_bytes', "Of the data folder's disk.", ['kind']),
    ready: gauge('ready', 'One while the server is ready for requests.'),
  }
}
