/** The work of `loreweave init`: makes or changes a home, pulls the model, prepares it. */

import { createInterface } from 'node:readline/promises'
import { Writable } from 'node:stream'
import { defaultCacheFolder } from '../engine/model/cache.ts'
import { checkOwnTokenizer } from '../engine/model/open.ts'
import { listModels } from '../engine/model/pull.ts'
import { checkText } from '../engine/model/tokenizer-check.ts'
import { deviceIdOfKey } from '../home/device-key.ts'
import {
  createHome,
  type Home,
  isHome,
  isWholeHome,
  makeFolder,
  saveClaudeKey,
} from '../home/home.ts'
import { takeLock } from '../home/lock.ts'
import { timerSleep } from '../http/sleep.ts'
import { askHome, askLong, holderOf } from './ask.ts'
import { folderOf, homeOf, type ModelOptions, megabytes, openModelOf } from './context.ts'
import type { Io } from './io.ts'
import { pullNamed } from './model-work.ts'

export type InitOptions = ModelOptions & {
  yes?: boolean
  pull: boolean
  model?: string
  candidates?: number
  extraTokens?: number
  extraUsd?: number
  shadow?: boolean
  explore?: number
  claudeUrl?: string
  insecureHttp?: boolean
  port?: number
  claudeKeyFile?: string
}

export const init = async (io: Io, options: InitOptions): Promise<void> => {
  const folder = folderOf(io, options)
  const isNew = !isHome(folder)
  const claudeKey =
    options.claudeKeyFile === undefined ? undefined : io.readText(options.claudeKeyFile).trim()
  const check = options.model === undefined ? null : await checkOwnTokenizer(options.model)
  const home = await settle(io, options, { ...changesOf(options), claudeKey })
  const before = await missingModel(io, home, options)
  const isMissing = before !== null
  const isAsking = isNew && !options.yes && !options.json && io.canAsk
  const plan = isAsking
    ? await askSetup(terminal(io), before, options)
    : { claudeKey: null, pull: options.yes === true && options.pull && isMissing }
  if (plan.claudeKey !== null) await settle(io, options, { claudeKey: plan.claudeKey })
  if (plan.pull) await pullNamed(io, home.config.model, options)
  const missing = await missingModel(io, home, options)
  if ((isAsking || options.yes) && missing === null) await prepare(io, options)
  const { model, settings } = home.config
  const deviceId = deviceIdOfKey(home.key)
  io.print(
    options,
    {
      ...{ home: folder, model, deviceId, settings, isModelHere: missing === null },
      ...(check && { tokenizerCheck: check }),
    },
    [
      `home    ${folder}`,
      `model   ${model}`,
      ...(check ? [`        ${checkText(check)}`] : []),
      `device  ${deviceId}`,
      `The device token for apps is in ${folder}/device-token; settings with ` +
        `descriptions are in ${folder}/config.json.`,
      '',
      ...(missing === null
        ? []
        : [`loreweave model pull ${model}   # first: ${megabytes(missing)}`]),
      'loreweave agent   # serves and learns; at every login: loreweave service install',
      'Then these two lines personalize an app:',
      `  export ANTHROPIC_BASE_URL=http://127.0.0.1:${settings.port}`,
      `  new Anthropic({ baseURL: 'http://127.0.0.1:${settings.port}' })`,
    ].join('\n'),
  )
}

const changesOf = (options: InitOptions): Parameters<typeof createHome>[1] => {
  const { candidates, explore, claudeUrl, port, cpuShare, memoryLimit } = options
  return {
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
      ...(options.insecureHttp && { insecureHttp: true }),
      ...(port !== undefined && { port }),
    },
  }
}

/** Bytes to pull before the model is present; null if none. */
const missingModel = async (
  io: Io,
  { config: { model } }: Home,
  { cache }: Pick<InitOptions, 'cache'>,
): Promise<number | null> => {
  const models = await listModels(cache ?? defaultCacheFolder(io.env))
  const known = models.find(({ name }) => name === model)
  return known && !known.isPresent ? known.bytes : null
}

type Changes = Parameters<typeof createHome>[1] & { readonly claudeKey?: string | undefined }

/**
 * Makes the home, or changes the existing one, through the process that owns it if there is one.
 */
const settle = async (
  io: Io,
  options: InitOptions,
  { claudeKey, ...changes }: Changes,
): Promise<Home> => {
  const folder = folderOf(io, options)
  if (!isWholeHome(folder)) {
    makeFolder(folder)
    const lock = await takeLock(folder, holderOf(io, null), NEW_WAIT_MS, timerSleep)
    try {
      createHome(folder, changes)
      if (claudeKey !== undefined) saveClaudeKey(folder, claudeKey)
    } finally {
      lock.release()
    }
  } else {
    const body = { ...changes, ...(claudeKey !== undefined && { claudeKey }) }
    await askHome(io, options, async ({ call, owner }) => {
      const { later } = await call('patchConfig', { body })
      if (owner && later.length > 0)
        io.err(`takes effect when \`loreweave ${owner.command}\` restarts: ${later.join(', ')}\n`)
    })
  }
  return homeOf(io, options)
}
/** Wait for another process that makes the same home. */
const NEW_WAIT_MS = 5000

/** Prepares for half a minute at most, so that the first request need not wait. */
const prepare = (io: Io, options: InitOptions): Promise<void> =>
  askLong(io, options, async ({ call, signal }) => {
    io.progress({ step: 'preparing', note: 'what the first request needs, about half a minute' })
    await call('prepare', { body: {}, onProgress: io.progress, signal })
    const { tokenizerCheck } = await openModelOf(io, options)
    io.progress({ step: 'prepared', note: checkText(tokenizerCheck) })
  })

/** isSecret: the answer is not shown. */
export type Ask = (question: string, isSecret?: boolean) => Promise<string>
export type SetupPlan = { readonly claudeKey: string | null; readonly pull: boolean }

/** Asks the two questions that have no default. missing: bytes of a model that is not present. */
export const askSetup = async (
  ask: Ask,
  missing: number | null,
  { claudeKeyFile, pull }: { claudeKeyFile?: string; pull: boolean },
): Promise<SetupPlan> => {
  const isKept =
    claudeKeyFile === undefined &&
    (await ask(
      'Apps send their own Claude key, and it is passed on. Store a key on this device too, ' +
        'for apps without one? [y/N] ',
    ))
  const claudeKey =
    isKept && /^y/i.test(isKept) ? (await ask('The key (not shown): ', true)).trim() || null : null
  if (missing === null || !pull) return { claudeKey, pull: false }
  const answer = await ask(`Pull the local model now, ${megabytes(missing)}? [Y/n] `)
  return { claudeKey, pull: !/^n/i.test(answer) }
}

/** Questions go to stderr: stdout is for the result. */
const terminal =
  (io: Io): Ask =>
  async (question, isSecret) => {
    let isMuted = false
    const output = new Writable({
      write(chunk, _encoding, done) {
        if (!isMuted) io.err(String(chunk))
        done()
      },
    })
    const lines = createInterface({ input: process.stdin, output, terminal: true })
    try {
      const answer = lines.question(question)
      isMuted = isSecret === true
      return await answer
    } finally {
      lines.close()
      if (isSecret) io.err('\n')
    }
  }
