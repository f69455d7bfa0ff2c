/**
 * Table of the device's store that counts how often something was forgotten, and nothing of what.
 */
import type { Run } from './run.ts'

export const FORGOTTEN_SCHEMA = `
CREATE TABLE IF NOT EXISTS forgotten (
  seq INTEGER PRIMARY KEY AUTOINCREMENT, decision_id TEXT NOT NULL UNIQUE
);
`

export const forgottenTable = (run: Run) => ({
  markForgotten: (): void => {
    run.change('INSERT INTO forgotten (decision_id) VALUES (hex(randomblob(8)))')
    run.change('DELETE FROM forgotten WHERE seq < (SELECT MAX(seq) FROM forgotten)')
  },
  forgottenTimes: (): number =>
    run.one<{ n: number }>('SELECT COALESCE(MAX(seq), 0) AS n FROM forgotten')?.n ?? 0,
})
