/** `npm run demo`: server, devices, federation, and what it won people who took no part. */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { FedError, isFedError } from '../../adapters/errors.ts'
import { onInterrupt } from '../../adapters/node/signals.ts'
import { seededRng } from '../../adapters/random.ts'
import { type LocalModel, openModel } from '../../device/engine/model/open.ts'
import { pullModel } from '../../device/engine/model/pull.ts'
import { openEngine } from '../../device/engine/process/client.ts'
import { fetchOver } from '../../device/http/fetch.ts'
import { openTransport } from '../../device/http/transport.ts'
import { type Released, readRelease } from '../../device/reward/read-release.ts'
import { startClaude } from '../claude/serve.ts'
import type { Federated } from '../population/federate.ts'
import { openFleet, sumTraffic } from '../population/fleet.ts'
import { openPooledFile, rememberPooled } from '../population/shared-engine.ts'
import { watchMemory } from '../programs/memory.ts'
import { createProcesses, type Processes } from '../programs/processes.ts'
import { assessWorld, depsOf, reportOf } from '../run/assess.ts'
import { ablatedPlan } from '../run/scenario.ts'
import { settle } from './devices.ts'
import { federateOverHttp } from './federation.ts'
import { judgeUsers, userResults } from './judge.ts'
import { startServer } from './operator.ts'
import { makePeople } from './people.ts'
import { demoScenario } from './plan.ts'
import { chosenFrom, type DemoReport, demoPage, terminalTables } from './report.ts'
import { showDevice } from './showcase.ts'

export type DemoOptions = {
  readonly out: string
  readonly seed: number
  readonly devices: number
  readonly choices: number
  readonly claude: 'mock' | 'hosted'
  readonly ablate?: keyof typeof ABLATED
  readonly model: string
  readonly cache: string
  readonly threads?: number
  readonly env: Readonly<Record<string, string | undefined>>
  readonly log: (line: string) => void
  /** Prints the closing table; left out where only JSON is wanted. */
  readonly print?: (text: string) => void
}

/** What of the federation can be taken away: steps of its plan. */
const ABLATED = { updates: ['prior', 'lora'], adapter: ['lora'], prior: ['prior'] } as const

/** What the first user says outright. */
const STATED = ['lists', 'more'] as const

/** Runs the demo and writes report.json and report.html. None of its processes stays behind. */
export const runDemo = async (options: DemoOptions): Promise<DemoReport> => {
  if (options.claude === 'hosted' && !options.env['ANTHROPIC_API_KEY'])
    throw new FedError('E_NO_KEY', '--claude hosted needs ANTHROPIC_API_KEY in the environment')
  const processes = createProcesses()
  const closers: (() => Promise<unknown>)[] = [() => processes.stopAll()]
  const closeAll = async () => {
    for (const close of closers.splice(0).reverse()) await close().catch(() => undefined)
  }
  let interrupted = false
  const interrupt = (signal: NodeJS.Signals) => {
    interrupted = true
    options.log(`${signal}: stopping every process of the demo …`)
    void closeAll().finally(() => process.exit(130))
  }
  const takeBack = onInterrupt(interrupt)
  try {
    return await run(options, processes, (close) => closers.push(close))
  } catch (error) {
    // What failed because its processes were stopped is no news.
    throw interrupted ? new FedError('E_CANCELLED', 'the demo was interrupted') : error
  } finally {
    takeBack()
    await closeAll()
  }
}

