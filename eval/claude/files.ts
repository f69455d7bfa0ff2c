/** Files as the service keeps them: names and sizes; of their bytes only a count. */

import type { Arrived } from './body-bytes.ts'
import { digest } from './canonical.ts'

export const createFiles = (clock: () => number) => {
  const kept = new Map<string, object>()
  return {
    /** head: the beginning of the body, which names the file where it is a form. */
    add({ size, sha256 }: Arrived, head: string): object {
      const id = `file_${digest(`${kept.size}/${sha256}`).slice(0, 24)}`
      const file = {
        id,
        type: 'file',
        filename: /filename="([^"]*)"/.exec(head)?.[1] ?? 'file',
        mime_type: /content-type: *([^\r\n]+)/i.exec(head)?.[1] ?? 'application/octet-stream',
        size_bytes: size,
        created_at: new Date(clock()).toISOString(),
        downloadable: false,
      }
      kept.set(id, file)
      return file
    },
    list: () => [...kept.values()].reverse(),
    get: (id: string) => kept.get(id),
    delete: (id: string) => kept.delete(id),
  }
}
