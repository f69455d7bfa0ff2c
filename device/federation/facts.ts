/** What this device tells a server that asks, and what it looks at itself before it begins a round. */
import type { FedError } from '../../adapters/errors.ts'
import type { DeviceFacts, FactName } from '../../adapters/wire/job-life.ts'

const NEW_FIELDS = ['facts', 'abilities', 'leastCohort'] as const
type NewField = (typeof NEW_FIELDS)[number]

/** What a server has asked for, as long as the process lives. */
export type Asked = {
  readonly names: Set<FactName>
  /** Fields that a server of an earlier version does not know, and refuses. */
  readonly unknown: Set<NewField>
}

/** Only what was asked for; an unknown fact is null. */
export const told = (facts: DeviceFacts, names: ReadonlySet<FactName>): DeviceFacts =>
  Object.fromEntries([...names].map((name) => [name, facts[name] ?? null]))

/** Whether a check-in was refused for fields that were not refused before; they are left out from now on. */
export const leaveOut = ({ unknown }: Asked, refusal: FedError): boolean => {
  if (refusal.code !== 'E_BODY') return false
  const fresh = NEW_FIELDS.filter((name) => refusal.message.includes(name) && !unknown.has(name))
  for (const name of fresh) unknown.add(name)
  return fresh.length > 0
}

/** Whether something is asked for that was not told before; it is told from now on. */
export const hear = ({ names }: Asked, asks: readonly FactName[] | undefined): boolean => {
  const fresh = (asks ?? []).filter((name) => !names.has(name))
  for (const name of fresh) names.add(name)
  return fresh.length > 0
}
