/** How the tables of the store run their SQL: each statement is prepared once. */
import type Database from 'better-sqlite3'

export type Run = {
  /** Adds a row and returns its number. orElse: what to do if the table has its key. */
  add(table: string, row: Readonly<Record<string, unknown>>, orElse?: 'IGNORE' | 'REPLACE'): number
  one<T>(sql: string, ...values: unknown[]): T | undefined
  all<T>(sql: string, ...values: unknown[]): T[]
  /** How many rows it changed. */
  change(sql: string, ...values: unknown[]): number
}

export const prepared = (db: Database.Database): Run => {
  const statements = new Map<string, Database.Statement>()
  const statement = (sql: string) => {
    const known = statements.get(sql)
    if (known) return known
    const made = db.prepare(sql)
    statements.set(sql, made)
    return made
  }
  return {
    add: (table, row, orElse) => {
      const names = Object.keys(row)
      const verb = orElse ? `INSERT OR ${orElse}` : 'INSERT'
      const values = names.map((name) => `@${name}`)
      const sql = `${verb} INTO ${table} (${names}) VALUES (${values})`
      return Number(statement(sql).run(row).lastInsertRowid)
    },
    one: <T>(sql: string, ...values: unknown[]) => statement(sql).get(...values) as T | undefined,
    all: <T>(sql: string, ...values: unknown[]) => statement(sql).all(...values) as T[],
    change: (sql, ...values) => statement(sql).run(...values).changes,
  }
}
