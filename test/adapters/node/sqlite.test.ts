import { expect, test } from 'vitest'
import { openSqlite } from '../../../adapters/node/sqlite.ts'

test('a database is opened from a path and from bytes', () => {
  const first = openSqlite(':memory:')
  first.exec('create table t (x); insert into t values (7)')
  const second = openSqlite(first.serialize())
  first.close()
  expect(second.prepare('select x from t').get()).toEqual({ x: 7 })
  expect(() => openSqlite(second.serialize(), { readonly: true }).exec('delete from t')).toThrow(
    /readonly/,
  )
  second.close()
})