const run = async (
  options: DemoOptions,
  processes: Processes,
  onClose: OnClose,
): Promise<DemoReport> => {
  const stage = await setStage(options, processes, onClose)
  const { model, people, step, out } = stage
  const { own, jobs, traffic, federated, last } = await federateDemo(options, processes, stage)
  step('judging people who took no part …')
  const given = { ...stage, seed: options.seed, world: people, federated }
  const assessed = await assessWorld({ ...given, out: stage.folder, log: step })
  const assessment = reportOf(given, [assessed])
  const deps = depsOf(given)
  const read = readRelease(last.release, model.base, deps.space)
  const rng = seededRng(`demo/${options.seed}`)
  const users = await judgeUsers(people.users, deps, { ...last, read }, rng)
  step('unseen requests judged')
  const first = own[0]!
  await settle({ processes, cache: options.cache }, first, STATED)
  const claudeKey = options.env['ANTHROPIC_API_KEY'] ?? 'mock-key'
  const claudeUrl = stage.claude?.url ?? null
  const showcase = await showDevice(
    { processes, cache: options.cache, claudeUrl, claudeKey },
    first,
    people.unseen(first.user),
  )
  const report: DemoReport = {
    ...assessment,
    results: [...assessment.results, ...userResults(users)],
    ...measuredOf(stage, traffic, federated.devices),
    createdAt: new Date().toISOString(),
    isFallback: stage.isFallback,
    claude: options.claude,
    users,
    ...showcase,
    jobs,
  }
  writeFileSync(join(out, 'report.json'), JSON.stringify(report, null, 2))
  writeFileSync(join(out, 'report.html'), demoPage(report))
  options.print?.(closing(report, out, read))
  return report
}

type OnClose = (close: () => Promise<unknown>) => void
type Stage = Awaited<ReturnType<typeof setStage>>

/** Everything that runs: Claude, server, engine and the lighter devices. */
const setStage = async (options: DemoOptions, processes: Processes, onClose: OnClose) => {
  const { seed, log } = options
  const { model, isFallback } = await obtainModel(options)
  const scenario = demoScenario(model.base.name, options)
  const ablate = options.ablate ? ABLATED[options.ablate] : []
  const plan = ablatedPlan(scenario.federation, ablate)
  const started = performance.now()
  const seconds = () => (performance.now() - started) / 1000
  const step = (text: string) => log(`[${seconds().toFixed(0).padStart(3)} s] ${text}`)
  const memory = watchMemory()
  onClose(async () => memory.stop())
  const out = resolve(options.out)
  const folder = join(out, 'run')
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const { name, shape } = model.base
  step(`model ${name}, states pooled after layer ${model.suggestedExit} of ${shape.layers}`)
  const people = makePeople(scenario, seed)
  const claude = options.claude === 'mock' ? await startClaude({ seed }) : null
  if (claude) onClose(() => claude.close())
  const operator = await startServer(processes, join(folder, 'server'))
  step(`server at ${operator.url}${claude ? `, mocked Claude at ${claude.url}` : ''}`)
  const plainEngine = openEngine({
    folder: model.folder,
    oneChild: true,
    ...(options.threads && { threads: options.threads }),
  })
  onClose(() => plainEngine.close())
  const kept = openPooledFile(join(folder, 'pooled.sqlite'))
  onClose(async () => kept.close())
  const memo = new Map()
  const engine = rememberPooled(plainEngine, model.base.weights, kept)
  const tokens = await operator.createTokens(people.learners.length + people.users.length)
  const fleet = await openFleet({
    logs: people.learners.map(({ train }) => train),
    tokens: tokens.slice(people.users.length),
    serverUrl: operator.url,
    model,
    engine,
    memo,
    seed,
  })
  onClose(() => fleet.close())
  step(`${fleet.size} lighter devices enrolled in this process`)
  const opened = { claude, operator, engine, kept, memo, tokens, fleet }
  const planned = { model, isFallback, scenario, ablate, plan, people }
  return { ...planned, ...opened, out, folder, step, seconds, memory }
}

/** All jobs of the plan; the releases that came of them. */
const federateDemo = async (options: DemoOptions, processes: Processes, stage: Stage) => {
  const { scenario, plan, model, people, operator, fleet, tokens, claude, step } = stage
  const device = {
    processes,
    folder: join(stage.folder, 'homes'),
    model: stage.isFallback ? 'tiny' : options.model,
    cache: options.cache,
    serverUrl: operator.url,
    claudeUrl: claude?.url ?? null,
    log: (line: string) => step(`  ${line}`),
  }
  mkdirSync(device.folder, { recursive: true, mode: 0o700 })
  const given = { scenario, plan, model, people, operator, fleet, tokens }
  const done = await federateOverHttp({ ...given, device, seed: options.seed, log: step })
  const { own, rounds, jobs, traffic } = done
  const final = rounds.at(-1)!
  const firstTraining = rounds.findIndex((r) => r.kind === 'adapter')
  const federated = {
    devices: fleet.size + own.length,
    rounds,
    beforeAdapter: rounds.at(firstTraining < 0 ? -1 : firstTraining - 1)?.release ?? null,
    final: final.release,
  } satisfies Federated
  return { own, jobs, traffic, federated, last: final }
}

