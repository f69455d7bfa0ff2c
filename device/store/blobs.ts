/** Table of the device's store for weights: the private adapter, and releases. */
import type { Run } from './run.ts'

export const BLOB_SCHEMA = `
CREATE TABLE IF NOT EXISTS blobs (name TEXT PRIMARY KEY, bytes BLOB NOT NULL);
`

export const blobTable = (run: Run) => ({
  blob: (name: string): Uint8Array | undefined =>
    run.one<{ bytes: Buffer }>('SELECT bytes FROM blobs WHERE name = ?', name)?.bytes,
  blobNames: (beginning: string): string[] =>
    run
      .all<{ name: string }>('SELECT name FROM blobs')
      .map(({ name }) => name)
      .filter((name) => name.startsWith(beginning)),
  saveBlob: (name: string, bytes: Uint8Array): void =>
    void run.add('blobs', { name, bytes }, 'REPLACE'),
  removeBlob: (name: string): void => void run.change('DELETE FROM blobs WHERE name = ?', name),
})
