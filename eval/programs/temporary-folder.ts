/** Folders for the length of a run, which are gone as well when it is interrupted. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export type TemporaryFolder = { readonly path: string; remove(): void }

const held = new Set<string>()
const INTERRUPTED = 130

export const temporaryFolder = (purpose: string): TemporaryFolder => {
  if (held.size === 0) for (const signal of SIGNALS) process.on(signal, interrupted)
  const path = mkdtempSync(join(tmpdir(), `loreweave-${purpose}-`))
  held.add(path)
  return {
    path,
    remove() {
      discard(path)
      if (held.size === 0) for (const signal of SIGNALS) process.off(signal, interrupted)
    },
  }
}

const SIGNALS = ['SIGINT', 'SIGTERM'] as const

/** Engine processes and peers end with this process. */
const interrupted = (): void => {
  for (const path of held) discard(path)
  process.exit(INTERRUPTED)
}

const discard = (path: string): void => {
  held.delete(path)
  rmSync(path, { recursive: true, force: true })
}
