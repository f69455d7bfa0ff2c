/** All checks of `loreweave doctor`, in order. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { asFedError } from '../../adapters/errors.ts'
import { holdReasons } from '../agent/conditions.ts'
import { defaultCacheFolder } from '../engine/model/cache.ts'
import { openModel } from '../engine/model/open.ts'
import { verifyModel } from '../engine/model/pull.ts'
import { MODELS } from '../engine/model/registry.ts'
import { checkText } from '../engine/model/tokenizer-check.ts'
import { openEngine } from '../engine/process/client.ts'
import { freeBytes } from '../engine/process/memory.ts'
import type { Home } from '../home/home.ts'
import { lockHolder } from '../home/lock.ts'
import { fetchOver } from '../http/fetch.ts'
import { openTransport } from '../http/transport.ts'
import { describeAccess } from '../owner/access.ts'
import type { HomeStatus } from '../owner/status.ts'
import { mixedText, WINDOW_DAYS } from '../store/people.ts'
import { troubleAt } from '../store/trouble.ts'
import { askHome, clientOf } from './ask.ts'
import { type CommonOptions, folderOf, homeOf, megabytes } from './context.ts'
import { ASK_MS, authorities, claudeAnswers, encryption, serverAnswers } from './doctor-network.ts'
import { pricesFinding } from './doctor-prices.ts'
import { disk, store, writes } from './doctor-store.ts'
import { type Finding, fail, ok, warn } from './finding.ts'
import type { Io } from './io.ts'
import { localReaders } from './local-device.ts'
import { localCalendar } from './run-agent.ts'
import { networkDifferences, servicePath } from './service.ts'

export type DoctorOptions = CommonOptions & { cache?: string; offline?: boolean }

export type Check = Finding & { readonly name: string }

type Look = readonly [
  name: string,
  check: () => Finding | Promise<Finding>,
  mend?: string | undefined,
]

export const examine = async (io: Io, options: DoctorOptions): Promise<Check[]> => {
  const folder = folderOf(io, options)
  let home: Home | null = null
  const first: Look[] = [
    ['node', nodeVersion],
    [
      'home',
      () => {
        home = homeOf(io, options)
        return ok(`${home.folder}, private; its configuration is valid`)
      },
      existsSync(folder) ? undefined : `loreweave init --home ${folder}`,
    ],
    ['memory', memory],
  ]
  const checks: Check[] = []
  for (const look of first) checks.push(await checked(look))
  for (const look of home ? homeChecks(io, options, home) : []) checks.push(await checked(look))
  return checks
}

/** A check that fails suggests the command that its error names. */
const checked = async ([name, check, mend]: Look): Promise<Check> => {
  try {
    return { name, ...(await check()) }
  } catch (error) {
    const { code, message } = asFedError(error)
    const command = mend ?? /[Rr]un:? `?(.+?)`?$/.exec(message)?.[1]
    return { name, ...fail(`${code}: ${message}`, command) }
  }
}

const homeChecks = (io: Io, options: DoctorOptions, home: Home): Look[] => {
  const { env } = io
  const cache = options.cache ?? defaultCacheFolder(env)
  let status: Promise<HomeStatus> | null = null
  const asked = (find: (status: HomeStatus) => Finding) => async () => {
    status ??= askHome(io, options, ({ call }) => call('getHome'))
    return find(await status)
  }
  const online: Look[] = [
    ['claude', () => claudeAnswers(home, env)],
    ...(home.config.server === null
      ? []
      : [['server', () => serverAnswers(home, env)] satisfies Look]),
  ]
  return [
    ['disk', () => disk(home)],
    ['store', asked((known) => store(home, known))],
    ['model', () => modelFile(home, cache)],
    ['engine', () => engineWorks(home, cache)],
    ['claude key', () => claudeKey(home, env)],
    ['prices', () => prices(home)],
    ['api', () => localApi(home)],
    ['access', () => access(home)],
    ['writes', asked(writes)],
    ['agent', asked(agentRuns)],
    ['service', () => service(env)],
    ['training', asked(lastTraining)],
    ['conditions', () => conditions(home)],
    ['consent', asked(consent)],
    ['updates', asked(updates)],
    ['people', asked(people)],
    ['encryption', () => encryption(home)],
    ['authorities', () => authorities(env)],
    ...(options.offline ? [] : online),
  ]
}

