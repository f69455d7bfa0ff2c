/** `loreweave init`, `enroll`, `consent`, `status`, `log`: everything that needs no model. */
import { Command, InvalidArgumentError } from 'commander'
import { FedError } from '../../adapters/errors.ts'
import { cryptoRng } from '../../adapters/random.ts'
import type { ConsentRecord } from '../../adapters/wire/federation.ts'
import { Contribution } from '../../adapters/wire/jobs.ts'
import type { StatusResponse } from '../../adapters/wire/personalization.ts'
import { deviceIdOf } from '../../adapters/wire/signature.ts'
import { federationClient } from '../agent/federation.ts'
import { createHome, homeFolder, saveClaudeKey, saveConfig } from '../agent/home.ts'
import { rankingStatus, readCalibration } from '../agent/outlook.ts'
import { trainingStatus } from '../agent/training.ts'
import { timerSleep } from '../agent/transport.ts'
import {
  type CommonOptions,
  homeOf,
  integer,
  megabytes,
  print,
  readText,
  share,
  withHome,
  withStore,
} from './context.ts'
import { describeTraining } from './training.ts'

export const initCommand = (): Command =>
  withHome(new Command('init'))
    .description(
      'make the home folder: keys, device token, settings; run again to change the model or settings',
    )
    .option(
      '--model <name>',
      'a known model (loreweave model list), "tiny", a .gguf file or a model folder',
    )
    .option('--threads <n>', 'threads of the local model', integer(1, 256))
    .option('--cpu-share <x>', 'share of the time that training may run, 0.1 to 1', share)
    .option(
      '--memory-limit <mb>',
      'megabytes that a process with the local model may hold; 0 takes what is free',
      memoryLimit,
    )
    .option('--candidates <n>', 'most answers asked of Claude for one request', integer(1, 4))
    .option('--extra-tokens <n>', 'tokens a day that further answers may take', integer(0, 1e9))
    .option('--extra-usd <x>', 'US dollars a day that further answers may cost', dollars)
    .option('--shadow <on|off>', "decide and record, but return Claude's first answer", onOff)
    .option('--explore <percent>', 'share of orders drawn at random, to learn from', integer(0, 50))
    .option('--claude-url <url>', 'where requests to Claude go')
    .option('--port <n>', 'port of the local API', integer(0, 65_535))
    .option(
      '--claude-key-file <file>',
      'keep your Claude key in the home folder; "-" reads it from stdin',
    )
    .addHelpText(
      'after',
      '\nExamples:\n  loreweave init\n  loreweave init --home ./device --model tiny',
    )
    .action((options: InitOptions) => {
      const { candidates, explore, claudeUrl, port, cpuShare, memoryLimit } = options
      const folder = homeFolder(options.home, process.env)
      const home = createHome(folder, {
        ...(options.model !== undefined && { model: options.model }),
        ...(options.threads !== undefined && { threads: options.threads }),
        settings: {
          ...(cpuShare !== undefined && { cpuShare }),
          ...(memoryLimit !== undefined && { memoryLimit: memoryLimit || null }),
          ...(candidates !== undefined && { candidates }),
          ...(options.extraTokens !== undefined && { extraTokensPerDay: options.extraTokens }),
          ...(options.extraUsd !== undefined && { extraUsdPerDay: options.extraUsd }),
          ...(options.shadow !== undefined && { shadow: options.shadow }),
          ...(explore !== undefined && { explore: explore / 100 }),
          ...(claudeUrl !== undefined && { claudeUrl }),
          ...(port !== undefined && { port }),
        },
      })
      if (options.claudeKeyFile !== undefined)
        saveClaudeKey(folder, readText(options.claudeKeyFile))
      const { model } = home.config
      const deviceId = deviceIdOf(home.key.publicKey)
      const next =
        model === 'tiny' || model.includes('/')
          ? 'loreweave train --data choices.jsonl'
          : `loreweave model pull ${model}`
      print(
        options,
        { home: folder, model, deviceId, settings: home.config.settings },
        `home    ${folder}\nmodel   ${model}\ndevice  ${deviceId}\nThe device token for apps is in ${folder}/device-token.\nNext: ${next}`,
      )
    })

type InitOptions = CommonOptions & {
  model?: string
  threads?: number
  cpuShare?: number
  memoryLimit?: number
  candidates?: number
  extraTokens?: number
  extraUsd?: number
  shadow?: boolean
  explore?: number
  claudeUrl?: string
  port?: number
  claudeKeyFile?: string
}

