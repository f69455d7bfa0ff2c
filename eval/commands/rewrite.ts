/** `loreweave-eval rewrite`. */
import { basename } from 'node:path'
import type { Command } from 'commander'
import { FedError } from '../../adapters/errors.ts'
import { tellLines } from '../../adapters/formats/json-lines.ts'
import { openModel } from '../../device/engine/model/open.ts'
import { openEngine } from '../../device/engine/process/client.ts'
import { REQUESTS } from '../answers/requests.ts'
import { readLines, readText } from '../inputs/files.ts'
import { readOutputs } from '../inputs/outputs.ts'
import { parseRequests } from '../inputs/request-file.ts'
import { progress } from '../measure/progress.ts'
import { countReasons, type NumberedLine, readProfileFile, rewriteLines } from '../run/rewrite.ts'
import { cacheOption, jsonOption, modelOption, threadsOption } from './options.ts'

type Options = {
  readonly data?: string
  readonly outputs?: readonly string[]
  readonly profile: string
  readonly skipBad?: boolean
  readonly model: string
  readonly cache: string
  readonly threads?: number
  readonly json?: boolean
}

/** "bank" is the requests of the offline world. */
const BANK: readonly NumberedLine[] = REQUESTS.map(({ id, messages, system }, i) => ({
  line: i + 1,
  request: { id, messages: [...messages], ...(system !== undefined && { system }) },
}))

const fileLines = (path: string, skipBad: boolean): NumberedLine[] => {
  const read = parseRequests(readLines(path))
  tellLines(read, { name: basename(path), skipBad, tell: progress })
  return read.items.map(({ line, item }) => ({ line, request: item }))
}

const requestsOf = ({ data, outputs = [], skipBad = false }: Options): NumberedLine[] => {
  if (data === undefined && outputs.length === 0)
    throw new FedError('E_USAGE', 'say --data, --outputs or both')
  const lines = data === undefined ? [] : data === 'bank' ? BANK : fileLines(data, skipBad)
  const files = outputs.map((path) => ({ name: basename(path), text: readText(path) }))
  const asked = readOutputs(files).map(({ id, messages }, i) => ({
    line: i + 1,
    request: { id, messages: [...messages] },
  }))
  return [...lines, ...asked]
}

/** out: standard output. */
export const addRewriteCommand = (program: Command, out: (text: string) => void): void => {
  program
    .command('rewrite')
    .description('what a device would send for each line of a choice log, as JSON lines, and why')
    .option('--data <file>', 'choice log, any JSON lines with `messages`, or "bank"')
    .option('--outputs <files...>', 'AlpacaEval outputs: their instructions as well')
    .requiredOption('--profile <file>', 'JSON: what `loreweave profile --json` prints, or a list')
    .option('--skip-bad', 'pass over lines that do not match the schema')
    .addOption(modelOption())
    .addOption(cacheOption())
    .addOption(threadsOption())
    .addOption(jsonOption())
    .action(async (options: Options) => {
      const lines = requestsOf(options)
      const profile = readProfileFile(readText(options.profile))
      const model = await openModel({ cacheFolder: options.cache, name: options.model })
      const engine = openEngine({
        folder: model.folder,
        ...(options.threads && { threads: options.threads }),
      })
      try {
        progress('reading the seeds of the relevance head: half a minute …')
        const requests = await rewriteLines(lines, profile, { model, engine })
        const results = countReasons(requests)
        if (options.json) out(`${JSON.stringify({ results, requests }, null, 2)}\n`)
        else {
          for (const line of requests) out(`${JSON.stringify(line)}\n`)
          for (const { name, value } of results) progress(`${name}: ${value}`)
        }
      } finally {
        await engine.close()
      }
    })
}
