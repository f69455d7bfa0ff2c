/** Runs other people's programs: to an end, with their lines as progress. */
import { spawn } from 'node:child_process'

/** code: null: not started, or killed. output: last lines of both streams. text: stdout. */
type Ran = {
  readonly code: number | null
  readonly text: string
  readonly output: readonly string[]
}

export type RunProgram = (
  command: string,
  args: readonly string[],
  options?: { readonly onLine?: (line: string) => void; readonly signal?: AbortSignal | undefined },
) => Promise<Ran>

/** Lines that are kept to say why a program failed. */
const KEPT = 40

/** A program that does not exist is code null, not an exception. */
export const runProgram: RunProgram = (command, args, { onLine, signal } = {}) =>
  new Promise((resolve) => {
    const output: string[] = []
    let text = ''
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], signal })
    const take = (line: string) => {
      output.push(line)
      if (output.length > KEPT) output.shift()
      onLine?.(line)
    }
    child.stdout.on('data', (chunk) => {
      text += chunk
    })
    onLines(child.stdout, take)
    onLines(child.stderr, take)
    child.once('error', () => resolve({ code: null, text, output }))
    child.once('close', (code) => resolve({ code, text, output }))
  })

/** Calls back for each line of a stream that is not empty; the last needs no line end. */
export const onLines = (stream: NodeJS.ReadableStream, take: (line: string) => void): void => {
  let rest = ''
  stream.on('data', (chunk) => {
    const lines = `${rest}${chunk}`.split(/\r?\n/)
    rest = lines.pop() ?? ''
    for (const line of lines) if (line.trim()) take(line)
  })
  stream.on('end', () => {
    if (rest.trim()) take(rest)
  })
}

/** The first line of what went wrong. */
export const failureText = (error: unknown): string =>
  (error instanceof Error ? error.message : String(error)).split('\n')[0]!.slice(0, 300)
