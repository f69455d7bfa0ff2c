/** Content-addressed bytes: one file each, whole and flushed once its name is there. */
import { mkdirSync, readdirSync, rmSync } from 'node:fs'
import { readdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { replaceFile } from '../../adapters/node/replace-file.ts'

export type ObjectStore = {
  put(hash: string, bytes: Uint8Array): Promise<void>
  get(hash: string): Promise<Uint8Array | undefined>
  list(): Promise<string[]>
  drop(hash: string): Promise<void>
}

const TEMPORARY = '.part'

/** Makes the folder (0700) and removes what an interrupted write left behind. */
export const fileObjects = (folder: string): ObjectStore => {
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  for (const name of readdirSync(folder))
    if (name.endsWith(TEMPORARY)) rmSync(join(folder, name), { force: true })
  let writes = 0
  return {
    async put(hash, bytes) {
      const temporary = join(folder, `${hash}.${writes++}${TEMPORARY}`)
      await replaceFile(join(folder, hash), bytes, { mode: 0o600, temporary })
    },
    async get(hash) {
      try {
        return await readFile(join(folder, hash))
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
        throw error
      }
    },
    list: async () => (await readdir(folder)).filter((name) => !name.endsWith(TEMPORARY)),
    drop: (hash) => rm(join(folder, hash), { force: true }),
  }
}

export const memoryObjects = (): ObjectStore => {
  const objects = new Map<string, Uint8Array>()
  return {
    put: async (hash, bytes) => void objects.set(hash, bytes.slice()),
    get: async (hash) => objects.get(hash)?.slice(),
    list: async () => [...objects.keys()],
    drop: async (hash) => void objects.delete(hash),
  }
}
