/** Python environments for development: pinned versions, made once under the cache folder. */
import { createHash } from 'node:crypto'
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type RunProgram, runProgram } from './programs.ts'

/** Development only: the product imports none of them. torch: the CPU build if pip offers one. */
export const PINS = [
  'torch==2.13.0',
  'transformers==5.23.0',
  'peft==0.21.2',
  'trl==1.16.0',
  'tokenizers==0.23.3',
  'safetensors==0.8.0',
  'numpy==2.4.6',
  'gguf==0.19.0',
] as const

/** interpreter: a Python in which the pinned packages import; reason: why there is none. */
export type PeerPython = { readonly interpreter: string } | { readonly reason: string }

export type PeerPythonOptions = {
  /** The folder that models are cached in, too. */
  readonly cacheFolder: string
  readonly onProgress?: (line: string) => void
  readonly signal?: AbortSignal
  readonly run?: RunProgram
}

/** What an environment holds. modules: what must import before it counts as whole. */
export type PythonPackages = {
  readonly pins: readonly string[]
  readonly modules: readonly string[]
}

/** The Python that PEFT runs in. */
export const PEER_PACKAGES: PythonPackages = {
  pins: PINS,
  modules: ['torch', 'transformers', 'peft', 'trl', 'tokenizers', 'safetensors', 'numpy', 'gguf'],
}

/** For the benchmark of aggregation; Flower brings a numpy of its own choice without the second pin. */
export const FLOWER_PACKAGES: PythonPackages = {
  pins: ['flwr==1.42.0', 'numpy==2.4.6'],
  modules: ['flwr', 'numpy'],
}

/** For the benchmark of a whole federation: Flower and PEFT in one Python. */
export const FEDERATED_PACKAGES: PythonPackages = {
  pins: [
    'flwr==1.42.0',
    ...PINS.filter((pin) => /^(torch|transformers|peft|safetensors|numpy)=/.test(pin)),
  ],
  modules: ['flwr', 'torch', 'transformers', 'peft', 'numpy'],
}

/** For the benchmark of privacy accounting. */
export const ACCOUNTING_PACKAGES: PythonPackages = {
  pins: ['dp-accounting==0.6.0'],
  modules: ['dp_accounting'],
}

/** Packages come from where the user's own pip configuration says. Never throws for a lack;
 *  an environment that was not finished is made again. */
export const pythonWith = async (
  packages: PythonPackages,
  options: PeerPythonOptions,
): Promise<PeerPython> => {
  const { cacheFolder, onProgress = () => {}, signal, run = runProgram } = options
  const folder = pythonFolder(cacheFolder, packages.pins)
  const interpreter = interpreterOf(folder)
  const stamp = join(folder, STAMP)
  const whole = stampText(packages.pins)
  if ((await read(stamp)) === whole && (await imports(run, interpreter, packages.modules)))
    return { interpreter }
  const maker = Number(await read(`${folder}.pid`))
  if (maker && maker !== process.pid && isRunning(maker))
    return { reason: `process ${maker} is making ${folder}: try again when it is done` }
  const system = await systemPython(run)
  if (!system) return { reason: 'no Python 3.11 or later with venv and pip was found' }
  try {
    await rm(folder, { recursive: true, force: true })
    await mkdir(join(folder, '..'), { recursive: true })
    await writeFile(`${folder}.pid`, String(process.pid))
    const problem = await makeEnvironment(run, system, folder, packages, onProgress, signal)
    if (problem) return { reason: problem }
    await writeFile(stamp, whole)
    return { interpreter }
  } catch (error) {
    return { reason: `cannot write ${folder}: ${(error as NodeJS.ErrnoException).code}` }
  } finally {
    await rm(`${folder}.pid`, { force: true }).catch(() => {})
  }
}

/** One folder for each set of pins. */
export const pythonFolder = (cacheFolder: string, pins: readonly string[] = PINS): string =>
  join(
    cacheFolder,
    'peers',
    `python-${createHash('sha256').update(stampText(pins)).digest('hex').slice(0, 12)}`,
  )

export const interpreterOf = (folder: string): string =>
  process.platform === 'win32'
    ? join(folder, 'Scripts', 'python.exe')
    : join(folder, 'bin', 'python')

/** Written last, so that an environment which has it is whole. */
const STAMP = 'loreweave-pins.txt'
const stampText = (pins: readonly string[]): string => `${pins.join('\n')}\n`

const SYSTEM_PYTHONS = ['python3', 'python3.13', 'python3.12', 'python3.11', 'python', 'py']
/** numpy's and transformers' own lower bound. */
const PROBE =
  'import sys, venv, ensurepip; sys.exit(0 if sys.version_info >= (3, 11) else "too old")'

const systemPython = async (run: RunProgram): Promise<string | undefined> => {
  for (const command of SYSTEM_PYTHONS)
    if ((await run(command, ['-c', PROBE])).code === 0) return command
  return undefined
}

/** Undefined when all is well, else what went wrong. */
const makeEnvironment = async (
  run: RunProgram,
  system: string,
  folder: string,
  { pins, modules }: PythonPackages,
  onProgress: (line: string) => void,
  signal: AbortSignal | undefined,
): Promise<string | undefined> => {
  const interpreter = interpreterOf(folder)
  const install = ['-m', 'pip', 'install', '--no-input', '--disable-pip-version-check', ...pins]
  onProgress(`making a Python environment with ${pins[0]} in ${folder} (once)`)
  const steps: readonly (readonly [string, string, readonly string[]])[] = [
    ['venv', system, ['-m', 'venv', folder]],
    ['pip install', interpreter, install],
  ]
  for (const [name, command, args] of steps) {
    const { code, output } = await run(command, args, { onLine: onProgress, signal })
    if (signal?.aborted) return 'making the Python environment was stopped'
    if (code !== 0) return `${name} failed: ${failureOf(output)}`
  }
  if (!(await imports(run, interpreter, modules)))
    return 'the packages were installed, but do not import on this machine'
  return undefined
}

const imports = async (
  run: RunProgram,
  interpreter: string,
  modules: readonly string[],
): Promise<boolean> => (await run(interpreter, ['-c', `import ${modules.join(', ')}`])).code === 0

/** What pip marks as the error, or its last line. */
const failureOf = (output: readonly string[]): string =>
  (output.findLast((line) => line.startsWith('ERROR')) ?? output.at(-1) ?? 'no message').slice(
    0,
    300,
  )

const read = (path: string): Promise<string | undefined> =>
  readFile(path, 'utf8').catch(() => undefined)

const isRunning = (pid: number): boolean => {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
