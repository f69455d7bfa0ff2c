/**
 * The exact sum of a round's updates: bytes a second and memory, beside Flower's weighted mean and
 * another checkout's sum, by turns; and apart from it a whole round of a server, from signed uploads
 * to the release.
 */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { FedError } from '../../../adapters/errors.ts'
import type { Result, Results } from '../../measure/results.ts'
import { type PeerProcess, startPeer } from '../../peers/peer-process.ts'
import { FLOWER_PACKAGES, pythonWith } from '../../peers/python.ts'
import { programCommand } from '../../programs/processes.ts'
import { temporaryFolder } from '../../programs/temporary-folder.ts'
import { alternate, bytesResult, rateResult, secondsResult } from '../alternate.ts'
import { roundRun } from '../server/measures.ts'
import { ownCheckout } from '../server/program.ts'
import { openScene } from '../server/scene.ts'

export type AggregateOptions = {
  readonly runs: number
  readonly updates: number
  readonly numbers: number
  /** Updates that memory is measured with beside `updates`: few and many. */
  readonly few: number
  readonly many: number
  /** Updates of the server's round; 0 for none. */
  readonly uploads: number
  readonly peers?: boolean
  readonly against?: string
  readonly cache: string
  readonly log: (line: string) => void
}

const NAME = 'bench.aggregate'

export const benchAggregate = async (options: AggregateOptions): Promise<Results> => ({
  results: [
    ...(await speeds(options)),
    ...(await memory(options)),
    ...(options.uploads > 0 ? await wholeRound(options) : []),
  ],
})

/** All updates lie in memory: what is timed is the sum. */
const speeds = async (options: AggregateOptions): Promise<Result[]> => {
  const { runs, updates, numbers, log } = options
  const bytes = 4 * updates * numbers
  const contestants = await openAll(options)
  const cpu = new Map<string, number[]>()
  try {
    const timed = (name: string, peer: PeerProcess) => async (run: number) => {
      const { seconds = Number.NaN, cpuSeconds = Number.NaN } = await peer.ask({ do: 'sum' })
      if (run >= 0) cpu.set(name, [...(cpu.get(name) ?? []), cpuSeconds])
      return seconds
    }
    const { ours, ...others } = contestants
    const contest = Object.fromEntries(
      Object.entries(others).map(([name, peer]) => [name, timed(name, peer)]),
    )
    const times = await alternate({ ours: timed('ours', ours), ...contest }, runs, log)
    return [
      ...Object.keys(others).flatMap((name) => [
        rateResult(
          { name: `${NAME}.bytes_per_second.${name}`, n: runs },
          bytes,
          times.ours,
          { name, seconds: times[name]! },
          'bytes/s',
        ),
        rateResult(
          { name: `${NAME}.bytes_per_cpu_second.${name}`, n: runs },
          bytes,
          cpu.get('ours')!,
          { name, seconds: cpu.get(name)! },
          'bytes/s',
        ),
      ]),
      secondsResult({ name: `${NAME}.seconds`, n: runs }, times.ours),
      secondsResult({ name: `${NAME}.cpu_seconds`, n: runs }, cpu.get('ours')!),
      ...(others['before'] ? [await sameResult(ours, others['before'])] : []),
    ]
  } finally {
    for (const peer of Object.values(contestants)) await peer.close()
  }
}

type Contestants = { readonly ours: PeerProcess } & Readonly<Record<string, PeerProcess>>

const openAll = async ({
  peers,
  against,
  cache,
  updates,
  numbers,
  log,
}: AggregateOptions): Promise<Contestants> => {
  const before = against === undefined ? undefined : exactSumOf(against)
  const flower = peers ? await startFlower(cache, log) : undefined
  const all = {
    ours: startSum(),
    ...(before !== undefined && { before: startSum(before) }),
    ...(flower && { flower }),
  }
  for (const [name, peer] of Object.entries(all)) {
    log(`${name}: drawing ${updates} updates of ${numbers} numbers`)
    await peer.ask({ do: 'open', updates, numbers })
  }
  return all
}

