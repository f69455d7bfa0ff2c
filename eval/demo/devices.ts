/** People with a device of their own: each is the `loreweave` program with a home folder. */

import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { ChoiceLine } from '../../adapters/formats/choice-log.ts'
import type { ParticipateReport } from '../../device/federation/participate.ts'
import type { Processes } from '../programs/processes.ts'

export type DemoDevice = { readonly user: string; readonly home: string }

export type DeviceOptions = {
  readonly processes: Processes
  readonly folder: string
  readonly model: string
  readonly cache: string
  readonly serverUrl: string
  readonly claudeUrl: string | null
  readonly log: (line: string) => void
}

/** init, enroll, consent, train: the steps that a person would take. */
export const prepareDevice = async (
  { processes, folder, model, cache, serverUrl, claudeUrl, log }: DeviceOptions,
  user: string,
  choices: readonly ChoiceLine[],
  token: string,
): Promise<DemoDevice> => {
  const home = join(folder, user)
  mkdirSync(home, { recursive: true, mode: 0o700 })
  const data = join(folder, `${user}.jsonl`)
  writeFileSync(data, choices.map((line) => `${JSON.stringify(line)}\n`).join(''), { mode: 0o600 })
  const device = async (args: readonly string[], env: Record<string, string> = {}) =>
    processes.run('device/cli', [...args, '--home', home], { env })
  await device([
    'init',
    '--model',
    model,
    '--threads',
    '1',
    '--candidates',
    '3',
    ...(claudeUrl ? ['--claude-url', claudeUrl] : []),
  ])
  await device(['enroll', '--server', serverUrl], { LOREWEAVE_ENROLL_TOKEN: token })
  await device(['consent', 'grant', '--least-cohort', '1'])
  await device(['train', '--data', data, '--user', user, '--cache', cache])
  log(`${user}: ready, ${choices.filter((c) => c.split !== 'test').length} choices imported`)
  return { user, home }
}

/** Stays until it has contributed to that many rounds, and then follows the newest release. */
export const participate = async (
  { processes, cache, log }: Pick<DeviceOptions, 'processes' | 'cache' | 'log'>,
  { user, home }: DemoDevice,
  rounds: number,
): Promise<ParticipateReport> => {
  const { stdout } = await processes.run('device/cli', [
    'participate',
    '--rounds',
    String(rounds),
    '--wait',
    '--home',
    home,
    '--cache',
    cache,
    '--json',
  ])
  const report = JSON.parse(stdout) as ParticipateReport
  for (const round of report.rounds)
    log(
      `${user}: sent ${(round.bytes / 1e6).toFixed(2)} MB, ${round.pairs} pairs, loss ` +
        `${round.losses.at(0)?.toFixed(3)} → ${round.losses.at(-1)?.toFixed(3)}`,
    )
  return report
}

/** Says one thing outright, besides what was learned, and follows the newest release. */
export const settle = async (
  { processes, cache }: Pick<DeviceOptions, 'processes' | 'cache'>,
  { home }: DemoDevice,
  [dimension, direction]: readonly [string, 'more' | 'less'],
): Promise<void> => {
  await processes.run('device/cli', ['profile', 'set', dimension, direction, '--home', home])
  await processes.run('device/cli', ['participate', '--home', home, '--cache', cache])
}
