/** Tables of JSON documents. */
import { LRUCache } from 'lru-cache'
import type { Row, Sql } from './sql.ts'

/** Rows of a table of JSON documents. The table name is ours, never input. */
export const documents = <T>(sql: Sql, table: 'lines' | 'releases' | 'jobs' | 'rounds') => ({
  async one(id: string): Promise<T | undefined> {
    const [row] = await sql.rows(`SELECT document FROM ${table} WHERE id = ?`, id)
    return row && documentOf<T>(row)
  },
  all: async () =>
    (await sql.rows(`SELECT document FROM ${table} ORDER BY number`)).map(documentOf<T>),
  async save(id: string, document: T): Promise<void> {
    await sql.run(
      `INSERT INTO ${table} (id, document) VALUES (?, ?)
       ON CONFLICT (id) DO UPDATE SET document = excluded.document`,
      id,
      JSON.stringify(document),
    )
  },
})

export const documentOf = <T>(row: Row): T => parsed(row['document'] as string)

/** A document is read far more often than it changes: its text is parsed once. */
export const parsed = <T>(text: string): T => {
  const known = documentsByText.get(text)
  if (known) return known as T
  const document = Object.freeze(JSON.parse(text))
  documentsByText.set(text, document)
  return document
}

const documentsByText = new LRUCache<string, object>({
  maxSize: 4_000_000,
  sizeCalculation: (_, text) => text.length,
})
