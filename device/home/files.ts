/** The files of a home: whose content each one holds, which go when it is erased, and which may be left over. */
import { existsSync, readdirSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'

/**
 * name: of the file or folder. beside: what else may stand beside it (journals, locks, what was being written). isDerived: made of
 * texts by training or the local model, and made again where it is needed: it goes whenever a text goes.
 */
type HomeFile = {
  readonly name: RegExp
  readonly beside?: RegExp
  readonly holds: string
  readonly isDerived?: true
}

export const HOME_FILES: readonly HomeFile[] = [
  { name: /^config\.json$/, holds: 'settings, the server that was joined' },
  { name: /^device-key\.json$/, holds: 'the key that check-ins are signed with' },
  { name: /^device-token$/, holds: 'the credential of the local API' },
  { name: /^claude-key$/, holds: "the user's own Claude key" },
  { name: /^loreweave\.db$/, beside: /^-(?:wal|shm|journal)$/, holds: 'the store: see erasure.ts' },
  { name: /^(?:agent|home)\.lock$/, beside: /^-(?:wal|shm|journal)$/, holds: 'who owns the home' },
  { name: /^agent\.log$/, holds: 'what the agent of macOS logs: no text' },
  { name: /^states$/, holds: 'what the local model computed from texts', isDerived: true },
  { name: /^private\.checkpoint$/, holds: 'a training that goes on later', isDerived: true },
  { name: /^round-[\w-]+\.checkpoint$/, holds: 'a round that goes on later', isDerived: true },
]

/** Written under a temporary name first. */
const TEMPORARY = /(?:\.\d+)?\.(?:tmp|part)$/

const fileOf = (name: string): HomeFile | undefined => {
  const written = name.replace(TEMPORARY, '')
  return HOME_FILES.find(({ name: own, beside }) => {
    const base = beside ? written.replace(/-[a-z]+$/, '') : written
    return own.test(written) || (beside?.test(written.slice(base.length)) && own.test(base))
  })
}

/** Paths in the home. others: what somebody else has put there. */
export const homeFiles = (folder: string): { own: string[]; others: string[] } => {
  const names = readdirSync(folder).toSorted()
  const path = (name: string) => join(folder, name)
  return {
    own: names.filter((name) => fileOf(name)).map(path),
    others: names.filter((name) => !fileOf(name)).map(path),
  }
}

/** A training or a round that has not gone on for so long is not taken up again. */
const CHECKPOINT_MS = 7 * 24 * 3600_000
/** As long as a decision is kept. Reading a state makes it young again. */
const STATES_MS = 90 * 24 * 3600_000
/** What is being written now is younger. */
const TEMPORARY_MS = 60_000

const remove = (folder: string, isGone: (name: string) => boolean): void => {
  for (const name of readdirSync(folder))
    if (isGone(name)) rmSync(join(folder, name), { recursive: true, force: true })
}

/** What training and the local model left in a home: numbers made of texts. */
export const dropDerivedFiles = (folder: string): void =>
  remove(folder, (name) => fileOf(name)?.isDerived === true)

/**
 * What ended processes left: files that were being written, checkpoints that nobody took up, and states that nobody read for so long
 * that their text may have expired.
 */
export const dropLeftovers = (folder: string, now: number): void => {
  remove(folder, (name) => {
    const file = fileOf(name)
    if (!file) return false
    if (TEMPORARY.test(name)) return age(folder, name, now) > TEMPORARY_MS
    return /\.checkpoint$/.test(name) && age(folder, name, now) > CHECKPOINT_MS
  })
  const states = join(folder, 'states')
  for (const generation of existsSync(states) ? readdirSync(states) : []) {
    const path = join(states, generation)
    remove(path, (name) => age(path, name, now) > STATES_MS)
  }
}

/** Checkpoints of rounds other than the one that the device is assigned to; null: of all. */
export const dropRounds = (folder: string, assigned: string | null): void =>
  remove(
    folder,
    (name) =>
      name.startsWith('round-') &&
      !name.startsWith(`round-${assigned}.checkpoint`) &&
      fileOf(name) !== undefined,
  )

const age = (folder: string, name: string, now: number): number =>
  now - (statSync(join(folder, name), { throwIfNoEntry: false })?.mtimeMs ?? now)