const nodeVersion = (): Finding => {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
  return major > 20 || (major === 20 && minor >= 19)
    ? ok(process.versions.node)
    : fail(`${process.versions.node}, expected 20.19 or newer`, 'nvm install 22')
}

const MIN_FREE_MEMORY_BYTES = 700e6
const memory = (): Finding => {
  const free = freeBytes()
  if (free === undefined) return ok('free memory is unknown on this system')
  return free >= MIN_FREE_MEMORY_BYTES
    ? ok(`${megabytes(free)} free`)
    : warn(
        `${megabytes(free)} free: a training may not fit`,
        'close other programs, or loreweave init --memory-limit 600',
      )
}

const modelFile = async ({ config: { model } }: Home, cache: string): Promise<Finding> => {
  if (model === 'tiny')
    return warn(
      'the built-in tiny model: it has learned nothing',
      'loreweave init --model smollm2-135m',
    )
  if (!MODELS.some(({ name }) => name === model))
    return existsSync(model)
      ? ok(model)
      : fail(`${model} is missing`, 'loreweave init --model smollm2-135m')
  try {
    const { bytes } = await verifyModel(cache, model)
    return ok(`${model}, ${megabytes(bytes)}, checksum right`)
  } catch (error) {
    return fail(asFedError(error).message, `loreweave model pull ${model}`)
  }
}

const engineWorks = async ({ config }: Home, cache: string): Promise<Finding> => {
  const model = await openModel({ cacheFolder: cache, name: config.model })
  const { threads } = config
  const engine = openEngine({
    folder: model.folder,
    oneChild: true,
    ...(threads !== null && { threads }),
  })
  try {
    const ids = model.tokenizer.encode('A text to read.')
    const began = performance.now()
    const [state] = await engine.pooled([{ ids, answerStart: 1 }], {
      exitLayer: model.suggestedExit,
      adapters: [],
    })
    const isSound = state?.every(Number.isFinite) ?? false
    const seconds = ((performance.now() - began) / 1000).toFixed(1)
    return isSound
      ? ok(`read one text in ${seconds} s, its start included; ${checkText(model.tokenizerCheck)}`)
      : fail('the model gave numbers that are not finite', `loreweave model verify ${config.model}`)
  } finally {
    await engine.close()
  }
}

const claudeKey = ({ claudeKey: key }: Home, env: Io['env']): Finding =>
  key === null
    ? warn(
        'none on this device: apps must send their own',
        'loreweave init --claude-key-file FILE   # only for apps without one',
      )
    : ok(env['ANTHROPIC_API_KEY'] ? 'from $ANTHROPIC_API_KEY' : 'stored in the home')

const prices = ({ config, folder }: Home): Finding =>
  pricesFinding(Object.keys(config.settings.prices).length, join(folder, 'config.json'), Date.now())

const people = ({ people: count }: HomeStatus): Finding => {
  if (count <= 1) return ok(`at most one user was named in ${WINDOW_DAYS} days`)
  const { what, mend } = mixedText(count)
  return warn(what, mend)
}

/** The token goes only to the process that owns the home. */
const localApi = async (home: Home): Promise<Finding> => {
  const owner = lockHolder(home.folder)
  const port = owner?.port ?? home.config.settings.port
  const url = `http://127.0.0.1:${port}`
  if (owner && owner.port !== null) {
    await clientOf(home, owner, port).call('getOwner', { signal: AbortSignal.timeout(ASK_MS) })
    return ok(`${url} is ours, and takes the device token`)
  }
  const response = await fetchOver(openTransport({}))(url, {
    signal: AbortSignal.timeout(ASK_MS),
  }).catch((error: Error & { code?: string }) => error)
  if (!(response instanceof Error) && troubleAt(home.databasePath))
    return warn(`${url} answers; its owner is unknown while the home cannot be written`)
  if (!(response instanceof Error))
    return fail(
      `another program answers at port ${port}, or a device of another home`,
      `loreweave init --home ${home.folder} --port 4142`,
    )
  return response.code === 'ECONNREFUSED'
    ? ok(`port ${port} is free; nothing is served (loreweave agent)`)
    : fail(`port ${port} does not answer: ${response.message}`, 'loreweave init --port 4142')
}