const dollars = (text: string): number => {
  const value = Number(text)
  if (text.trim() === '' || !(value >= 0 && value <= 1_000_000))
    throw new InvalidArgumentError('expected an amount from 0 to 1,000,000.')
  return value
}

const onOff = (text: string): boolean => {
  if (text !== 'on' && text !== 'off') throw new InvalidArgumentError('expected on or off.')
  return text === 'on'
}

/** 0 is no limit, else megabytes as in DeviceSettings. */
const memoryLimit = (text: string): number => (text === '0' ? 0 : integer(128, 4_000_000)(text))

export const enrollCommand = (): Command =>
  withHome(new Command('enroll'))
    .description('join a federation with a one-time token from its operator')
    .requiredOption('--server <url>', 'the federation server')
    .option('--token-file <file>', 'file that holds the token')
    .option(
      '--token <->',
      '"-" reads the token from stdin (a token in the arguments would be visible to others)',
    )
    .addHelpText(
      'after',
      '\nThe token is taken from --token-file, --token - or $LOREWEAVE_ENROLL_TOKEN.\n\nExamples:\n  loreweave enroll --server https://federation.example --token-file token.txt\n  loreweave-server token create | loreweave enroll --server http://127.0.0.1:8787 --token -',
    )
    .action(
      async (options: CommonOptions & { server: string; tokenFile?: string; token?: string }) => {
        const home = homeOf(options)
        const server = serverUrl(options.server)
        const token = readToken(options)
        const deviceId = await withStore(options, (store) =>
          federationClient({
            serverUrl: server,
            transport: fetch,
            key: home.key,
            clock: Date.now,
            rng: cryptoRng(),
            sleep: timerSleep,
            log: (entry) => store.log(entry),
          }).enroll(token),
        )
        saveConfig(home.folder, { ...home.config, server, enrolledAt: Date.now() })
        print(
          options,
          { deviceId, server },
          `enrolled with ${server} as ${deviceId}\nNext: loreweave consent grant`,
        )
      },
    )

const serverUrl = (text: string): string => {
  const url = URL.canParse(text) ? new URL(text) : null
  if (url?.protocol !== 'http:' && url?.protocol !== 'https:')
    throw new FedError('E_USAGE', '--server expects an http or https address')
  return url.href.replace(/\/+$/, '')
}

const readToken = (options: { tokenFile?: string; token?: string }): string => {
  if (options.token !== undefined && options.token !== '-')
    throw new FedError(
      'E_USAGE',
      '--token takes only "-": arguments are visible to other users. Use --token-file or $LOREWEAVE_ENROLL_TOKEN',
    )
  const text =
    options.tokenFile !== undefined
      ? readText(options.tokenFile)
      : options.token === '-'
        ? readText('-')
        : process.env['LOREWEAVE_ENROLL_TOKEN']
  if (!text?.trim())
    throw new FedError(
      'E_USAGE',
      'needs a token: --token-file FILE, --token - or $LOREWEAVE_ENROLL_TOKEN',
    )
  return text.trim()
}

export const consentCommand = (): Command => {
  const command = new Command('consent').description(
    'what this device may contribute to a federation',
  )
  withHome(command.command('show'))
    .description('the consent in force')
    .action((options: CommonOptions) => {
      const consent = withStore(options, (store) => store.consent())
      print(options, { consent }, describeConsent(consent))
    })
  withHome(command.command('grant'))
    .description('agree to contribute')
    .option(
      '--contributions <list>',
      `of ${Contribution.options.join(', ')}`,
      Contribution.options.join(','),
    )
    .option('--days <n>', 'ends after so many days (default: until withdrawn)', integer(1, 3650))
    .addHelpText(
      'after',
      '\nExample:\n  loreweave consent grant --contributions prior,statistics --days 90',
    )
    .action((options: CommonOptions & { contributions: string; days?: number }) => {
      const contributions = options.contributions.split(',').map((text) => {
        const parsed = Contribution.safeParse(text.trim())
        if (!parsed.success)
          throw new FedError(
            'E_USAGE',
            `--contributions expects some of ${Contribution.options.join(', ')}`,
          )
        return parsed.data
      })
      const now = Date.now()
      const expiresAt = options.days === undefined ? null : now + options.days * 24 * 3600 * 1000
      const consent: ConsentRecord = {
        purpose: 'personalization',
        contributions: [...new Set(contributions)],
        grantedAt: now,
        expiresAt,
      }
      withStore(options, (store) => store.set('consent', consent))
      print(options, { consent }, `${describeConsent(consent)}\nNext: loreweave participate`)
    })
  withHome(command.command('withdraw'))
    .description(
      'stop contributing; updates that are in a release already cannot be taken out of it',
    )
    .action((options: CommonOptions) => {
      withStore(options, (store) => store.set('consent', null))
      print(
        options,
        { consent: null },
        'withdrawn: nothing more is contributed. What is in a release already stays in it.',
      )
    })
  return command
}

