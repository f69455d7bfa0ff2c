/** Scripts of this folder in the Python that the project makes for its peers. */
import { fileURLToPath } from 'node:url'
import { defaultCacheFolder } from '../../device/engine/model/cache.ts'
import { runProgram } from '../../eval/peers/programs.ts'
import { peerPython } from '../../eval/peers/python.ts'

const python = await peerPython({
  cacheFolder: defaultCacheFolder(process.env),
  onProgress: (line) => process.stderr.write(`${line}\n`),
})

/** Why the tests that need Python are skipped; undefined when they run. */
export const noPython: string | undefined = 'reason' in python ? python.reason : undefined

/** A title that says why its tests are skipped. */
export const titled = (title: string, reason: string | undefined): string => {
  if (reason === undefined) return title
  console.warn(`${title}: skipped, since ${reason}`)
  return `${title} (skipped: ${reason})`
}

export const runScript = async (script: string, ...args: string[]): Promise<void> => {
  if ('reason' in python) throw new Error(python.reason)
  const path = fileURLToPath(new URL(script, import.meta.url))
  const { code, output } = await runProgram(python.interpreter, [path, ...args])
  if (code !== 0) throw new Error(`${script} ended with ${code}:\n${output.join('\n')}`)
}
