/** Table of the device's store for its states: see states.ts. */
import type { Consent } from '../records/consent.ts'
import type { Run } from './run.ts'
import { STATES, type State, type StateKey } from './states.ts'

export const STATE_SCHEMA = `
CREATE TABLE IF NOT EXISTS state (key TEXT PRIMARY KEY, value TEXT NOT NULL);
`

/** Changes something, and so fails where nothing can be written. */
export const PROBE = "INSERT OR REPLACE INTO state (key, value) VALUES ('probe', '1')"

export const stateTable = (run: Run) => {
  /** undefined: it was never set. */
  const get = <K extends StateKey>(key: K): State<K> | undefined => {
    const row = run.one<{ value: string }>('SELECT value FROM state WHERE key = ?', key)
    return row && (STATES[key].parse(JSON.parse(row.value)) as State<K>)
  }
  const set = <K extends StateKey>(key: K, value: State<K>): void =>
    void run.add('state', { key, value: JSON.stringify(value) }, 'REPLACE')
  return {
    get,
    set,
    consent: (): Consent | null => get('consent') ?? null,
    /** Whether the file may hold copies of texts in empty places, until it is compacted. */
    isDue: (): boolean => get('compaction') === 'due',
    /**
     * To be called where rows of texts are deleted: SQLite moves others, and leaves copies of them.
     */
    setDue: (isDue: boolean): void => set('compaction', isDue ? 'due' : null),
  }
}
export type StateTable = ReturnType<typeof stateTable>
