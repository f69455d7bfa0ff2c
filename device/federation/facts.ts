/** What this device tells a server that asks, and what it looks at itself before it begins a round. */
import type { DeviceFacts, FactName } from '../../adapters/wire/job-life.ts'

/** What a server has asked for, as long as the process lives. */
export type Asked = {
  readonly names: Set<FactName>
  /** The server knows no facts: it is of version 0.1. */
  isUnknown: boolean
}

/** Only what was asked for; an unknown fact is null. */
export const told = (facts: DeviceFacts, names: ReadonlySet<FactName>): DeviceFacts =>
  Object.fromEntries([...names].map((name) => [name, facts[name] ?? null]))

/** Whether something is asked for that was not told before; it is told from now on. */
export const hear = ({ names }: Asked, asks: readonly FactName[] | undefined): boolean => {
  const fresh = (asks ?? []).filter((name) => !names.has(name))
  for (const name of fresh) names.add(name)
  return fresh.length > 0
}
