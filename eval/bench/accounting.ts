/** Privacy accounting: what an ε costs to compute, and how far it is from dp_accounting's, by turns. */
import { fileURLToPath } from 'node:url'
import { spentBy } from '../../adapters/privacy/accountant.ts'
import type { PrivacyEvent } from '../../adapters/privacy/mechanism.ts'
import { RDP_ORDERS, rdpEpsilon } from '../../adapters/privacy/rdp.ts'
import { type Rng, seededRng } from '../../adapters/random.ts'
import { progressMeter } from '../measure/progress.ts'
import type { Result, Results } from '../measure/results.ts'
import { type PeerProcess, startPeer } from '../peers/peer-process.ts'
import { ACCOUNTING_PACKAGES, pythonWith } from '../peers/python.ts'
import { alternate, secondsResult } from './alternate.ts'

export type AccountingOptions = {
  readonly runs: number
  /** Drawn settings whose ε are compared. */
  readonly settings: number
  readonly seed: number
  readonly peers?: boolean
  readonly cache: string
  readonly log: (line: string) => void
}

type Setting = PrivacyEvent & { readonly delta: number }

/** What is timed. */
const THOUSAND_ROUNDS: Setting = {
  mechanism: { kind: 'poisson', sampling: 0.01, noise: 1 },
  times: 1000,
  delta: 1e-5,
}

const NAME = 'bench.accounting'

/** dp_accounting is right at these alone: findings/dp-accounting-fractional-orders.sh. */
const WHOLE_ORDERS = RDP_ORDERS.filter(Number.isInteger)

export const benchAccounting = async (options: AccountingOptions): Promise<Results> => {
  const peer = options.peers ? await startAccounting(options) : undefined
  try {
    return {
      results: [...(await speed(options, peer)), ...(peer ? await deviations(options, peer) : [])],
    }
  } finally {
    await peer?.close()
  }
}

const speed = async ({ runs, log }: AccountingOptions, peer?: PeerProcess): Promise<Result[]> => {
  const ours = async () => {
    const began = performance.now()
    spentBy([THOUSAND_ROUNDS], THOUSAND_ROUNDS.delta)
    return (performance.now() - began) / 1000
  }
  const theirs = async () =>
    (await peer!.ask({ accountant: 'pld', settings: [THOUSAND_ROUNDS] })).seconds ?? Number.NaN
  const times = await alternate({ ours, ...(peer && { dp_accounting: theirs }) }, runs, log)
  const against = times['dp_accounting'] && {
    name: 'dp_accounting',
    seconds: times['dp_accounting'],
  }
  return [secondsResult({ name: `${NAME}.pld_1000_rounds`, n: runs }, times.ours, against)]
}

/** The largest relative difference to the peer's ε, over all settings; RDP at the same whole orders. */
const deviations = async (
  { settings, seed, log }: AccountingOptions,
  peer: PeerProcess,
): Promise<Result[]> => {
  const drawn = drawSettings(settings, seed)
  const meter = progressMeter(log, 'settings')
  const worst = { pld: 0, rdp: 0 }
  for (const [i, setting] of drawn.entries()) {
    for (const accountant of ['pld', 'rdp'] as const) {
      if (accountant === 'pld' && setting.mechanism.kind === 'fixed-size') continue
      const request = { accountant, settings: [setting], orders: WHOLE_ORDERS }
      const { epsilons } = await peer.ask(request)
      worst[accountant] = Math.max(
        worst[accountant],
        Math.abs(epsilonBy[accountant](setting) / epsilons![0]! - 1),
      )
    }
    meter(i + 1, drawn.length)
  }
  return (['pld', 'rdp'] as const).map((accountant) => ({
    name: `${NAME}.${accountant}_deviation`,
    value: worst[accountant],
    unit: 'of ε, at most',
    n: drawn.length,
  }))
}

const epsilonBy = {
  pld: (setting: Setting) => spentBy([setting], setting.delta).epsilon,
  rdp: (setting: Setting) => rdpEpsilon([setting], setting.delta, WHOLE_ORDERS),
}

/** Federations of all sizes, from much privacy to little. */
const drawSettings = (count: number, seed: number): Setting[] => {
  const rng = seededRng(`accounting/${seed}`)
  return Array.from({ length: count }, (_, i) => drawSetting(rng, i))
}

const drawSetting = (rng: Rng, i: number): Setting => {
  const between = (low: number, high: number) => low * (high / low) ** rng.uniform()
  const times = Math.round(between(1, 1000))
  const delta = between(1e-8, 1e-4)
  const sampling = between(1e-3, 0.3)
  const noise = between(0.6, 8)
  const population = 10_000
  const sample = Math.max(1, Math.round(sampling * population))
  const mechanism = [
    { kind: 'poisson', sampling, noise },
    { kind: 'poisson', sampling, noise },
    { kind: 'gaussian', noise: noise * Math.sqrt(times) },
    { kind: 'fixed-size', sample, population, noise },
  ][i % 4] as Setting['mechanism']
  return { mechanism, times, delta }
}

/** Undefined after a word about why not. */
const startAccounting = async ({
  cache,
  log,
}: AccountingOptions): Promise<PeerProcess | undefined> => {
  const python = await pythonWith(ACCOUNTING_PACKAGES, { cacheFolder: cache, onProgress: log })
  if ('interpreter' in python)
    return startPeer(python.interpreter, [
      fileURLToPath(new URL('../peers/accounting_peer.py', import.meta.url)),
    ])
  log(`dp_accounting takes no part: ${python.reason}`)
  return undefined
}
