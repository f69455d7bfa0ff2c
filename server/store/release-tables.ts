/** Releases: a row each, with what they are looked up by beside their document. */
import { type Condition, documents } from './documents.ts'
import type { Release } from './records.ts'
import type { Sql } from './sql.ts'
import type { ReleaseTables } from './store.ts'

export const releaseTables = (sql: Sql): ReleaseTables => {
  const { one, all, page } = documents<Release>(sql, 'releases')
  return {
    async saveRelease(release) {
      const { lineId, summary } = release
      await sql.run(
        `INSERT INTO releases (id, line_id, version, document) VALUES (?, ?, ?, ?)
         ON CONFLICT (id) DO UPDATE SET document = excluded.document`,
        summary.hash,
        lineId,
        summary.version,
        JSON.stringify(release),
      )
    },
    release: one,
    releases: all,
    async releasePage({ lineId, version, hash, ...paging }) {
      const where: Condition[] = []
      if (lineId !== undefined) where.push(['line_id = ?', lineId])
      if (version !== undefined) where.push(['version = ?', version])
      // The digits of a hash end with f.
      if (hash !== undefined) where.push(['id >= ? AND id < ?', hash, `${hash}g`])
      const rows = await page(where, paging)
      return rows.map(({ number, document }) => ({ number, release: document }))
    },
  }
}
