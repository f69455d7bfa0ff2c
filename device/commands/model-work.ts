/** The work of `loreweave model`: pulls, lists, measures, verifies and removes local models. */
import { onInterrupt } from '../../adapters/node/signals.ts'
import { defaultCacheFolder } from '../engine/model/cache.ts'
import { openModel } from '../engine/model/open.ts'
import {
  listModels,
  type ModelListing,
  type PullProgress,
  pullModel,
  removeModel,
  verifyModel,
} from '../engine/model/pull.ts'
import { type Quality, writeQuality } from '../engine/model/quality.ts'
import { openEngine } from '../engine/process/client.ts'
import { measureQuality } from '../engine/process/measure-quality.ts'
import { fetchOver } from '../http/fetch.ts'
import { openTransport } from '../http/transport.ts'
import type { Io } from './io.ts'

export type Options = { cache?: string; json?: boolean; source?: string }

export const pullNamed = async (
  io: Io,
  name: string,
  options: Pick<Options, 'cache' | 'json' | 'source'>,
): Promise<void> => {
  const abort = new AbortController()
  const takeBack = onInterrupt(() => abort.abort())
  const meter = progressMeter(io)
  try {
    const result = await pullModel({
      cacheFolder: cacheOf(io, options),
      name,
      source: options.source,
      onProgress: meter.update,
      // Any route is safe: the bytes are compared with their known hash.
      fetch: fetchOver(openTransport(io.env, { insecureHttp: true })),
      signal: abort.signal,
      hubUrl: io.env['HF_ENDPOINT'] || undefined,
    })
    meter.end()
    const how = result.source === 'cache' ? 'already here' : `from ${result.source}`
    io.print(
      options,
      { name, ...result },
      `${name}: ${how}, ${megabytes(result.bytes)}\n${result.path}`,
    )
  } finally {
    meter.end()
    takeBack()
  }
}

export const list = async (io: Io, options: Options): Promise<void> => {
  const cacheFolder = cacheOf(io, options)
  const models = await listModels(cacheFolder)
  const lines = models.flatMap((m) => [
    `${m.name.padEnd(16)} ${megabytes(m.bytes).padStart(9)}  ${m.licence.padEnd(12)} ${stateOf(m)}`,
    ...(m.isConverted ? [`${' '.repeat(16)} ${quantizedOf(m)}`] : []),
  ])
  io.print(
    options,
    { cacheFolder, models },
    [
      ...lines,
      `${'tiny'.padEnd(16)} ${'built in'.padStart(9)}`,
      `cache folder: ${cacheFolder}`,
    ].join('\n'),
  )
}

export const measure = async (io: Io, name: string, options: Options): Promise<void> => {
  const model = await openModel({ cacheFolder: cacheOf(io, options), name })
  const engines = (['float32', 'quantized'] as const).map((weights) =>
    openEngine({ folder: model.folder, weights }),
  )
  try {
    const quality = await measureQuality(model, engines[0]!, engines[1]!, (done, of) =>
      io.progress({ step: 'measuring', done, of }),
    )
    await writeQuality(model.folder, quality)
    io.print(options, { name, ...quality }, `${name}: ${qualityText(quality)}`)
  } finally {
    await Promise.all(engines.map((engine) => engine.close()))
  }
}

export const verify = async (io: Io, name: string, options: Options): Promise<void> => {
  const result = await verifyModel(cacheOf(io, options), name)
  io.print(options, { name, ...result }, `${name}: the file is intact (SHA-256 ${result.sha256})`)
}

export const remove = async (io: Io, name: string, options: Options): Promise<void> => {
  const result = await removeModel(cacheOf(io, options), name)
  io.print(options, { name, ...result }, `${name}: removed, ${megabytes(result.freedBytes)} free`)
}

const cacheOf = (io: Io, options: Options): string => options.cache ?? defaultCacheFolder(io.env)

const stateOf = ({ isPresent, partialBytes, isConverted }: ModelListing): string => {
  if (isPresent) return isConverted ? 'here, converted' : 'here'
  return partialBytes > 0 ? `interrupted at ${megabytes(partialBytes)}: pull again` : 'not here'
}

const quantizedOf = ({ name, quantizedBytes, quality }: ModelListing): string => {
  if (quantizedBytes === 0) return 'quantized: made when text is first generated'
  const cost = quality ? qualityText(quality) : `not measured: loreweave model measure ${name}`
  return `quantized: ${megabytes(quantizedBytes)}, ${cost}`
}

const qualityText = (q: Quality): string =>
  `log-probability off by ${q.logProbError.toFixed(4)} nats per token (of ` +
  `${q.logProb.toFixed(2)}), same order for ${percent(q.rerankAgreement)} of ${q.orders} ` +
  `reranks, same greedy text for ${percent(q.greedyAgreement)}`

const percent = (share: number): string => `${(100 * share).toFixed(1)} %`

const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`

/**
 * One line that is rewritten on a terminal; elsewhere a line per tenth, so that logs stay short.
 */
const progressMeter = ({ err, isTerminal }: Io): { update: PullProgress; end(): void } => {
  let shown = ''
  const lineOf = (bytes: number, total: number, source: string) =>
    isTerminal
      ? `${source}: ${megabytes(bytes)} of ${megabytes(total)}`
      : `${source}: ${Math.floor((10 * bytes) / total) * 10} %`
  return {
    update: (bytes, total, source) => {
      const line = lineOf(bytes, total, source)
      if (line === shown) return
      err(isTerminal ? `\r\u001b[K${line}` : `${line}\n`)
      shown = line
    },
    end: () => {
      if (isTerminal && shown !== '') err('\n')
      shown = ''
    },
  }
}
