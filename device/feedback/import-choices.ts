/** Imports a user's choices. Each is stored once, under an id derived from its content. */
import type { ChoiceLine } from '../../adapters/formats/choice-log.ts'
import { choiceKey, latestChoices } from '../../adapters/formats/read-choices.ts'
import type { DeviceStore } from '../store/store.ts'

/**
 * Lines, by what came of them. replaced: those that corrected, or were corrected by, another of the
 * same key. test: never trained on.
 */
export type ImportReport = {
  readonly added: number
  readonly replaced: number
  readonly known: number
  readonly test: number
}

/** All of them, durably, or none. The same choices again change nothing. */
export const importChoices = async (
  store: Pick<DeviceStore, 'durably'>,
  choices: readonly ChoiceLine[],
  now: number,
): Promise<ImportReport> => {
  const isForTesting = ({ split }: ChoiceLine) => split === 'test'
  const forTraining = choices.filter((choice) => !isForTesting(choice))
  const latest = latestChoices(forTraining)
  const outcomes = await store.durably((tx) => {
    // One that was for training before is not any more.
    for (const choice of choices.filter(isForTesting)) tx.dropImported(choiceKey(choice))
    return new Map([...latest].map(([key, choice]) => [key, tx.importChoice(key, choice, now)]))
  })
  const report = { added: 0, replaced: 0, known: 0, test: choices.length - forTraining.length }
  const counted = new Set<string>()
  for (const choice of forTraining) {
    const key = choiceKey(choice)
    const outcome = outcomes.get(key) ?? 'known'
    const isKept = isSame(choice, latest.get(key))
    if (isKept && !counted.has(key)) {
      counted.add(key)
      report[outcome]++
    } else if (outcome === 'known' || isKept) report.known++
    else report.replaced++
  }
  return report
}

const isSame = (a: ChoiceLine, b: ChoiceLine | undefined): boolean =>
  JSON.stringify(a) === JSON.stringify(b)
