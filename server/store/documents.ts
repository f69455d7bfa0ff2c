/** Tables of JSON documents. */
import { LRUCache } from 'lru-cache'
import type { Row, Sql } from './sql.ts'

/** after: the last number of the page before. isNewestFirst: backwards, from there on down. */
export type Paging = {
  readonly after?: number | undefined
  readonly isNewestFirst?: boolean
  readonly limit: number
}

export type Condition = readonly [text: string, ...values: (string | number)[]]

/** Rows of a table of JSON documents. The table name is ours, never input. */
export const documents = <T>(sql: Sql, table: 'lines' | 'releases' | 'jobs' | 'rounds') => ({
  async one(id: string): Promise<T | undefined> {
    const [row] = await sql.rows(`SELECT document FROM ${table} WHERE id = ?`, id)
    return row && documentOf<T>(row)
  },
  all: async () =>
    (await sql.rows(`SELECT document FROM ${table} ORDER BY number`)).map(documentOf<T>),
  /** where: conditions that must all hold, each with its values. */
  async page(where: readonly Condition[], { after, isNewestFirst = false, limit }: Paging) {
    const from = after ?? (isNewestFirst ? Number.MAX_SAFE_INTEGER : 0)
    const conditions: Condition[] = [[`number ${isNewestFirst ? '<' : '>'} ?`, from], ...where]
    const rows = await sql.rows(
      `SELECT number, document FROM ${table} WHERE ${conditions.map(([text]) => text).join(' AND ')}
       ORDER BY number ${isNewestFirst ? 'DESC' : 'ASC'} LIMIT ?`,
      ...conditions.flatMap(([, ...values]) => values),
      limit,
    )
    return rows.map((row) => ({ number: Number(row['number']), document: documentOf<T>(row) }))
  },
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
