import { describe, expect, test } from 'vitest'
import { openData } from '../../../server/store/open.ts'
import { openPostgresStore } from '../../../server/store/postgres.ts'
import { openS3Objects } from '../../../server/store/s3-objects.ts'
import {
  freshBucket,
  freshDatabase,
  postgres,
  S3_CREDENTIALS,
  s3,
} from '../../support/shared-data.ts'
import { objectsContract } from './objects-contract.ts'
import { storeContract } from './store-contract.ts'

describe.skipIf(!postgres)('the PostgreSQL store', () => {
  storeContract(async () => openPostgresStore(await freshDatabase()))

  test('two servers that start at once on an empty database both find it ready', async () => {
    const url = await freshDatabase()
    const stores = await Promise.all(Array.from({ length: 4 }, () => openPostgresStore(url)))
    expect(await stores[0]!.addSetting('name', 'value')).toBe(true)
    for (const store of stores) {
      expect(await store.setting('name')).toBe('value')
      await store.close()
    }
  })

  test('the transactions of two servers wait for each other at a lineage', async () => {
    const url = await freshDatabase()
    const [one, other] = [await openPostgresStore(url), await openPostgresStore(url)]
    const line = { id: 'l', head: 'a'.repeat(64), updatedAt: 0 } as never
    await one.addLineage(line)
    const order: string[] = []
    let isIn = () => {}
    const entered = new Promise<void>((resolve) => {
      isIn = resolve
    })
    const first = one.transaction(async (tx) => {
      await tx.lock('l')
      isIn()
      for (let i = 0; i < 20; i++) await tx.setting('pause')
      order.push('first')
    })
    await entered
    await other.transaction(async (tx) => {
      await tx.lock('l')
      order.push('second')
    })
    await first
    expect(order).toEqual(['first', 'second'])
    await Promise.all([one.close(), other.close()])
  })

  test('of many servers that ask for one lease at once, each time exactly one gets it', async () => {
    const url = await freshDatabase()
    const stores = await Promise.all(Array.from({ length: 4 }, () => openPostgresStore(url)))
    for (let turn = 0; turn < 10; turn++) {
      const name = `aggregation ${turn % 5}`
      // In the second half each lease was somebody's before, and is over.
      const asked = Array.from({ length: 40 }, (_, i) =>
        stores[i % 4]!.lease(name, `${turn}-${i}`, 60_000),
      )
      const answers = await Promise.all(asked)
      expect(answers.filter(Boolean)).toHaveLength(1)
      const owner = `${turn}-${answers.indexOf(true)}`
      await stores[0]!.lease(name, owner, 0)
    }
    for (const store of stores) await store.close()
  })

  test('a connection that is lost between two queries of a transaction ends that one alone', async () => {
    const url = await freshDatabase()
    const store = await openPostgresStore(url)
    const { default: pg } = await import('pg')
    const client = new pg.Client({ connectionString: url })
    await client.connect()
    const cut = store.transaction(async (tx) => {
      await tx.addSetting('name', 'lost')
      await client.query(
        'SELECT pg_terminate_backend(pid) FROM pg_stat_activity ' +
          'WHERE datname = current_database() AND pid <> pg_backend_pid()',
      )
      // Nothing is asked while the connection ends.
      await new Promise((resolve) => setTimeout(resolve, 200))
      await tx.setting('name')
    })
    await expect(cut).rejects.toMatchObject({ code: 'E_UNAVAILABLE' })
    expect(await store.setting('name')).toBeUndefined()
    await client.end()
    await store.close()
  })

  test('a store of a newer version is refused with E_DATA', async () => {
    const url = await freshDatabase()
    await (await openPostgresStore(url)).close()
    const { default: pg } = await import('pg')
    const client = new pg.Client({ connectionString: url })
    await client.connect()
    await client.query('UPDATE schema_version SET version = version + 1')
    await client.end()
    await expect(openPostgresStore(url)).rejects.toMatchObject({ code: 'E_DATA' })
  })
})

describe('a database that is not there', () => {
  test('is E_UNAVAILABLE', async () => {
    const opened = openPostgresStore('postgres://loreweave@127.0.0.1:1/none')
    await expect(opened).rejects.toMatchObject({ code: 'E_UNAVAILABLE' })
  })

  test('of another kind is E_USAGE', async () => {
    const opened = openData({ data: ':memory:', database: 'mysql://localhost/x' }, {})
    await expect(opened).rejects.toMatchObject({ code: 'E_USAGE' })
  })
})

describe.skipIf(!s3)('objects in a bucket', () => {
  objectsContract(async () => openS3Objects(await freshBucket(), S3_CREDENTIALS))

  test('of more than a page of names are all listed', async () => {
    const objects = await openS3Objects(await freshBucket(), S3_CREDENTIALS)
    const names = Array.from({ length: 1001 }, (_, i) => i.toString(16).padStart(64, '0'))
    for (let i = 0; i < names.length; i += 50)
      await Promise.all(names.slice(i, i + 50).map((name) => objects.put(name, Uint8Array.of(1))))
    expect((await objects.list()).sort()).toEqual(names)
  })

  test.each([
    ['without credentials', 's3://bucket', {}, 'E_USAGE'],
    ['with credentials in its name', 's3://me:secret@bucket', S3_CREDENTIALS, 'E_USAGE'],
    ['of another kind', 'https://bucket', S3_CREDENTIALS, 'E_USAGE'],
    ['that does not exist', `s3://missing?endpoint=${s3}`, S3_CREDENTIALS, 'E_DATA'],
    ['that does not answer', 's3://x?endpoint=http://127.0.0.1:1', S3_CREDENTIALS, 'E_UNAVAILABLE'],
  ])('a bucket %s is refused', async (_, url, env, code) => {
    await expect(openS3Objects(url, env)).rejects.toMatchObject({ code })
  })
})
