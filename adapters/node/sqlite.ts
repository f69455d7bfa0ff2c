/**
 * better-sqlite3, in the version that runs on this Node. 12 aborts on Node 24 when a database is
 * collected, since its classes take back a hook of an environment that has ended; 13 does not start on
 * Node 20, where npm leaves it out.
 */
import { createRequire } from 'node:module'
import type Database from 'better-sqlite3'

const require = createRequire(import.meta.url)
const isOld = Number(process.versions.node.split('.')[0]) < 22
const Sqlite: typeof Database = require(isOld ? 'better-sqlite3' : 'better-sqlite3-13')

/** Of a path, of none (":memory:"), or of the bytes of a database. */
export const openSqlite = (path: string | Buffer, options?: Database.Options): Database.Database =>
  new Sqlite(path, options)