const access = ({ config }: Home): Finding => {
  const { what, mend } = describeAccess(config.settings)
  return mend === undefined ? ok(what) : warn(what, mend)
}

const agentRuns = ({ agent }: HomeStatus): Finding =>
  agent
    ? ok(`runs as process ${agent.pid}, since ${new Date(agent.startedAt).toISOString()}`)
    : warn('does not run: nothing is trained by itself', 'loreweave agent')

const service = (env: Io['env']): Finding => {
  const path = servicePath()
  if (path === null) return ok('none on this system')
  if (!existsSync(path))
    return warn('not installed: the agent does not start at login', 'loreweave service install')
  const others = networkDifferences(readFileSync(path, 'utf8'), env)
  return others.length === 0
    ? ok(path)
    : warn(
        `${path} has other values of ${others.join(', ')} than this shell`,
        'loreweave service install',
      )
}

const lastTraining = ({ training, conditions: { lastTraining: last } }: HomeStatus): Finding => {
  if (training.state === 'paused') return warn('paused', 'loreweave training resume')
  if (!last) return ok('the agent has not trained yet')
  const at = new Date(last.at).toISOString()
  return last.outcome === 'failed'
    ? warn(
        `the last ${last.what} failed with ${last.code}, ${at}`,
        MENDS[last.code ?? ''] ?? 'loreweave agent --once --ignore charging,idle',
      )
    : ok(`the last ${last.what} was ${last.outcome}, ${at}`)
}

const MENDS: Readonly<Record<string, string>> = {
  E_MEMORY: 'loreweave init --memory-limit 0   # or close other programs',
  E_CONSENT: 'loreweave consent grant',
  E_CLOCK: 'set the clock of this computer',
  E_NOT_ENROLLED: 'loreweave enroll --server URL',
  E_INSECURE: 'loreweave init --insecure-http   # or enrol with an https address',
  E_STORE: 'loreweave doctor   # the line of the store',
  E_UPSTREAM: 'loreweave doctor   # the line of the server',
  E_UNAVAILABLE: 'loreweave doctor   # the line of the server',
}

const conditions = async ({ config: { settings } }: Home): Promise<Finding> => {
  const readings = await localReaders()()
  const unknown = (['charging', 'idleSeconds', 'celsius', 'metered'] as const).filter(
    (name) => readings[name] === null && !(name === 'celsius' && readings.throttled !== null),
  )
  const circumstances = {
    readings,
    minutes: localCalendar.minutes(Date.now()),
    isPaused: false,
    wasHot: false,
  }
  const held = holdReasons(circumstances, settings.agent)
  const unread =
    unknown.length === 0
      ? ''
      : `; unknown here: ${unknown.join(', ')} (see device/agent/README.md for the rules)`
  const what = `${held.length === 0 ? 'work is allowed now' : `work waits now: ${held.join(', ')}`}${unread}`
  return held.includes('cannot_tell')
    ? warn(
        what,
        'loreweave agent --assume charging=yes,idle=yes   # or set agent.charging, ' +
          'agent.idleMinutes in config.json',
      )
    : ok(what)
}

const consent = ({ consent: given, server }: HomeStatus): Finding => {
  if (server === null) return ok('no federation server: this device works alone')
  if (!given) return warn('enrolled, but nothing is contributed', 'loreweave consent grant')
  if (given.expiresAt === null) return ok('until withdrawn')
  const until = new Date(given.expiresAt).toISOString()
  return given.expiresAt > Date.now()
    ? ok(`until ${until}`)
    : warn(`expired ${until}`, 'loreweave consent grant')
}

/** Updates that cannot be sent, with the reason. */
const updates = ({ waiting }: HomeStatus): Finding => {
  const held = waiting.filter(({ reason }) => reason !== null)
  if (held.length === 0)
    return ok(waiting.length === 0 ? 'none waiting' : 'one is about to be sent')
  return warn(
    `${held.length} finished updates could not be sent: ${held.at(-1)?.reason}`,
    'loreweave participate   # retries, as a running agent does',
  )
}
