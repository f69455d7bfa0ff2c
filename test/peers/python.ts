/** Scripts of this folder in the Pythons that the project makes for its peers. */
import { fileURLToPath } from 'node:url'
import { defaultCacheFolder } from '../../device/engine/model/cache.ts'
import { runProgram } from '../../eval/peers/programs.ts'
import { PEER_PACKAGES, type PythonPackages, pythonWith } from '../../eval/peers/python.ts'

const options = {
  cacheFolder: defaultCacheFolder(process.env),
  onProgress: (line: string) => process.stderr.write(`${line}\n`),
}

/** reason: why there is none; run: a script of this folder, or a program of `-m` and its arguments. */
export type Python = {
  readonly reason: string | undefined
  run(script: string, ...args: string[]): Promise<string>
}

const opened = (python: Awaited<ReturnType<typeof pythonWith>>): Python => ({
  reason: 'reason' in python ? python.reason : undefined,
  run: async (script, ...args) => {
    if ('reason' in python) throw new Error(python.reason)
    const path = script === '-m' ? script : fileURLToPath(new URL(script, import.meta.url))
    const { code, output, text } = await runProgram(python.interpreter, [path, ...args])
    if (code !== 0) throw new Error(`${script} ended with ${code}:\n${output.join('\n')}`)
    return text
  },
})

/** The Python that PEFT, TRL and transformers run in. */
export const peers: Python = opened(await pythonWith(PEER_PACKAGES, options))

/** mlx has wheels for Apple silicon and for Linux; elsewhere its tests are skipped. */
const MLX: PythonPackages = {
  pins: ['mlx-lm==0.32.2', process.platform === 'linux' ? 'mlx[cpu]==0.32.4' : 'mlx==0.32.4'],
  modules: ['mlx_lm', 'mlx.core'],
}
export const openMlx = async (): Promise<Python> => opened(await pythonWith(MLX, options))

/** Why the tests that need Python are skipped; undefined when they run. */
export const noPython: string | undefined = peers.reason

/** A title that says why its tests are skipped. */
export const titled = (title: string, reason: string | undefined): string => {
  if (reason === undefined) return title
  console.warn(`${title}: skipped, since ${reason}`)
  return `${title} (skipped: ${reason})`
}

export const runScript = async (script: string, ...args: string[]): Promise<void> => {
  await peers.run(script, ...args)
}
