/** What every benchmark starts from: an opened model, and the peers where they were asked for. */
import { existsSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { fileURLToPath } from 'node:url'
import { modelPath } from '../../device/engine/model/cache.ts'
import { type LocalModel, openModel } from '../../device/engine/model/open.ts'
import { MODELS } from '../../device/engine/model/registry.ts'
import { writeHuggingFace } from '../peers/hugging-face.ts'
import { type PeerProcess, startPeer } from '../peers/peer-process.ts'
import { PEER_PACKAGES, type PythonPackages, pythonWith } from '../peers/python.ts'
import { programCommand } from '../programs/processes.ts'
import { temporaryFolder } from '../programs/temporary-folder.ts'

export type BenchOptions = {
  readonly model: string
  readonly cache: string
  readonly threads?: number
  readonly runs: number
  readonly peers?: boolean
  readonly log: (line: string) => void
}

export type Bench = Omit<BenchOptions, 'model' | 'threads'> & {
  /** As it was asked for. */
  readonly name: string
  readonly model: LocalModel
  /** The file that llama.cpp reads; undefined where the model is none. */
  readonly gguf: string | undefined
  readonly threads: number
}

/** Fails as openModel does. */
export const openBench = async ({
  model: name,
  threads = availableParallelism(),
  ...rest
}: BenchOptions): Promise<Bench> => {
  const model = await openModel({ cacheFolder: rest.cache, name })
  const entry = MODELS.find((m) => m.name === name)
  const path = entry ? modelPath(rest.cache, entry.file) : name
  const gguf = path.endsWith('.gguf') && existsSync(path) ? path : undefined
  return { ...rest, name, model, threads, gguf }
}

export type PeftSettings = {
  readonly rank: number
  readonly alpha: number
  readonly learningRate: number
}

/** PEFT with our weights, or undefined after a word about why not. */
export const openPeft = (bench: Bench, settings: PeftSettings): Promise<PeerProcess | undefined> =>
  openPythonPeer(bench, 'PEFT', PEER_PACKAGES, PEFT, settings)

const PEFT = fileURLToPath(new URL('../peers/peft_peer.py', import.meta.url))

/** A Python program with our weights, or undefined after a word about why not. Its copy of them is removed. */
export const openPythonPeer = (
  bench: Bench,
  name: string,
  packages: PythonPackages,
  script: string,
  settings: object,
): Promise<PeerProcess | undefined> =>
  joining(bench, name, async () => {
    const python = await pythonWith(packages, { cacheFolder: bench.cache, onProgress: bench.log })
    if ('reason' in python) throw new Error(python.reason)
    const folder = temporaryFolder('peer')
    try {
      bench.log(`writing the weights for ${name} and starting it`)
      await writeHuggingFace(bench.model.folder, folder.path)
      const peer = startPeer(python.interpreter, [script])
      return await opened(peer, { folder: folder.path, threads: bench.threads, ...settings })
    } finally {
      folder.remove()
    }
  })

/** llama.cpp on the model's own file, or undefined after a word about why not. */
export const openLlama = (bench: Bench, contextSize: number): Promise<PeerProcess | undefined> =>
  joining(bench, 'llama.cpp', async () => {
    if (!bench.gguf) throw new Error('the model is no GGUF file')
    const { command, args } = programCommand('eval/peers/llama-worker')
    const peer = startPeer(command, args)
    return opened(peer, { modelPath: bench.gguf, threads: bench.threads, contextSize })
  })

const opened = async (peer: PeerProcess, request: object): Promise<PeerProcess> => {
  try {
    await peer.ask({ do: 'open', ...request })
    return peer
  } catch (error) {
    await peer.close()
    throw error
  }
}

const joining = async (
  { peers, log }: Bench,
  name: string,
  open: () => Promise<PeerProcess>,
): Promise<PeerProcess | undefined> => {
  if (!peers) return undefined
  try {
    return await open()
  } catch (error) {
    log(`${name} takes no part: ${error instanceof Error ? error.message : String(error)}`)
    return undefined
  }
}
