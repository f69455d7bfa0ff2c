/**
 * `loreweave` called in this process, with a home and a model cache of its own. `cli-process.ts`
 * starts it instead.
 */
import { join } from 'node:path'
import { createProgram } from '../../device/cli.ts'
import { type Io, openIo, type Streams } from '../../device/commands/io.ts'

export type Result = { code: number | null; stdout: string; stderr: string }
type Given = {
  readonly input?: string | Uint8Array
  readonly env?: Readonly<Record<string, string>>
}

/** Streams whose output is kept; nobody can be asked. */
const kept = ({ input = '', env = {} }: Given) => {
  const result: Result = { code: 0, stdout: '', stderr: '' }
  const streams: Streams = {
    env,
    out: (text) => {
      result.stdout += text
    },
    err: (text) => {
      result.stderr += text
    },
    input: () => (typeof input === 'string' ? Buffer.from(input) : input),
    isTerminal: false,
    canAsk: false,
    exitWith: (code) => {
      result.code = code
    },
  }
  return { result, streams }
}

/** folder: holds home and cache. No variable of the environment is seen but those of `env`. */
export const call = async (
  folder: string,
  args: readonly string[],
  { input = '', env = {} }: Given = {},
): Promise<Result> => {
  const own = { LOREWEAVE_HOME: join(folder, 'home'), LOREWEAVE_CACHE: join(folder, 'cache') }
  const { result, streams } = kept({ input, env: { ...own, ...env } })
  await createProgram(streams).run(args)
  return result
}

/** For what takes an Io; its output is kept. */
export const keptIo = (given: Given = {}): { io: Io; result: Result } => {
  const { streams, result } = kept(given)
  return { io: openIo(streams), result }
}

/** The same without its output. */
export const silentIo = (): Io => keptIo().io
