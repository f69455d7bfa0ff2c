/**
 * The files of a home: what each one holds, which ones go when texts are erased, and which may be
 * left over.
 */
import { existsSync, readdirSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'

/**
 * name: of the file or folder. beside: suffixes of files beside it (journals, locks, partial
 * writes). isDerived: made from texts by training or the local model, and made again when needed.
 * It is deleted whenever a text is erased.
 */
type HomeFile = {
  readonly name: RegExp
  readonly beside?: RegExp
  readonly holds: string
  readonly isDerived?: true
}

const HOME_FILES: readonly HomeFile[] = [
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

/** Suffixes of temporary names during a write. */
const TEMPORARY = /(?:\.\d+)?\.(?:tmp|part)$/

const fileOf = (name: string): HomeFile | undefined => {
  const written = name.replace(TEMPORARY, '')
  return HOME_FILES.find(({ name: own, beside }) => {
    const base = beside ? written.replace(/-[a-z]+$/, '') : written
    return own.test(written) || (beside?.test(written.slice(base.length)) && own.test(base))
  })
}

/** Paths in the home. others: files of other programs. */
export const homeFiles = (folder: string): { own: string[]; others: string[] } => {
  const names = readdirSync(folder).toSorted()
  const path = (name: string) => join(folder, name)
  return {
    own: names.filter((name) => fileOf(name)).map(path),
    others: names.filter((name) => !fileOf(name)).map(path),
  }
}

/** A checkpoint this old is not resumed. */
const CHECKPOINT_MS = 7 * 24 * 3600_000
/** As long as a decision is stored. Reading a state renews it. */
const STATES_MS = 90 * 24 * 3600_000
/** A write in progress is younger. */
const TEMPORARY_MS = 60_000

const remove = (folder: string, isGone: (name: string) => boolean): void => {
  for (const name of readdirSync(folder))
    if (isGone(name)) rmSync(join(folder, name), { recursive: true, force: true })
}

/** Deletes what training and the local model derived from texts. */
export const dropDerivedFiles = (folder: string): void =>
  remove(folder, (name) => fileOf(name)?.isDerived === true)

/**
 * Deletes what ended processes left: partial writes, checkpoints that were not resumed, and states
 * unread for so long that their text may have expired.
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

/** Deletes the checkpoints of all rounds but the assigned one; null: of all. */
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
