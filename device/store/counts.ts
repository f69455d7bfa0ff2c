/**
 * Sums over the store's tables, kept by triggers, so that requests, pages and the status never read
 * a whole table for a number.
 */
import type { Run } from './run.ts'

/**
 * bytes: the approximate size of decisions, choices and feedback; choices, suffix_keys: how many;
 * changes: to the choices; erased: bytes of texts erased since the file was compacted.
 */
type Count = 'bytes' | 'choices' | 'changes' | 'suffix_keys' | 'erased'

/** Bytes of a row of texts beside its words. */
export const TEXT_BYTES = 80
/** Bytes of a row beside its longest column, index entries included. */
const ROW_BYTES = {
  decisions: 900,
  texts: TEXT_BYTES,
  turns: 180,
  answers: 100,
  choices: 500,
  feedback: 150,
}
const LONGEST = { decisions: 'info', texts: 'body', choices: 'body', feedback: 'body' } as const

type Counted = keyof typeof ROW_BYTES

const bytesOf = (table: Counted, row: 'new' | 'old'): string =>
  table in LONGEST
    ? `${ROW_BYTES[table]} + octet_length(${row}.${LONGEST[table as keyof typeof LONGEST]})`
    : `${ROW_BYTES[table]}`

const add = (name: Count, much: string): string =>
  `UPDATE counts SET n = n + (${much}) WHERE name = '${name}';`

const trigger = (table: string, event: string, work: string): string =>
  `CREATE TRIGGER IF NOT EXISTS ${table}_${event.split(' ')[0]!.toLowerCase()}
   AFTER ${event} ON ${table}
   BEGIN ${work} END;`

const INFO_GROWTH = 'octet_length(new.info) - octet_length(old.info)'

/** Must run after the schemas of the tables that it names. */
export const COUNT_SCHEMA = `
CREATE TABLE IF NOT EXISTS counts (name TEXT PRIMARY KEY, n INTEGER NOT NULL) WITHOUT ROWID;
INSERT OR IGNORE INTO counts VALUES ('choices', 0), ('changes', 0), ('erased', 0);
INSERT OR IGNORE INTO counts
  SELECT 'bytes', COALESCE(SUM(${bytesOf('feedback', 'old').replaceAll('old.', '')}), 0)
  FROM feedback;
${(Object.keys(ROW_BYTES) as Counted[])
  .map((table) => {
    const isChoice = table === 'choices'
    const more = (n: string) => (isChoice ? add('choices', n) + add('changes', '1') : '')
    const gone = add('bytes', `-(${bytesOf(table, 'old')})`) + more('-1')
    return [
      trigger(table, 'INSERT', add('bytes', bytesOf(table, 'new')) + more('1')),
      table === 'texts'
        ? trigger(table, 'UPDATE OF key', gone + add('erased', bytesOf(table, 'old')))
        : trigger(table, 'DELETE', gone),
    ].join('\n')
  })
  .join('\n')}
INSERT OR IGNORE INTO counts SELECT 'suffix_keys', COUNT(*) FROM suffix_keys;
${trigger('suffix_keys', 'INSERT', add('suffix_keys', '1'))}
${trigger('suffix_keys', 'DELETE', add('suffix_keys', '-1'))}
${trigger('decisions', 'UPDATE OF info', add('bytes', INFO_GROWTH))}
`

export const countTables = (run: Run) => {
  const count = (name: Count): number =>
    run.one<{ n: number }>('SELECT n FROM counts WHERE name = ?', name)?.n ?? 0
  return {
    countChoices: (): number => count('choices'),
    /** Changes whenever the choices do. */
    choicesVersion: (): string => `${count('changes')}`,
    /** Approximate size of decisions, choices and feedback. */
    keptBytes: (): number => count('bytes'),
    /** Bytes that compacting the file would free. */
    erasedBytes: (): number => count('erased'),
  }
}
