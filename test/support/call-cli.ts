import { createProgram } from '../../server/cli.ts'

/** A command of the server's CLI, called in this process, to its end. */
export const callCli = async (args: readonly string[], env: Record<string, string> = {}) => {
  const result = { status: 0, stdout: '', stderr: '' }
  const program = createProgram({
    env,
    out: (text) => {
      result.stdout += text
    },
    err: (text) => {
      result.stderr += text
    },
    input: () => new Uint8Array(),
    exitWith: (code) => {
      result.status = code
    },
  })
  await program.run(args)
  return result
}
