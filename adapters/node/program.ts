/** What the programs share: how one is started, how it reads arguments, and how it ends. */
import { readFileSync, realpathSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { type Command, CommanderError, InvalidArgumentError } from 'commander'
import { asFedError, type ErrorCode, failureText } from '../errors.ts'

export type Program = {
  /** Ends with a call of exitWith unless all went well, and never rejects. args: without the program's own name. */
  run(args: readonly string[]): Promise<void>
}

export type Ending = {
  /** Standard output: results. */
  readonly out: (text: string) => void
  /** Standard error: refusals. */
  readonly err: (text: string) => void
  readonly exitWith: (code: number) => void
}

export const processStreams: Ending & {
  readonly env: Readonly<Record<string, string | undefined>>
  /** All of standard input. */
  readonly input: () => Uint8Array
} = {
  env: process.env,
  out: (text) => void process.stdout.write(text),
  err: (text) => void process.stderr.write(text),
  input: () => readFileSync(0),
  exitWith: (code) => {
    process.exitCode = code
  },
}

/**
 * Exit codes: 0 done, 2 wrong usage, else what `exits` says for the error, or 1. With --json a refusal
 * is the same envelope as over HTTP, on standard error.
 */
export const programOf = (
  command: Command,
  streams: Ending,
  exits: Readonly<Partial<Record<ErrorCode, number>>> = {},
): Program => {
  prepare(command, streams)
  return {
    run: async (args) => {
      try {
        await command.parseAsync(args, { from: 'user' })
      } catch (error) {
        streams.exitWith(exitOf(error, streams, args.includes('--json'), exits))
      }
    },
  }
}

/** Commander ends the process itself, and writes to its output, unless every command says otherwise. */
const prepare = (command: Command, { out, err }: Ending): void => {
  command
    .exitOverride()
    .configureOutput({ writeOut: out, writeErr: err })
    .showHelpAfterError('(add --help for the options and examples)')
  for (const sub of command.commands) prepare(sub, { out, err, exitWith: () => {} })
}

const exitOf = (
  error: unknown,
  { err }: Ending,
  isJson: boolean,
  exits: Readonly<Partial<Record<ErrorCode, number>>>,
): number => {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2
  const known = asFedError(error)
  err(`${failureText(known, isJson)}\n`)
  return known.code === 'E_USAGE' ? 2 : (exits[known.code] ?? 1)
}

/** Runs the program if the file of this URL was started, and not where a test imports it. */
export const runIfStarted = async (url: string, program: Program): Promise<void> => {
  const [, started] = process.argv
  if (!started || realpathSync(started) !== fileURLToPath(url)) return
  // A reader such as `head` may close the pipe early: that is no failure.
  process.stdout.on('error', (error: NodeJS.ErrnoException) =>
    process.exit(error.code === 'EPIPE' ? 0 : 1),
  )
  // Nobody reads why it fails; how it ends still counts.
  process.stderr.on('error', () => {})
  await program.run(process.argv.slice(2))
}

/** Reads an option's value; commander words the refusal. */
export const integer =
  (least: number, most = Number.MAX_SAFE_INTEGER) =>
  (text: string): number => {
    const value = Number(text)
    if (/^-?\d+$/.test(text) && value >= least && value <= most) return value
    const range = most === Number.MAX_SAFE_INTEGER ? `from ${least}` : `from ${least} to ${most}`
    throw new InvalidArgumentError(`expected a whole number ${range}.`)
  }
