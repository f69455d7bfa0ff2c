/** How the tables of the store run their SQL: each statement is prepared once. */
import type Database from 'better-sqlite3'

export type Run = {
  /** The number of the new row. */
  insert(sql: string, ...values: unknown[]): number
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
    insert: (sql, ...values) => Number(statement(sql).run(...values).lastInsertRowid),
    one: <T>(sql: string, ...values: unknown[]) => statement(sql).get(...values) as T | undefined,
    all: <T>(sql: string, ...values: unknown[]) => statement(sql).all(...values) as T[],
    change: (sql, ...values) => statement(sql).run(...values).changes,
  }
}
