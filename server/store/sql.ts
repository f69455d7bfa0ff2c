/** A database as the tables see it: queries with values, in any dialect. */

type Value = string | number | null
export type Row = Readonly<Record<string, Value>>

/** A database, or one transaction in it. Values stand for the question marks of a query, in order. */
export type Sql = {
  /** The database's own time, in milliseconds since 1970, as an expression: one clock for all servers. */
  readonly now: string
  rows(query: string, ...values: readonly Value[]): Promise<Row[]>
  /** How many rows were written. */
  run(query: string, ...values: readonly Value[]): Promise<number>
}

/** Work on a handle that fails once it is over, so that nothing writes into somebody else's. */
export const withEnd = async <T>(sql: Sql, work: (own: Sql) => Promise<T>): Promise<T> => {
  let isOver = false
  const check = () => {
    if (isOver) throw new TypeError('this transaction has ended')
  }
  try {
    return await work({
      now: sql.now,
      rows: async (query, ...values) => {
        check()
        return sql.rows(query, ...values)
      },
      run: async (query, ...values) => {
        check()
        return sql.run(query, ...values)
      },
    })
  } finally {
    isOver = true
  }
}
