/** Files that a person hands to the evaluation, named in messages by their last part alone. */
import { readFileSync } from 'node:fs'
import { basename } from 'node:path'
import { bytesOfFile, decodeLines, decodeText } from '../../adapters/formats/text.ts'

/** Fails with E_DATA where there is no such file, or it is not UTF-8. */
export const readText = (path: string): string => decodeText(bytesOf(path), basename(path))

/** The same by lines; null: one that is not UTF-8. */
export const readLines = (path: string): (string | null)[] =>
  decodeLines(bytesOf(path), basename(path))

const bytesOf = (path: string): Uint8Array => bytesOfFile(() => readFileSync(path), basename(path))
