/** A command's input and output beside files: the process's own, or a caller's. */
import { readFileSync } from 'node:fs'
import { bytesOfFile, decodeLines, decodeText } from '../../adapters/formats/text.ts'

import { processStreams as ofProcess } from '../../adapters/node/program.ts'
import type { Progress } from '../home/progress.ts'

/** Where a program reads and writes. */
export type Streams = typeof ofProcess & {
  /** Whether standard error is a terminal, whose lines can be rewritten. */
  readonly isTerminal: boolean
  /** Whether a user can answer questions. */
  readonly canAsk: boolean
}

export type Io = Streams & {
  /** The called command, such as `profile set`. */
  readonly command: () => string
  /** A result: one JSON document with --json, else text for people. */
  readonly print: (options: { json?: boolean }, json: object, text: string) => void
  /** One rewritten line on a terminal, elsewhere a line every few seconds. */
  readonly progress: (progress: Progress) => void
  /**
   * Writes one JSON line to standard error: an event with codes and numbers, never the user's text.
   */
  readonly event: (event: object) => void
  /**
   * The text of a file, or of standard input for "-". Fails with E_DATA, including for text that is
   * not UTF-8.
   */
  readonly readText: (path: string) => string
  /** The same as lines; null: a line that is not UTF-8. */
  readonly readLines: (path: string) => (string | null)[]
}

export const openIo = (streams: Streams, command: () => string = () => ''): Io => ({
  ...streams,
  command,
  print: ({ json: isJson }, json, text) => streams.out(`${isJson ? JSON.stringify(json) : text}\n`),
  progress: progressLines(streams),
  event: (event) => streams.err(`${JSON.stringify({ at: new Date().toISOString(), ...event })}\n`),
  readText: (path) => decodeText(bytesOf(streams, path), nameOf(path)),
  readLines: (path) => decodeLines(bytesOf(streams, path), nameOf(path)),
})

export const processStreams: Streams = {
  ...ofProcess,
  isTerminal: process.stderr.isTTY === true,
  canAsk: process.stdin.isTTY === true && process.stderr.isTTY === true,
}

/** The name of an option's file in messages. */
export const nameOf = (path: string): string => (path === '-' ? 'standard input' : path)

const bytesOf = ({ input }: Streams, path: string): Uint8Array =>
  bytesOfFile(() => (path === '-' ? input() : readFileSync(path)), nameOf(path))

const progressLines = ({ err, isTerminal }: Streams): Io['progress'] => {
  let lastLine = ''
  let lastAt = 0
  return ({ step, done, of, note }) => {
    const count = done === undefined ? '' : of === undefined ? ` ${done}` : ` ${done}/${of}`
    const line = `${step}${count}${note ? `: ${note}` : ''}`
    const isLast = done === undefined || done === of
    if (line === lastLine || (!isLast && Date.now() - lastAt < (isTerminal ? 100 : 5000))) return
    lastLine = line
    lastAt = Date.now()
    err(isTerminal && !isLast ? `\r\u001b[K${line}` : `${isTerminal ? '\r\u001b[K' : ''}${line}\n`)
  }
}
