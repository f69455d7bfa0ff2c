/** Which files of a home this program has put there, so that removing a home removes nothing else. */
import { readdirSync } from 'node:fs'
import { join } from 'node:path'

/** With what stands beside them: journals, locks, what was being written. */
const OWN =
  /^(?:config\.json|device-key\.json|device-token|claude-key|loreweave\.db|agent\.lock|home\.lock|states|(?:private|round-[\w-]+)\.checkpoint)(?:[-.].*)?$/

/** Paths in the home. others: what somebody else has put there. */
export const homeFiles = (folder: string): { own: string[]; others: string[] } => {
  const names = readdirSync(folder).toSorted()
  const path = (name: string) => join(folder, name)
  return {
    own: names.filter((name) => OWN.test(name)).map(path),
    others: names.filter((name) => !OWN.test(name)).map(path),
  }
}
