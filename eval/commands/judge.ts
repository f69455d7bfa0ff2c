/** `loreweave-eval judge`: gives the newest release of a server the verdict of a choice log. */
import { join } from 'node:path'
import { type Command, Option } from 'commander'
import { FedError } from '../../adapters/errors.ts'
import {
  LineageListResponse,
  type LineageView,
  ReleaseResponse,
} from '../../adapters/wire/operator.ts'
import { PROTOCOL_VERSION } from '../../adapters/wire/primitives.ts'
import { type OperatorClient, operatorClient } from '../../server/commands/client.ts'
import { progress } from '../measure/progress.ts'
import type { Results } from '../measure/results.ts'
import { type Said, type VerdictOptions, verdictOn } from '../run/release-verdict.ts'
import { cacheOption, jsonOption, modelOption, type Print, threadsOption } from './options.ts'
import { resumable } from './resumable.ts'

const LOCAL_SERVER = 'http://127.0.0.1:8787'

const HELP = `
Heads are fitted to each user's training lines, under the newest release and under the one that
devices follow; both predict the test lines. With --lineage left out, the server must have one
lineage. Where nothing is newer than what devices follow, nothing is done, and the exit status is 0.

Examples:
  loreweave-eval judge --data evaluation.jsonl --server https://federation.example --credential-file judge.token
  loreweave-eval judge --data evaluation.jsonl --dry-run`

export const addJudgeCommand = (program: Command, print: Print): void => {
  program
    .command('judge')
    .description("gives a server's newest release the verdict that its gate waits for")
    .requiredOption(
      '--data <file>',
      'choice log with training and test lines, one JSON object a line',
    )
    .addOption(
      new Option('--server <url>', 'where the server is').default(
        process.env['LOREWEAVE_SERVER'] ?? LOCAL_SERVER,
        `$LOREWEAVE_SERVER, else ${LOCAL_SERVER}`,
      ),
    )
    .option(
      '--credential-file <path>',
      'a token of the role judge or above (default: LOREWEAVE_OPERATOR_TOKEN)',
    )
    .option('--lineage <id>', 'of which lineage: its id, or the first digits of it')
    .option('--dry-run', 'print the verdict, and keep it from the server')
    .option('--skip-bad', 'pass over lines that do not match the schema')
    .option('--out <folder>', 'where what was computed is kept', join('out', 'judge'))
    .addOption(modelOption())
    .addOption(cacheOption())
    .addOption(threadsOption())
    .addOption(jsonOption())
    .addHelpText('after', HELP)
    .action(async ({ server, credentialFile, lineage: prefix, dryRun, json, ...options }) => {
      const client = operatorClient({ server, credentialFile }, process.env)
      const lineage = await findLineage(client, prefix)
      const { head, promoted, version, promotedVersion } = lineage
      if (head === promoted) {
        progress(
          `version ${version} is the newest, and devices follow it: nothing waits to be judged`,
        )
        return print({ results: [] }, json)
      }
      progress(`version ${version}, beside version ${promotedVersion} that devices follow`)
      const [followed, release] = [await bytesOf(client, promoted), await bytesOf(client, head)]
      const run = (signal: AbortSignal) =>
        verdictOn({ ...options, followed, release, log: progress, signal } as VerdictOptions)
      const said = await resumable(run)
      if (!dryRun) await give(client, head, said)
      print(resultsOf(said), json)
    })
}

const bytesOf = (client: OperatorClient, hash: string): Promise<Uint8Array> =>
  client.bytes(`/v1/operator/releases/${hash}/bytes`)

const give = async (
  client: OperatorClient,
  hash: string,
  { people: _, ...verdict }: Said,
): Promise<void> => {
  const body = { protocol: PROTOCOL_VERSION, ...verdict }
  await client.json(ReleaseResponse, 'POST', `/v1/operator/releases/${hash}/verdict`, body)
  progress(`the server has the verdict on ${hash.slice(0, 12)}`)
}

/** Fails with E_NO_RELEASE (no lineage) and E_USAGE (several). */
const findLineage = async (client: OperatorClient, prefix = ''): Promise<LineageView> => {
  const { lineages } = await client.json(LineageListResponse, 'GET', '/v1/operator/lineages')
  const found = lineages.filter(({ id }) => id.startsWith(prefix))
  if (found.length === 0)
    throw new FedError('E_NO_RELEASE', `no lineage ${prefix || 'on this server yet'}`)
  if (found.length > 1)
    throw new FedError(
      'E_USAGE',
      `${found.length} lineages: give --lineage with one of ${found.map(({ id }) => id.slice(0, 12)).join(', ')}`,
    )
  return found[0]!
}

const resultsOf = ({ people, choices, mean, low, high, loss, accuracy }: Said): Results => ({
  results: [
    {
      name: 'judge.difference',
      value: mean,
      unit: 'nats a choice',
      interval: [low, high],
      n: people,
    },
    { name: 'judge.loss', value: loss ?? 0, unit: 'nats a choice' },
    { name: 'judge.accuracy', value: accuracy ?? 0, unit: 'of pairs' },
    { name: 'judge.choices', value: choices, unit: 'choices' },
  ],
})