const startSum = (...args: readonly string[]): PeerProcess => {
  const program = programCommand('eval/bench/aggregate/sum-program')
  return startPeer(program.command, [...program.args, ...args])
}

/** Fails with E_USAGE where the checkout has none. */
const exactSumOf = (folder: string): string => {
  const file = join(folder, 'adapters', 'aggregate', 'exact-sum.ts')
  if (!existsSync(file))
    throw new FedError('E_USAGE', `no exact sum in ${folder}: ${file} is missing`)
  return pathToFileURL(file).href
}

/** Undefined after a word about why not. */
const startFlower = async (
  cacheFolder: string,
  log: (line: string) => void,
): Promise<PeerProcess | undefined> => {
  const python = await pythonWith(FLOWER_PACKAGES, { cacheFolder, onProgress: log })
  if ('interpreter' in python)
    return startPeer(python.interpreter, [
      fileURLToPath(new URL('../../peers/flower_peer.py', import.meta.url)),
    ])
  log(`Flower takes no part: ${python.reason}`)
  return undefined
}

/** 1: the same bytes. */
const sameResult = async (ours: PeerProcess, before: PeerProcess): Promise<Result> => {
  const [own, others] = [await ours.ask({ do: 'digest' }), await before.ask({ do: 'digest' })]
  const isSame = own.digest !== undefined && own.digest === others.digest
  return { name: `${NAME}.same_bytes.before`, value: isSame ? 1 : 0, unit: 'share' }
}

/** Of a new process each: what it held at most, over what it held before the first update. */
const memory = async (options: AggregateOptions): Promise<Result[]> => {
  const { few, updates, many, numbers, peers, cache, log } = options
  const results: Result[] = []
  for (const count of [few, updates, many]) {
    log(`memory: ${count} updates that arrive one by one`)
    const peer = startSum()
    const arrived = peer.ask({ do: 'arrive', updates: count, numbers })
    const ours = await arrived.finally(() => peer.close())
    const flower = peers && count === updates ? await flowerMemory(cache, options) : undefined
    const against = (value: number | undefined) =>
      value === undefined ? undefined : { name: 'flower', value }
    const overOf = (reply: typeof ours) => (reply.peakBytes ?? 0) - (reply.baseBytes ?? 0)
    results.push(
      bytesResult(`${NAME}.peak.${count}`, overOf(ours), against(flower && overOf(flower))),
      bytesResult(`${NAME}.process_peak.${count}`, ours.peakBytes!, against(flower?.peakBytes)),
    )
  }
  return results
}

const flowerMemory = async (cache: string, { updates, numbers, log }: AggregateOptions) => {
  const peer = await startFlower(cache, log)
  if (!peer) return undefined
  try {
    const { baseBytes = 0 } = await peer.ask({ do: 'open', updates, numbers })
    return { ...(await peer.ask({ do: 'sum' })), baseBytes }
  } finally {
    await peer.close()
  }
}

/** Signed uploads over HTTP, their checks and their storing; then until the release is there. */
const wholeRound = async ({ uploads, numbers, log }: AggregateOptions): Promise<Result[]> => {
  const folder = temporaryFolder('bench-aggregate')
  log(`a server's round of ${uploads} signed uploads`)
  const scene = await openScene(
    { checkout: ownCheckout(), data: join(folder.path, 'data') },
    uploads,
  )
  try {
    const updateKb = Math.round((4 * numbers) / 1000)
    const run = await roundRun(scene, uploads, updateKb, 'aggregate')
    const rate = run.uploads.perSecond * updateKb * 1000
    return [
      { name: `${NAME}.upload`, value: rate, unit: 'bytes/s', n: uploads },
      { name: `${NAME}.upload_cpu`, value: run.uploads.cpuMsEach, unit: 'ms', n: uploads },
      { name: `${NAME}.last_upload_to_release`, value: run.aggregateMs, unit: 'ms', n: uploads },
      { name: `${NAME}.release_cpu`, value: run.aggregating.cpuMs, unit: 'ms', n: uploads },
    ]
  } finally {
    await scene.close()
    folder.remove()
  }
}
