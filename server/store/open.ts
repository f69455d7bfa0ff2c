/** Where a server keeps everything: its store and its objects. */
import { join } from 'node:path'
import { FedError } from '../../adapters/errors.ts'
import { folderObjects } from './folder-objects.ts'
import { memoryObjects, type Objects } from './objects.ts'
import { openPostgresStore } from './postgres.ts'
import { type Env, openS3Objects } from './s3-objects.ts'
import { openSqliteStore } from './sqlite.ts'
import type { Store } from './store.ts'

export type Data = { readonly store: Store; readonly objects: Objects }

/** Both in one folder, or in memory: ':memory:'. Fails as openSqliteStore does. */
export const openFolder = (folder: string): Data => ({
  store: openSqliteStore(folder),
  objects: objectsIn(folder),
})

/** What is not said is in the folder. */
export type DataPlaces = {
  readonly data: string
  /** postgres://… */
  readonly database?: string | undefined
  /** s3://… */
  readonly objects?: string | undefined
}

/** Fails as openSqliteStore, openPostgresStore and openS3Objects do, and with E_USAGE. */
export const openData = async (
  { data, database, objects }: DataPlaces,
  env: Env,
): Promise<Data> => {
  if (database !== undefined && !/^postgres(?:ql)?:\/\//.test(database))
    throw new FedError('E_USAGE', 'expected a database like postgres://user@host:5432/name')
  const kept = objects === undefined ? objectsIn(data) : await openS3Objects(objects, env)
  const store = database === undefined ? openSqliteStore(data) : await openPostgresStore(database)
  return { store, objects: kept }
}

const objectsIn = (folder: string): Objects =>
  folder === ':memory:' ? memoryObjects() : folderObjects(join(folder, 'objects'))
