/** Words that are found wherever they are written: in any file, as text, as UTF-16, as base64 or as hexadecimal digits. */
import { readdirSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'

export const WORD = /zq[a-z]{8}xv/g
const LETTERS = 8

/** The n-th of all words. */
export const wordOf = (n: number): string => {
  let letters = ''
  for (let left = n; letters.length < LETTERS; left = Math.floor(left / 26))
    letters = String.fromCharCode(97 + (left % 26)) + letters
  return `zq${letters}xv`
}

/** Those that bytes hold, however they are encoded. */
export const wordsOf = (bytes: Buffer): ReadonlySet<string> => {
  const text = bytes.toString('latin1')
  const encoded = [
    ...[...text.matchAll(/[\w+/-]{20,}/g)].flatMap(([run]) =>
      // A base64 text may begin anywhere in what looks like one.
      [0, 1, 2, 3].map((skip) => Buffer.from(run.slice(skip), 'base64').toString('latin1')),
    ),
    ...[...text.matchAll(/[\da-f]{24,}/gi)].flatMap(([run]) =>
      [0, 1].map((skip) => Buffer.from(run.slice(skip), 'hex').toString('latin1')),
    ),
  ]
  const wide = [0, 1].map((skip) => bytes.subarray(skip).toString('utf16le'))
  return new Set([text, ...wide, ...encoded].flatMap((t) => t.match(WORD) ?? []))
}

/** Each word below a folder with the files that hold it, by their paths in it. */
export const wordsIn = (folder: string): ReadonlyMap<string, readonly string[]> => {
  const found = new Map<string, string[]>()
  for (const path of filesIn(folder))
    for (const word of wordsOf(readFileSync(join(folder, path))))
      found.set(word, [...(found.get(word) ?? []), path])
  return found
}

const filesIn = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)))
    .sort()
