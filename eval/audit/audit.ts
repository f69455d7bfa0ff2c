/** What an attacker learns of one person, from what a federation releases and leaves behind. */
import { seededRng } from '../../adapters/random.ts'
import { bootstrapInterval, meanOf } from '../measure/metrics.ts'
import type { Result } from '../measure/results.ts'
import { attackHeads } from './heads.ts'
import { attackMembership } from './membership.ts'
import { findSecrets, plantSecrets } from './secrets.ts'
import { type Setting, tracesOf } from './traces.ts'

export type AuditPlan = {
  readonly people: number
  readonly cohorts: readonly number[]
  readonly epsilons: readonly number[]
  readonly delta: number
  readonly rounds: number
  readonly trials: number
}

/** A broken promise, in words. */
export type Audited = { readonly results: readonly Result[]; readonly broken: readonly string[] }

export const audit = async (
  setting: Setting,
  plan: AuditPlan,
  tell: (line: string) => void,
): Promise<Audited> => {
  tell(`secrets of ${plan.people} people: three rounds with the real server`)
  const leaks = await auditSecrets(setting, plan.people)
  tell(`heads: two releases in a row, cohorts of ${plan.cohorts.join(', ')}`)
  const heads = auditHeads(plan)
  tell(`membership: ${plan.trials} trials for each ε`)
  const membership = auditMembership(plan)
  const all = [leaks, heads, membership]
  return {
    results: all.flatMap(({ results }) => results),
    broken: all.flatMap(({ broken }) => broken),
  }
}

const CHOICES_EACH = 12

const auditSecrets = async (setting: Setting, people: number): Promise<Audited> => {
  const planted = Array.from({ length: people }, (_, i) => plantSecrets(i, CHOICES_EACH))
  const secrets = planted.flatMap((one) => one.secrets)
  // What does not find them where they are finds nothing elsewhere.
  const own = planted.map(({ log }) => ({ where: 'log', bytes: Buffer.from(JSON.stringify(log)) }))
  const seen = findSecrets(own, secrets).reduce((sum, one) => sum + one.secrets, 0)
  const traces = await tracesOf(setting, planted)
  const found = findSecrets(traces, secrets)
  return {
    results: [
      { name: 'audit.secrets.planted', value: secrets.length, unit: 'secrets', n: people },
      { name: 'audit.secrets.seen_in_choices', value: seen, unit: 'secrets' },
      { name: 'audit.secrets.searched', value: traces.length, unit: 'traces' },
      {
        name: 'audit.secrets.bytes',
        value: traces.reduce((sum, { bytes }) => sum + bytes.length, 0),
        unit: 'bytes',
      },
      { name: 'audit.secrets.leaked', value: found.length, unit: 'traces' },
    ],
    broken: [
      ...(seen === secrets.length ? [] : [`the search finds ${seen} of ${secrets.length} secrets`]),
      ...found.map(({ where, secrets: count }) => `${where}: ${count} secrets`),
    ],
  }
}

/** Drawn of each size: every person's head is fitted. */
const MOST_COHORTS = 20

const auditHeads = ({ cohorts, trials }: AuditPlan): Audited => {
  const attacks = cohorts.map((cohort) => attackHeads(cohort, Math.min(trials, MOST_COHORTS)))
  return {
    results: attacks.flatMap(({ cohort, member, other, named }) => [
      {
        name: `audit.head.cosine.${cohort}`,
        value: meanOf(member),
        unit: 'of 1, a person of the cohort',
        interval: intervalOf(member),
        n: member.length,
      },
      {
        name: `audit.head.chance.${cohort}`,
        value: meanOf(other),
        unit: 'of 1, somebody else',
        interval: intervalOf(other),
        n: other.length,
      },
      { name: `audit.head.named.${cohort}`, value: named, unit: 'of 1, nearest of 20' },
    ]),
    broken: [],
  }
}

const intervalOf = (values: readonly number[]): [number, number] => [
  ...bootstrapInterval(values, meanOf, seededRng('audit')),
]

const auditMembership = ({ epsilons, delta, rounds, trials }: AuditPlan): Audited => {
  const attacks = [null, ...epsilons].map((epsilon, seed) =>
    attackMembership(epsilon, { delta, rounds, trials, seed }),
  )
  const nameOf = (promised: number) => (Number.isFinite(promised) ? `${promised}` : 'none')
  return {
    results: attacks.flatMap(({ promised, noise, provenAtLeast, accuracy }) => [
      {
        name: `audit.membership.epsilon_at_least.${nameOf(promised)}`,
        value: provenAtLeast,
        unit: `ε, noise ${noise.toPrecision(3)}`,
        n: trials,
      },
      {
        name: `audit.membership.accuracy.${nameOf(promised)}`,
        value: accuracy,
        unit: 'of 1',
        n: trials,
      },
    ]),
    broken: attacks
      .filter(({ promised, provenAtLeast }) => provenAtLeast > promised)
      .map(
        ({ promised, provenAtLeast }) => `membership: ε is ${provenAtLeast}, promised ${promised}`,
      ),
  }
}
