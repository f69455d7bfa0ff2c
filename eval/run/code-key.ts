/** A digest of the sources that a kept result was computed by: other code computes it anew. */
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { extname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** Of this program: the sources, or what was built of them. */
const ROOT = fileURLToPath(new URL('../../', import.meta.url))

/** What determines the picks of an arm, and the releases of a federation. */
export const PICK_SOURCES = [
  ...['adapters', 'device'],
  ...['arms', 'cost', 'endpoint-person', 'lineup', 'person', 'world'].map(
    (file) => `eval/run/${file}`,
  ),
  'eval/data/population',
]
export const FEDERATION_SOURCES = ['adapters', 'device', 'server', 'eval/population']

/** places: folders, and files without the ending of a source. Data files count, pages do not. */
export const codeKey = (places: readonly string[], root = ROOT): string => {
  const files = places.flatMap((place) =>
    existsSync(join(root, place))
      ? readdirSync(join(root, place), { recursive: true }).map((file) => join(place, `${file}`))
      : [place + extname(import.meta.url)],
  )
  const hash = createHash('sha256')
  for (const file of files.filter((f) => /(?<!\.d)\.(ts|js|json)$/.test(f)).sort()) {
    const bytes = readFileSync(join(root, file))
    hash.update(`${file}\n${bytes.length}\n`).update(bytes)
  }
  return hash.digest('hex')
}
