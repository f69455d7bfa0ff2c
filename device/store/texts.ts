/**
 * The tables of texts and turns. A text is stored once, and erased with the last row that refers to
 * it by overwriting it in place. When SQLite deletes a row it may move others and leave copies of
 * them behind (findings/sqlite-secure-delete.sh). So texts are only appended and overwritten; the
 * emptied rows go when the file is compacted.
 */

import { TEXT_BYTES } from './counts.ts'
import type { Hash, KeptTurn, OtherBlock } from './kept-request.ts'
import type { Run } from './run.ts'
import type { StateTable } from './state.ts'

export const TEXT_SCHEMA = `
CREATE TABLE IF NOT EXISTS texts (
  seq INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, body TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS turns (
  seq INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, parent INTEGER,
  role TEXT NOT NULL, text INTEGER NOT NULL, other TEXT
);
CREATE INDEX IF NOT EXISTS turns_parent ON turns (parent);
CREATE INDEX IF NOT EXISTS turns_text ON turns (text);
`

/** A stored turn. seq: of its text. */
export type Turn = {
  readonly seq: () => number
  readonly role: 'user' | 'assistant'
  readonly text: string
  readonly other: readonly OtherBlock[]
}

type TurnRow = {
  parent: number | null
  role: 'user' | 'assistant'
  text: number
  body: string
  other: string | null
}

/** Rows of these tables refer to a turn, or to a text. */
const REFER_TO_TURN = [
  'SELECT 1 FROM decisions WHERE turn = ?',
  'SELECT 1 FROM turns WHERE parent = ?',
] as const
const REFER_TO_TEXT = [
  'SELECT 1 FROM turns WHERE text = ?',
  'SELECT 1 FROM answers WHERE text = ?',
  'SELECT 1 FROM choice_texts WHERE text = ?',
  'SELECT 1 FROM decisions WHERE system = ?',
  'SELECT 1 FROM feedback WHERE text = ?',
  'SELECT 1 FROM examples WHERE text = ?',
  'SELECT 1 FROM proposals WHERE text = ?',
] as const

/** Tables whose column `text` refers to a text. */
type Referring = 'answers' | 'feedback' | 'examples' | 'proposals'
/** Sorts before the keys of texts, and after the keys of erased texts. */
export const FIRST_KEY = '!'
/** How many texts are searched without a pause. */
const TEXTS_AT_ONCE = 2000
const CHARACTERS_AT_ONCE = 1_000_000

/**
 * Ignores case, composed letters and the kind of white space: SQLite's LIKE ignores the case of a
 * to z only.
 */
const sameCase = (text: string): string => text.normalize('NFKC').toUpperCase().replace(/\s+/g, ' ')

/** The new key and the zero bytes are as long as what they replace, so no row moves. */
const ERASE = `
  UPDATE texts SET key = printf(' %0*d', length(key) - 1, seq), body = zeroblob(octet_length(body))
  WHERE seq = ?`

export type Texts = ReturnType<typeof textTables>

const isReferred = (run: Run, queries: readonly string[], seq: number): boolean =>
  queries.some((sql) => run.one(`${sql} LIMIT 1`, seq) !== undefined)

/** For the other tables only, which refer to texts. */
export const textTables = (run: Run, hash: Hash, state: Pick<StateTable, 'setDue'>) => {
  const texts = textTable(run, hash)
  return { ...texts, ...erasedTexts(run, state), ...turnTable(run, texts) }
}

