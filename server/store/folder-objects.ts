/** Objects in a folder: one file each, whole and flushed once its name is there. */
import { mkdirSync, readdirSync, rmSync } from 'node:fs'
import { access, type FileHandle, open, readdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { orMissing } from '../../adapters/node/or-missing.ts'
import { replaceFile } from '../../adapters/node/replace-file.ts'
import { type ByteRange, checkedBytes, type Objects, webStreamOf, withinSize } from './objects.ts'

const TEMPORARY = '.part'

/**
 * Makes the folder (0700). isOurs: no other process writes there, and what an interrupted write left
 * behind is removed.
 */
export const folderObjects = (folder: string, isOurs = true): Objects => {
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  for (const name of isOurs ? readdirSync(folder) : [])
    if (name.endsWith(TEMPORARY)) rmSync(join(folder, name), { force: true })
  let writes = 0
  return {
    async put(hash, given) {
      const temporary = join(folder, `${hash}.${writes++}${TEMPORARY}`)
      const bytes = given instanceof Uint8Array ? given : checkedBytes(hash, given)
      await replaceFile(join(folder, hash), bytes, { mode: 0o600, temporary })
    },
    get: (hash) => orMissing(readFile(join(folder, hash)), undefined),
    async read(hash, range) {
      const file = await orMissing(open(join(folder, hash), 'r'), null)
      return file && readFrom(file, range)
    },
    has: (hash) =>
      orMissing(
        access(join(folder, hash)).then(() => true),
        false,
      ),
    list: async () => (await readdir(folder)).filter((name) => !name.endsWith(TEMPORARY)),
    drop: (hash) => rm(join(folder, hash), { force: true }),
  }
}

/** Closes the file when the stream has ended or was given up. */
const readFrom = async (file: FileHandle, range: ByteRange | undefined) => {
  const { size } = await file.stat()
  const { start, end } = withinSize(size, range)
  if (start === end) {
    await file.close()
    return { size, stream: new Blob([]).stream() as ReadableStream<Uint8Array> }
  }
  return { size, stream: webStreamOf(file.createReadStream({ start, end: end - 1 })) }
}