const describeConsent = (consent: ConsentRecord | null): string =>
  consent === null
    ? 'no consent: this device contributes nothing'
    : `contributes ${consent.contributions.join(', ') || 'nothing'} for ${consent.purpose}, since ${new Date(consent.grantedAt).toISOString()}, ${consent.expiresAt === null ? 'until withdrawn' : `until ${new Date(consent.expiresAt).toISOString()}`}`

export const statusCommand = (): Command =>
  withHome(new Command('status'))
    .description('what this device has, has learned and has sent')
    .action((options: CommonOptions) => {
      const status = withStore(options, (store, home) => {
        const uploads = store.uploads()
        const serving = store.get('serving') as { release?: string; private?: boolean } | undefined
        return {
          home: home.folder,
          model: home.config.model,
          deviceId: deviceIdOf(home.key.publicKey),
          server: home.config.server,
          consent: store.consent(),
          choices: store.countChoices(),
          training: trainingStatus(store),
          release: serving?.release ?? null,
          privateAdapter: serving?.private ?? false,
          ...readCalibration(store),
          ranking: rankingStatus({ store, settings: home.config.settings, clock: Date.now }),
          updates: {
            accepted: uploads.filter((u) => u.state === 'accepted').length,
            pending: uploads.filter((u) => u.state === 'pending').length,
            refused: uploads.filter((u) => u.state === 'refused').length,
          },
          bytesSent: store.outbox().reduce((sum, entry) => sum + entry.bytes, 0),
        }
      })
      const { updates } = status
      print(
        options,
        status,
        [
          `home      ${status.home}`,
          `model     ${status.model}`,
          `device    ${status.deviceId}`,
          `server    ${status.server ?? 'none (loreweave enroll)'}`,
          `consent   ${describeConsent(status.consent)}`,
          `choices   ${status.choices}`,
          `training  ${describeTraining(status.training)}`,
          `release   ${status.release ?? 'none'}${status.privateAdapter ? ', with a private adapter' : ''}`,
          `margin    ${status.margin.toFixed(3)} on ${status.heldBack} held-back choices`,
          ...describeRanking(status.ranking),
          `updates   ${updates.accepted} accepted, ${updates.pending} pending, ${updates.refused} refused`,
          `sent      ${megabytes(status.bytesSent)} (loreweave log)`,
        ].join('\n'),
      )
    })

const describeRanking = (ranking: NonNullable<StatusResponse['ranking']>): string[] => {
  const { spread, certainty, halfLifeDays, spentToday, right, shadow } = ranking
  const percent = (x: number) => `${x > 0 ? '+' : ''}${(100 * x).toFixed(0)}`
  return [
    `taste     tells answers apart by ${spread.toFixed(2)} (log-odds), ${(100 * certainty).toFixed(0)} % sure that there is one; ${halfLifeDays === null ? 'old choices count in full' : `a choice counts half after ${halfLifeDays} days`}`,
    `spent     ${spentToday.tokens} tokens, $${spentToday.usd.toFixed(2)} on further answers in 24 hours${shadow ? ' (shadow: the first answer is returned)' : ''}`,
    ...(right
      ? [
          `reranked  liked ${percent(right.difference)} % more often than Claude's first (95 %: ${percent(right.low)} to ${percent(right.high)}; ${right.decisions} decisions)`,
        ]
      : []),
  ]
}

export const logCommand = (): Command =>
  withHome(new Command('log'))
    .description('everything that left this device: time, receiver, what, bytes, SHA-256')
    .option('--limit <n>', 'newest entries', integer(1, 1_000_000), 50)
    .action((options: CommonOptions & { limit: number }) => {
      const entries = withStore(options, (store) => store.outbox(options.limit))
      const lines = entries.map(
        (e) =>
          `${new Date(e.at).toISOString()}  ${e.recipient.padEnd(10)}  ${e.what.padEnd(10)}  ${String(e.bytes).padStart(9)} bytes  ${e.digest || '-'}`,
      )
      print(options, { entries }, lines.join('\n') || 'nothing has left this device')
    })