/** What depends on the machine and the moment. */
const measuredOf = (
  { seconds, memory, fleet }: Stage,
  traffic: Parameters<typeof sumTraffic>[0],
  devices: number,
) => {
  const { up, down } = sumTraffic([...traffic, fleet.traffic()])
  const peakBytes = memory.peakBytes()
  const measured = [
    { name: 'demo.seconds', value: seconds(), unit: 's' },
    { name: 'demo.bytes_up', value: up, unit: 'bytes', n: devices },
    { name: 'demo.bytes_down', value: down, unit: 'bytes', n: devices },
    ...(peakBytes === null ? [] : [{ name: 'demo.peak_memory', value: peakBytes, unit: 'bytes' }]),
  ]
  return { measured, bytesUp: up, bytesDown: down, seconds: seconds(), peakBytes }
}

/** The model, pulled where it is missing; the tiny one, and word of it, where no source answers. */
const obtainModel = async ({
  model,
  cache,
  log,
}: DemoOptions): Promise<{ model: LocalModel; isFallback: boolean }> => {
  try {
    return { model: await openModel({ cacheFolder: cache, name: model }), isFallback: false }
  } catch (error) {
    if (!isFedError(error) || error.code !== 'E_MODEL_MISSING') throw error
  }
  try {
    let shown = -1
    await pullModel({
      cacheFolder: cache,
      name: model,
      fetch: fetchOver(openTransport(process.env, { insecureHttp: true })),
      onProgress: (bytes, total, source) => {
        const tenth = Math.floor((10 * bytes) / total)
        if (tenth !== shown) log(`pulling ${model} from ${source}: ${tenth * 10} %`)
        shown = tenth
      },
    })
    return { model: await openModel({ cacheFolder: cache, name: model }), isFallback: false }
  } catch (error) {
    if (!isFedError(error) || error.code !== 'E_NO_SOURCE') throw error
    log(
      `${error.message}\nNo source of ${model} answered. The demo goes on with the built-in ` +
        'tiny random model: its figures say nothing about quality.',
    )
    return { model: await openModel({ cacheFolder: cache, name: 'tiny' }), isFallback: true }
  }
}

const closing = (report: DemoReport, out: string, { header }: Released): string => {
  const { rewrite, rerank, peakBytes } = report
  return [
    '',
    report.isFallback
      ? 'NOTE: built-in tiny random model; these figures say nothing about quality.\n'
      : '',
    ...(report.ablate.length > 0 ? [`Taken away: ${report.ablate.join(', ')}.\n`] : []),
    terminalTables(report),
    '',
    `One request of ${report.users[0]?.user}, before and after rewriting. ${rewrite.reason} ${chosenFrom(rewrite)}`,
    indent(rewrite.before, '  − '),
    indent(rewrite.after, '  + '),
    '',
    `One reranking: ${rerank.reason}. ${chosenFrom(rerank)}`,
    ...rerank.candidates.map(
      (c) =>
        `  ${c.isWinner ? '→' : ' '} ${c.reward.toFixed(2).padStart(6)}  ` +
        `${c.isFirst ? "(Claude's first) " : ''}${c.text.replaceAll(/\s+/g, ' ').slice(0, 100)}…`,
    ),
    '',
    `${report.jobs.length} rounds, ${header.version + 1} releases; devices sent ` +
      `${(report.bytesUp / 1e6).toFixed(1)} MB and received ` +
      `${(report.bytesDown / 1e6).toFixed(1)} MB; ${report.seconds.toFixed(0)} s` +
      (peakBytes === null ? '.' : `, peak memory ${(peakBytes / 1e9).toFixed(2)} GB.`),
    `Report: ${join(out, 'report.html')}`,
  ].join('\n')
}

const indent = (text: string, mark: string): string =>
  text
    .split('\n')
    .map((line) => `${mark}${line}`)
    .join('\n')
