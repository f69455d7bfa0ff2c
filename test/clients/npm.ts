/**
 * npm packages for development: pinned versions, installed once under the project's cache folder.
 */
import { createHash } from 'node:crypto'
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type RunProgram, runProgram } from '../../eval/peers/programs.ts'

/** folder: has the packages in its node_modules; reason: in words, why it is not there. */
export type NpmPackages = { readonly folder: string } | { readonly reason: string }

export type NpmOptions = {
  readonly cacheFolder: string
  readonly onProgress?: (line: string) => void
  readonly run?: RunProgram
}

/** Written last, so that a folder which has it is whole. */
const STAMP = 'loreweave-pins.txt'

/**
 * pins: "name@version". They come from wherever the user's own npm configuration says. Never throws
 * for what a machine lacks; a folder that was not finished is made again.
 */
export const npmPackages = async (
  pins: readonly string[],
  { cacheFolder, onProgress = () => {}, run = runProgram }: NpmOptions,
): Promise<NpmPackages> => {
  const stampText = `${pins.join('\n')}\n`
  const digest = createHash('sha256').update(stampText).digest('hex').slice(0, 12)
  const folder = join(cacheFolder, 'clients', `npm-${digest}`)
  const stamp = await readFile(join(folder, STAMP), 'utf8').catch(() => '')
  if (stamp === stampText) return { folder }
  onProgress(`installing ${pins.join(', ')} in ${folder} (once)`)
  try {
    await rm(folder, { recursive: true, force: true })
    await mkdir(folder, { recursive: true })
    await writeFile(join(folder, 'package.json'), JSON.stringify(manifest(pins), null, 2))
    const flags = ['--no-audit', '--no-fund', '--engine-strict=false', '--loglevel=error']
    const { code, output } = await run('npm', ['--prefix', folder, 'install', ...flags])
    if (code !== 0) {
      const failure = output.find((line) => /^npm (error|ERR)/.test(line)) ?? output.at(-1)
      return { reason: `npm install failed: ${(failure ?? 'npm is not there').slice(0, 300)}` }
    }
    await writeFile(join(folder, STAMP), stampText)
    return { folder }
  } catch (error) {
    return { reason: `cannot write ${folder}: ${(error as NodeJS.ErrnoException).code}` }
  }
}

const manifest = (pins: readonly string[]) => ({
  private: true,
  dependencies: Object.fromEntries(
    pins.map((pin) => {
      const at = pin.lastIndexOf('@')
      return [pin.slice(0, at), pin.slice(at + 1)]
    }),
  ),
})
