/** What belongs to one conversation, in the device's store: found from any of it by indexes alone. */
import type { Run } from './store.ts'

/** A decision (d) or choice (c) of a conversation. learnedAt: of a choice, when. */
export type Related = {
  readonly kind: 'd' | 'c'
  readonly seq: number
  readonly id: string
  readonly at: number
  readonly conversation: string
  readonly asked: string
  readonly suffix: string | null
}

const COLUMNS = {
  d: "SELECT 'd' AS kind, seq, id, at, conversation, asked, suffix FROM decisions",
  c: "SELECT 'c' AS kind, seq, id, at, conversation, asked, NULL AS suffix FROM choices",
} as const
const KINDS = ['d', 'c'] as const

export const relatedTables = (run: Run) => ({
  /**
   * Grows from the decisions and choices of an id (of either, or of a message) over equal first
   * words, equal beginnings and equal suffixes until nothing is added. Empty: there is none.
   */
  relatedTo: (id: string): Related[] => {
    const found = new Map<string, Related>()
    const seen = new Set<string>()
    const waiting: Related[] = []
    const add = (rows: readonly Related[]) => {
      for (const row of rows) {
        const name = `${row.kind}${row.seq}`
        if (found.has(name)) continue
        found.set(name, row)
        waiting.push(row)
      }
    }
    /** Of a key that was not looked for before. */
    const follow = (name: string, key: string | null, look: (key: string) => Related[]) => {
      if (key === null || seen.has(`${name} ${key}`)) return
      seen.add(`${name} ${key}`)
      add(look(key))
    }
    const by = (where: string, key: string, kinds: readonly ('d' | 'c')[] = KINDS) =>
      kinds.flatMap((kind) => run.all<Related>(`${COLUMNS[kind]} WHERE ${where}`, key))
    add(by('id = ?', id))
    add(by('seq = (SELECT decision FROM answers WHERE message_id = ?)', id, ['d']))
    for (let row = waiting.pop(); row; row = waiting.pop()) {
      follow('conversation', row.conversation, (key) => by('conversation = ?', key))
      follow('suffix', row.suffix, (key) => by('suffix = ?', key, ['d']))
      const openings = run.all<{ key: string }>(
        'SELECT key FROM openings WHERE kind = ? AND owner = ?',
        row.kind,
        row.seq,
      )
      for (const { key } of openings)
        follow('opening', key, () =>
          KINDS.flatMap((kind) =>
            run.all<Related>(
              `${COLUMNS[kind]} WHERE seq IN (SELECT owner FROM openings WHERE key = ? AND kind = ?)`,
              key,
              kind,
            ),
          ),
        )
    }
    return [...found.values()]
  },
})