const textTable = (run: Run, hash: Hash) => {
  const add = (text: string): number => {
    const key = hash(`text ${text}`)
    const known = run.one<{ seq: number }>('SELECT seq FROM texts WHERE key = ?', key)
    if (known) return known.seq
    return run.add('texts', { key, body: text })
  }
  const read = (seq: number): string =>
    run.one<{ body: string }>('SELECT body FROM texts WHERE seq = ?', seq)?.body ?? ''
  const drop = (seq: number | null): void => {
    if (seq !== null && !isReferred(run, REFER_TO_TEXT, seq)) run.change(ERASE, seq)
  }
  /** Drops rows of another table, with the texts that nothing else refers to. */
  const dropRows = (table: Referring, where: string, value: unknown): void => {
    const gone = run.all<{ text: number | null }>(`SELECT text FROM ${table} WHERE ${where}`, value)
    run.change(`DELETE FROM ${table} WHERE ${where}`, value)
    for (const { text } of gone) drop(text)
  }
  return {
    /** Its seq. */
    add,
    read,
    /**
     * Searches some texts after a number for these words in any case. next: where to continue; null
     * at the end.
     */
    textsWith: (words: string, after: number): { found: number[]; next: number | null } => {
      const wanted = sameCase(words)
      const seqs = run.all<{ seq: number }>(
        `SELECT seq FROM texts WHERE seq > ? AND +key >= '${FIRST_KEY}'
         ORDER BY seq LIMIT ${TEXTS_AT_ONCE}`,
        after,
      )
      const found: number[] = []
      let characters = 0
      for (const { seq } of seqs) {
        const body = read(seq)
        if (sameCase(body).includes(wanted)) found.push(seq)
        characters += body.length
        if (characters >= CHARACTERS_AT_ONCE) return { found, next: seq }
      }
      return { found, next: seqs.length < TEXTS_AT_ONCE ? null : seqs.at(-1)!.seq }
    },
    /** Erases a text if nothing refers to it any more. */
    drop,
    dropRows,
    /** Drops all but the newest rows of a table. */
    dropOldest: (table: Referring, most: number): void =>
      dropRows(table, `seq <= (SELECT seq FROM ${table} ORDER BY seq DESC LIMIT 1 OFFSET ?)`, most),
  }
}

const erasedTexts = (run: Run, { setDue }: Pick<StateTable, 'setDue'>) => ({
  /**
   * Frees the space of the oldest erased texts for new rows. The file is then due: see
   * compaction.ts.
   */
  reclaim: (most: number): void => {
    setDue(true)
    const gone = run.all<{ seq: number; bytes: number }>(
      `SELECT seq, octet_length(body) AS bytes FROM texts WHERE key < '${FIRST_KEY}'
       ORDER BY key LIMIT ?`,
      most,
    )
    for (const { seq, bytes } of gone) {
      run.change('DELETE FROM texts WHERE seq = ?', seq)
      run.change("UPDATE counts SET n = n - ? WHERE name = 'erased'", TEXT_BYTES + bytes)
    }
  },
  /** To be called before the file is compacted: deletes the rows of erased texts. */
  dropErased: (): void => {
    run.change('DELETE FROM texts WHERE key < ?', FIRST_KEY)
    run.change("UPDATE counts SET n = 0 WHERE name = 'erased'")
    setDue(true)
  },
})

const turnTable = (run: Run, { add, drop }: ReturnType<typeof textTable>) => {
  const turnAt = (key: string): number | null =>
    run.one<{ seq: number }>('SELECT seq FROM turns WHERE key = ?', key)?.seq ?? null
  return {
    /** Adds the turns that are not stored yet. Returns the seq of the last; null for none. */
    addTurns: (turns: readonly KeptTurn[]): number | null => {
      let from = turns.length
      let parent: number | null = null
      while (from > 0 && parent === null) parent = turnAt(turns[--from]!.key)
      for (const { key, role, text, other } of turns.slice(parent === null ? 0 : from + 1)) {
        parent = run.add('turns', {
          key,
          parent,
          role,
          text: add(text),
          other: other.length > 0 ? JSON.stringify(other) : null,
        })
      }
      return parent
    },
    /** The last one first, read one at a time. */
    *turnsFrom(last: number | null): Generator<Turn> {
      for (let at = last; at !== null; ) {
        const row: TurnRow | undefined = run.one<TurnRow>(
          `SELECT parent, role, text, body, other
           FROM turns JOIN texts ON texts.seq = text WHERE turns.seq = ?`,
          at,
        )
        if (!row) return
        const { parent, role, text, body, other } = row
        yield { seq: () => text, role, text: body, other: other === null ? [] : JSON.parse(other) }
        at = parent
      }
    },
    /** Drops a turn and those before it, as far as nothing else refers to them. */
    dropTurns: (last: number | null): void => {
      for (let at = last; at !== null && !isReferred(run, REFER_TO_TURN, at); ) {
        const row: { parent: number | null; text: number } | undefined = run.one(
          'SELECT parent, text FROM turns WHERE seq = ?',
          at,
        )
        run.change('DELETE FROM turns WHERE seq = ?', at)
        if (row) drop(row.text)
        at = row?.parent ?? null
      }
    },
  }
}
