import { createProgram } from '../../eval/cli.ts'

/** A command of loreweave-eval, called in this process, to its end. */
export const callEval = async (...args: string[]) => {
  const result = { code: 0, stdout: '', stderr: '' }
  const program = createProgram({
    out: (text) => {
      result.stdout += text
    },
    err: (text) => {
      result.stderr += text
    },
    exitWith: (code) => {
      result.code = code
    },
  })
  await program.run(args)
  return result
}
