/**
 * Finds everything that belongs to one conversation, starting from any part of it, by indexes
 * alone.
 */
import type { Run } from './run.ts'

/**
 * A decision (d) or choice (c) of a conversation, or an example of relevance (e) learned in it. id:
 * for an example, that of its decision.
 */
export type Related = {
  readonly kind: Kind
  readonly seq: number
  readonly id: string
  readonly at: number
  readonly conversation: string | null
  readonly asked: string
  readonly suffix: string | null
}

const SELECT = {
  d: "SELECT 'd' AS kind, seq, id, at, conversation, asked, suffix FROM decisions",
  c: "SELECT 'c' AS kind, seq, id, at, conversation, asked, NULL AS suffix FROM choices",
  e: `SELECT 'e' AS kind, seq, COALESCE(decision, '') AS id, at, conversation, asked,
        NULL AS suffix FROM examples`,
} as const
type Kind = keyof typeof SELECT
const KINDS = ['d', 'c', 'e'] as const

export const RELATED_SCHEMA = `
CREATE TABLE IF NOT EXISTS message_names (
  message_id TEXT PRIMARY KEY, decision TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS message_names_decision ON message_names (decision);
`

/**
 * What was learned from a decision outlives it, and must still be found by the ids of its answers.
 */
const KEEP_NAMES = `
  INSERT OR REPLACE INTO message_names
    SELECT message_id, id FROM answers JOIN decisions ON decisions.seq = decision
    WHERE decisions.seq = ? AND message_id IS NOT NULL
      AND (EXISTS (SELECT 1 FROM choices WHERE choices.id = decisions.id)
        OR EXISTS (SELECT 1 FROM examples WHERE examples.decision = decisions.id))`

/** Finds rows by one key. */
const lookups = (run: Run) => {
  const by = (where: string, values: readonly unknown[], kinds: readonly Kind[] = KINDS) =>
    kinds.flatMap((kind) => run.all<Related>(`${SELECT[kind]} WHERE ${where}`, ...values))
  /** Rows with this id: their own, a message's, or that of an imported line of a choice log. */
  const named = (id: string): Related[] => [
    ...by('id = ?', [id], ['d', 'c']),
    ...by('decision = ?', [id], ['e']),
    // See choiceKey: a suffix distinguishes imported lines of the same id.
    ...by("source = 'import' AND id > ? || '#' AND id < ? || '$'", [id, id], ['c']),
    ...by('seq IN (SELECT decision FROM answers WHERE message_id = ?)', [id], ['d']),
  ]
  const openingsOf = ({ kind, seq }: Related): string[] =>
    run
      .all<{ key: string }>('SELECT key FROM openings WHERE kind = ? AND owner = ?', kind, seq)
      .map(({ key }) => key)
  const withOpening = (key: string): Related[] =>
    (['d', 'c'] as const).flatMap((kind) =>
      by('seq IN (SELECT owner FROM openings WHERE key = ? AND kind = ?)', [key, kind], [kind]),
    )
  return { by, named, openingsOf, withOpening }
}

export const relatedTables = (run: Run) => {
  const { by, named, openingsOf, withOpening } = lookups(run)
  return {
    /**
     * Starts from the rows that the ids name and from given rows, and adds rows with the same
     * conversation, opening or suffix until none is left. Empty if no row has such an id.
     */
    relatedTo: (ids: readonly string[], rows: readonly Related[] = []): Related[] => {
      const found = new Map<string, Related>()
      const seen = new Set<string>()
      const waiting: Related[] = []
      const add = (more: readonly Related[]) => {
        for (const row of more) {
          const name = `${row.kind}${row.seq}`
          if (found.has(name)) continue
          found.set(name, row)
          waiting.push(row)
        }
      }
      /** Follows a key that was not followed before. */
      const follow = (name: string, key: string | null, look: (key: string) => Related[]) => {
        if (key === null || seen.has(`${name} ${key}`)) return
        seen.add(`${name} ${key}`)
        add(look(key))
      }
      add(rows)
      for (const id of ids) {
        add(named(id))
        for (const { decision } of run.all<{ decision: string }>(
          'SELECT decision FROM message_names WHERE message_id = ?',
          id,
        ))
          add(named(decision))
      }
      for (let row = waiting.pop(); row; row = waiting.pop()) {
        follow('conversation', row.conversation, (key) => by('conversation = ?', [key]))
        follow('suffix', row.suffix, (key) => by('suffix = ?', [key], ['d']))
        for (const key of openingsOf(row)) follow('opening', key, withOpening)
      }
      // Examples of the same question, wherever they were learned.
      for (const { asked } of [...found.values()])
        follow('asked', asked, (key) => by('asked = ?', [key], ['e']))
      return [...found.values()]
    },
    /** Rows that refer to a text. text: its seq. */
    saying: (text: number): Related[] =>
      KINDS.flatMap((kind) =>
        by(`seq IN (${SAYING[kind]})`, Array(holes(SAYING[kind])).fill(text), [kind]),
      ),
    importedChoices: (): Related[] => by("source = 'import'", [], ['c']),
    /** To be called before a decision is dropped. */
    keepMessageNames: (decision: number): void => void run.change(KEEP_NAMES, decision),
    dropMessageNames: (decision: string): void =>
      void run.change('DELETE FROM message_names WHERE decision = ?', decision),
    /**
     * The oldest rows before a time, up to a limit. Choices without a time are as old as their
     * import.
     */
    olderThan: (before: number, kinds: readonly Kind[], limit: number): Related[] =>
      kinds.flatMap((kind) => by(`${AGE[kind]} < ? ORDER BY at LIMIT ?`, [before, limit], [kind])),
  }
}

/** Selects the rows that refer to a text; each ? is that text. */
const SAYING = {
  d: `
    WITH RECURSIVE said (seq) AS (
      SELECT seq FROM turns WHERE text = ?
      UNION SELECT turns.seq FROM turns JOIN said ON turns.parent = said.seq
    )
    SELECT decisions.seq FROM decisions JOIN said ON turn = said.seq
    UNION SELECT seq FROM decisions WHERE system = ?
    UNION SELECT decision FROM answers WHERE text = ?
    UNION SELECT decisions.seq FROM decisions JOIN feedback ON decision_id = decisions.id
      WHERE text = ?
    UNION SELECT decisions.seq FROM decisions JOIN proposals ON decision = decisions.id
      WHERE text = ?`,
  c: 'SELECT choice FROM choice_texts WHERE text = ?',
  e: 'SELECT seq FROM examples WHERE text = ?',
} as const
const holes = (sql: string): number => sql.split('?').length - 1

/** Examples of unknown time are older than any. */
const AGE = {
  d: 'at',
  c: '(CASE at WHEN 0 THEN kept ELSE at END)',
  e: 'at',
} as const
