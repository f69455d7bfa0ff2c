/** The tables of suffixes: which block was appended to the `system` of each conversation. */
import type { Preference } from '../records/preference.ts'
import type { Run } from './run.ts'

export const SUFFIX_SCHEMA = `
DROP TABLE IF EXISTS frozen;
CREATE TABLE IF NOT EXISTS suffixes (
  id INTEGER PRIMARY KEY, block TEXT NOT NULL UNIQUE, preferences TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS suffix_keys (
  key TEXT PRIMARY KEY, suffix INTEGER NOT NULL, conversation TEXT NOT NULL,
  is_text INTEGER NOT NULL, at REAL NOT NULL
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS suffix_keys_conversation ON suffix_keys (conversation);
CREATE INDEX IF NOT EXISTS suffix_keys_at ON suffix_keys (at);
CREATE INDEX IF NOT EXISTS suffix_keys_suffix ON suffix_keys (suffix);
`

/**
 * What follows the `system` of a conversation. conversation: a random name; at: when the key was
 * stored.
 */
export type StoredSuffix = {
  readonly block: string
  readonly preferences: readonly Preference[]
  readonly conversation: string
  readonly at: number
}

/**
 * key: a keyed hash. isText: whether it was made from words, so that it is erased with the
 * conversation; a key made from Claude's signatures stays until it expires.
 */
export type SuffixKey = { readonly key: string; readonly isText: boolean }

/** Counted from the conversation's last answer, which has keys of its own. */
const KEPT_MS = 90 * 24 * 3600 * 1000
/** The most keys, of 150 bytes each; and how many are dropped at once beyond it. */
const MAX_KEYS = 200_000
const AT_ONCE = 20

type Row = { block: string; preferences: string; conversation: string; at: number }

export const suffixTables = (run: Run) => ({
  suffixAt: (key: string): StoredSuffix | undefined => {
    const row = run.one<Row>(
      `SELECT block, preferences, conversation, at
       FROM suffix_keys JOIN suffixes ON id = suffix WHERE key = ?`,
      key,
    )
    return row && { ...row, preferences: JSON.parse(row.preferences) as Preference[] }
  },
  saveSuffix: (
    { block, preferences, conversation, at }: StoredSuffix,
    keys: readonly SuffixKey[],
  ): void => {
    run.add('suffixes', { block, preferences: JSON.stringify(preferences) }, 'IGNORE')
    for (const { key, isText } of keys)
      run.change(
        `INSERT INTO suffix_keys (key, suffix, conversation, is_text, at)
         VALUES (?, (SELECT id FROM suffixes WHERE block = ?), ?, ?, ?)
         ON CONFLICT (key) DO UPDATE SET suffix = excluded.suffix,
           conversation = excluded.conversation, is_text = excluded.is_text, at = excluded.at`,
        key,
        block,
        conversation,
        isText ? 1 : 0,
        at,
      )
    run.change('DELETE FROM suffix_keys WHERE at < ?', at - KEPT_MS)
    const many = run.one<{ n: number }>("SELECT n FROM counts WHERE name = 'suffix_keys'")?.n ?? 0
    if (many > MAX_KEYS)
      run.change(
        `DELETE FROM suffix_keys
         WHERE key IN (SELECT key FROM suffix_keys ORDER BY at LIMIT ${AT_ONCE})`,
      )
  },
  removeSuffixKeys: (keys: readonly string[]): void => {
    for (const key of keys) run.change('DELETE FROM suffix_keys WHERE key = ?', key)
  },
  /**
   * Erases the keys made from texts of conversations, and those made from system prompts, which
   * many conversations share.
   */
  eraseTextKeys: (conversations: readonly string[]): void => {
    for (const conversation of conversations)
      run.change('DELETE FROM suffix_keys WHERE conversation = ? AND is_text = 1', conversation)
    run.change("DELETE FROM suffix_keys WHERE conversation = ''")
  },
  eraseTextKeysBefore: (at: number): void =>
    void run.change('DELETE FROM suffix_keys WHERE is_text = 1 AND at < ?', at),
  /** Drops suffixes that no key names. */
  trimSuffixes: (): void =>
    void run.change(
      `DELETE FROM suffixes
       WHERE NOT EXISTS (SELECT 1 FROM suffix_keys WHERE suffix = suffixes.id)`,
    ),
})
