/** Where a server keeps everything: its store and its objects. */
import { join } from 'node:path'
import { folderObjects } from './folder-objects.ts'
import { memoryObjects, type Objects } from './objects.ts'
import { openSqliteStore } from './sqlite.ts'
import type { Store } from './store.ts'

export type Data = { readonly store: Store; readonly objects: Objects }

/** Both in one folder, or in memory: ':memory:'. Fails as openSqliteStore does. */
export const openFolder = (folder: string): Data => ({
  store: openSqliteStore(folder),
  objects: folder === ':memory:' ? memoryObjects() : folderObjects(join(folder, 'objects')),
})
