/** A choice log by user. */
import type { ChoiceLine } from '../../adapters/formats/choice-log.ts'

/** One user's log: train lines in the order of choosing, test lines with utilities. */
export type UserLog = {
  readonly user: string
  readonly train: readonly ChoiceLine[]
  readonly test: readonly ChoiceLine[]
}

/** By user, in order of first lines; lines without a split are for training. */
export const logsByUser = (choices: readonly ChoiceLine[]): UserLog[] => {
  const byUser = new Map<string, { user: string; train: ChoiceLine[]; test: ChoiceLine[] }>()
  for (const choice of choices) {
    const log = byUser.get(choice.user) ?? { user: choice.user, train: [], test: [] }
    byUser.set(choice.user, log)
    // One candidate leaves nothing to pick.
    if (choice.candidates.length > 1) log[choice.split ?? 'train'].push(choice)
  }
  return [...byUser.values()]
}
