/** Content-addressed bytes: one file each, written under a temporary name, flushed, then renamed. */
import { mkdirSync, readdirSync, rmSync } from 'node:fs'
import { open, readdir, readFile, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'

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
      const file = await open(temporary, 'w', 0o600)
      try {
        await file.writeFile(bytes)
        await file.sync()
      } finally {
        await file.close()
      }
      await rename(temporary, join(folder, hash))
      await flushFolder(folder)
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

/** A rename outlives a power cut once its folder is flushed; Windows cannot open a folder and needs no such flush. */
const flushFolder = async (folder: string): Promise<void> => {
  if (process.platform === 'win32') return
  const handle = await open(folder, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
