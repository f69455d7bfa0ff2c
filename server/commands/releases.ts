/** The operator's commands for releases: what there is, what devices follow, and the way back. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Command, InvalidArgumentError } from 'commander'
import { wholeAdapter } from '../../adapters/contributions/adapter.ts'
import { decodeRelease } from '../../adapters/contributions/messages.ts'
import { FedError } from '../../adapters/errors.ts'
import { writePeft } from '../../adapters/lora/peft.ts'
import { integer } from '../../adapters/node/program.ts'
import {
  LineageListResponse,
  LineageResponse,
  ReleaseListResponse,
  ReleaseResponse,
} from '../../adapters/wire/operator.ts'
import { PROTOCOL_VERSION } from '../../adapters/wire/primitives.ts'
import { type CommandDeps, type Common, client, command, group, print } from './command.ts'
import { parseDuration } from './job-spec.ts'
import { lineageTable, releaseTable, releaseText } from './print.ts'

const protocol = PROTOCOL_VERSION
const HASH = 'its SHA-256, or the first digits of it'
const LINEAGE = 'its id, or the first digits of it'

export const releaseCommands = (deps: CommandDeps): Command =>
  group('release', 'releases and their lineages')
    .addCommand(
      command(deps, 'list', 'releases, newest first')
        .option('--lineage <lineage>', 'of one lineage: its id, or the first digits of it')
        .option('--limit <n>', 'how many', integer(1, 1000), 100)
        .option('--cursor <cursor>', 'where the page before ended')
        .action(async ({ lineage, limit, cursor, ...o }: ListFlags) => {
          const answer = await findReleases(deps, o, {
            ...{ order: 'newest', limit: String(limit) },
            ...(lineage !== undefined && { lineage: await findLineage(deps, o, lineage) }),
            ...(cursor !== undefined && { cursor }),
          })
          const more = answer.next ? `\nmore: --cursor ${answer.next}` : ''
          print(deps, o, answer, () => `${releaseTable(answer.releases)}${more}`)
        }),
    )
    .addCommand(
      command(deps, 'show', 'one release')
        .argument('<hash>', HASH)
        .action(async (prefix: string, o: Common) => {
          const path = `/v1/operator/releases/${await findHash(deps, o, prefix)}`
          const answer = await client(deps, o).json(ReleaseResponse, 'GET', path)
          print(deps, o, answer, () => releaseText(answer.release))
        }),
    )
    .addCommand(getCommand(deps))
    .addCommand(
      command(deps, 'lineages', 'every lineage, and what its devices follow').action(
        async (o: Common) => {
          const answer = await lineages(deps, o)
          print(deps, o, answer, () => lineageTable(answer.lineages))
        },
      ),
    )
    .addCommand(
      command(deps, 'rollback', 'give all devices an earlier version again, as the next one')
        .argument('<lineage>', LINEAGE)
        .requiredOption('--to <version>', 'the version', integer(0, 1_000_000_000))
        .addHelpText('after', '\nExamples:\n  loreweave-server release rollback 9f2c --to 3')
        .action((prefix: string, o: Common & { to: number }) =>
          makeRelease(deps, o, prefix, 'rollback', { version: o.to }),
        ),
    )
    .addCommand(
      command(deps, 'rescale', 'drop scale and prior: the next statistics set the scale anew')
        .argument('<lineage>', LINEAGE)
        .action((prefix: string, o: Common) => makeRelease(deps, o, prefix, 'rescale', {})),
    )
    .addCommand(
      command(deps, 'stage', 'give new releases to a share of the devices first')
        .argument('<lineage>', LINEAGE)
        .requiredOption('--share <share>', 'such as 0.1 or 10%', readShare)
        .option(
          '--judges <n>',
          'devices that must have judged a release before it is halted or promoted (20)',
          integer(2, 1_000_000),
        )
        .option('--promote', 'promote by itself what proves to be no worse')
        .option(
          '--gate <duration>',
          'nobody follows a release before its verdict (loreweave-eval judge); an alert says so after this time',
          parseDuration,
        )
        .addHelpText(
          'after',
          '\nExamples:\n  loreweave-server release stage 9f2c --share 10% --promote\n' +
            '  loreweave-server release stage 9f2c --share 0 --gate 24h --promote',
        )
        .action((prefix: string, o: StageFlags) =>
          changeLineage(deps, o, prefix, 'stage', {
            share: o.share,
            judges: o.judges,
            promotes: o.promote,
            gateMs: o.gate,
          }),
        ),
    )
    .addCommand(
      command(deps, 'promote', 'give the newest release to all devices')
        .argument('<lineage>', LINEAGE)
        .action((prefix: string, o: Common) => changeLineage(deps, o, prefix, 'promote', {})),
    )

type StageFlags = Common & { share: number; judges?: number; promote?: boolean; gate?: number }
type ListFlags = Common & { lineage?: string; limit: number; cursor?: string }
type GetFlags = Common & { out?: string; peft?: string; baseModel?: string }

const getCommand = (deps: CommandDeps): Command =>
  command(deps, 'get', 'write a release to a file, or its adapter as a PEFT folder')
    .argument('<hash>', HASH)
    .option('--out <file>', 'all of its bytes')
    .option('--peft <folder>', 'adapter_config.json and adapter_model.safetensors')
    .option('--base-model <name>', 'what PEFT shall load the adapter on: a Hub name or a path')
    .action(async (prefix: string, o: GetFlags) => {
      if ((o.out === undefined) === (o.peft === undefined))
        throw new FedError('E_USAGE', 'give either --out or --peft')
      const hash = await findHash(deps, o, prefix)
      const bytes = await client(deps, o).bytes(`/v1/operator/releases/${hash}/bytes`)
      const where = (o.out ?? o.peft)!
      if (o.out !== undefined) writeFileSync(o.out, bytes)
      else writePeftFolder(where, bytes, o.baseModel ?? null)
      const done = { hash, bytes: bytes.length, ...(o.out ? { file: where } : { folder: where }) }
      print(deps, o, done, () => `${where}: ${o.out ? `${bytes.length} bytes` : 'written'}`)
    })

const writePeftFolder = (folder: string, bytes: Uint8Array, baseModel: string | null): void => {
  const release = decodeRelease(bytes)
  const { spec, flat } = wholeAdapter(release)
  const files = writePeft(spec, release.header.base.shape, flat, baseModel)
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'adapter_config.json'), files.config)
  writeFileSync(join(folder, 'adapter_model.safetensors'), files.safetensors)
}

const makeRelease = async (
  deps: CommandDeps,
  o: Common,
  prefix: string,
  deed: 'rollback' | 'rescale',
  body: object,
): Promise<void> => {
  const path = `/v1/operator/lineages/${await findLineage(deps, o, prefix)}/${deed}`
  const answer = await client(deps, o).json(ReleaseResponse, 'POST', path, { protocol, ...body })
  print(deps, o, answer, () => releaseText(answer.release))
}

const changeLineage = async (
  deps: CommandDeps,
  o: Common,
  prefix: string,
  deed: 'stage' | 'promote',
  body: object,
): Promise<void> => {
  const path = `/v1/operator/lineages/${await findLineage(deps, o, prefix)}/${deed}`
  const answer = await client(deps, o).json(LineageResponse, 'POST', path, { protocol, ...body })
  print(deps, o, answer, () => lineageTable([answer.lineage]))
}

const lineages = (deps: CommandDeps, o: Common) =>
  client(deps, o).json(LineageListResponse, 'GET', '/v1/operator/lineages')

const findReleases = (deps: CommandDeps, o: Common, query: Record<string, string>) =>
  client(deps, o).json(
    ReleaseListResponse,
    'GET',
    `/v1/operator/releases?${new URLSearchParams(query)}`,
  )

/** Fails with E_NO_RELEASE, or E_USAGE when several begin so. */
const findHash = async (deps: CommandDeps, o: Common, prefix: string): Promise<string> => {
  if (/^[0-9a-f]{64}$/.test(prefix)) return prefix
  if (!/^[0-9a-f]{1,63}$/.test(prefix))
    throw new FedError('E_USAGE', `expected a SHA-256 or its first digits, got ${prefix}`)
  const { releases } = await findReleases(deps, o, { hash: prefix, limit: '2' })
  return onlyOne(
    'release',
    prefix,
    releases.map(({ hash }) => hash),
  )
}

const findLineage = async (deps: CommandDeps, o: Common, prefix: string): Promise<string> =>
  onlyOne(
    'lineage',
    prefix,
    (await lineages(deps, o)).lineages.map(({ id }) => id),
  )

const onlyOne = (what: string, prefix: string, ids: readonly string[]): string => {
  const found = ids.filter((id) => id.startsWith(prefix))
  if (found.length > 1)
    throw new FedError('E_USAGE', `several ${what}s begin with ${prefix}: give more digits`)
  if (!found[0]) throw new FedError('E_NO_RELEASE', `no ${what} begins with ${prefix}`)
  return found[0]
}

const readShare = (text: string): number => {
  const share = text.endsWith('%') ? Number(text.slice(0, -1)) / 100 : Number(text)
  if (text.trim() === '' || !(share >= 0 && share <= 1))
    throw new InvalidArgumentError('expected a share such as 0.1 or 10%.')
  return share
}
