/** `loreweave status`: one screen on what this device has, has learned, does and has sent. */
import { Command } from 'commander'
import { meaningWords, spentWords } from '../../adapters/privacy/spent-words.ts'
import type { HomeStatus } from '../owner/status.ts'
import type { ConditionsStatus, EnergyStatus } from '../records/agent-reports.ts'
import { seenWords } from '../records/seen-words.ts'
import { mixedText } from '../store/people.ts'
import { askHome } from './ask.ts'
import { type CommonOptions, megabytes, withHome } from './context.ts'
import type { Io } from './io.ts'
import { describeConsent } from './setup.ts'
import { describeTraining } from './training.ts'

export const statusCommand = (io: Io): Command =>
  withHome(new Command('status'))
    .description('what this device has, has learned, does and has sent, on one screen')
    .action((options: CommonOptions) =>
      askHome(io, options, async ({ call }) => {
        const status = await call('getHome')
        io.print(options, status, describe(status))
      }),
    )

type Status = HomeStatus

const describe = (status: Status): string => {
  const { updates, release, agent, sent, sentToday, learned } = status
  return [
    `home      ${status.home}`,
    `model     ${status.model}`,
    `device    ${status.deviceId}`,
    `agent     ${agent ? `runs, process ${agent.pid}` : 'does not run (loreweave agent)'}`,
    `access    ${status.access}`,
    ...describeStore(status),
    `choices   ${status.choices}, margin ${status.margin.toFixed(3)} on ${status.heldBack} ` +
      'held-back ones',
    ...learned.map((sentence, i) => `${i === 0 ? 'learned ' : '        '}  ${sentence}`),
    'adapters  release ' +
      `${release?.slice(0, 12) ?? 'none'}${status.privateAdapter ? ', and a private one over it' : ', no private one'}`,
    ...describeRanking(status),
    ...(status.people > 1 ? [`people    ${mixedText(status.people).what}`] : []),
    `training  ${describeTraining(status.training)}${describeWork(status.conditions)}`,
    `works     ${describeConditions(status.conditions)}`,
    `energy    ${describeEnergy(status.energy)}`,
    `server    ${status.server ?? 'none (loreweave enroll)'}`,
    ...status.exposed.map(
      (address) =>
        `WARNING   ${address} is not encrypted: what is sent there can be read and changed`,
    ),
    `consent   ${describeConsent(status.consent)}`,
    `updates   ${updates.accepted} accepted, ${updates.pending} pending, ${updates.refused} ` +
      'refused',
    ...status.waiting.flatMap(({ reason }) =>
      reason === null ? [] : [`          one is waiting: ${reason}`],
    ),
    ...(status.lastRound ? [`          the last one: ${seenWords(status.lastRound)}`] : []),
    ...describePrivacy(status),
    `sent      today ${sentText(sentToday)}; in all ${sentText(sent)} (loreweave log)`,
  ].join('\n')
}

/** Only if something is wrong. */
const describeStore = ({ store }: Status): string[] => {
  const { state, what, mend, queued, dropped } = store
  const lost = dropped > 0 ? `, ${dropped} were dropped` : ''
  if (state === 'waiting')
    return [
      `WARNING   nothing is stored: ${what}. ${queued} writes are waiting${lost}. To fix it: ` +
        `${mend}`,
    ]
  return lost === '' ? [] : [`WARNING   of the records of requests${lost}`]
}

const describePrivacy = ({ server, privacy }: Status): string[] => {
  if (server === null) return []
  if (privacy.length === 0)
    return ['privacy   no round with noise is known: releases tell what devices sent in their sums']
  return privacy.flatMap((one) => [
    `privacy   ${spentWords(one)};`,
    `          ${meaningWords(one)}`,
  ])
}

const sentText = ({ claude, federation }: Status['sent']): string =>
  `${megabytes(claude)} to Claude, ${megabytes(federation)} to the federation`

const describeWork = ({ lastTraining: last, nextTraining }: ConditionsStatus): string =>
  [
    last &&
      `last ${last.what} ${last.outcome}${last.code ? ` with ${last.code}` : ''} ${timeText(last.at)}`,
    nextTraining !== null && `next due ${timeText(nextTraining)}`,
  ]
    .filter(Boolean)
    .map((text) => `; ${text}`)
    .join('')

const timeText = (at: number): string =>
  new Date(at).toISOString().slice(0, 16).replace('T', ' ').concat(' UTC')

const describeConditions = ({ allowed, reasons, readings }: ConditionsStatus): string => {
  const { charging, idleSeconds, celsius, metered, battery } = readings
  const known = [
    charging !== null && (charging ? 'charging' : 'on battery'),
    battery !== null && `${Math.round(battery)} %`,
    idleSeconds !== null && `idle ${Math.floor(idleSeconds / 60)} min`,
    celsius !== null && `${Math.round(celsius)} °C`,
    metered !== null && (metered ? 'metered' : 'not metered'),
  ].filter(Boolean)
  const now = allowed ? 'now' : `not now: ${reasons.join(', ')}`
  return known.length === 0 ? now : `${now} (${known.join(', ')})`
}

const describeEnergy = ({
  method,
  todayJoules,
  budgetJoules,
  rounds,
  joulesPerPoint,
  wattsPerCore,
}: EnergyStatus): string => {
  const [last] = rounds
  const how =
    method === 'none'
      ? ''
      : `, by ${method}${wattsPerCore === null ? '' : ` at ${wattsPerCore} W per core (assumed)`}`
  return [
    `${Math.round(todayJoules)} J today${budgetJoules === null ? '' : ` of ${budgetJoules}`}${how}`,
    ...(last ? [`last round ${Math.round(last.joules)} J`] : []),
    ...(joulesPerPoint === null ? [] : [`${Math.round(joulesPerPoint)} J per point of accuracy`]),
  ].join('; ')
}

const describeRanking = ({ choices, release, ranking }: Status): string[] => {
  const isInformed = choices > 0 || release !== null
  const { spread, certainty, halfLifeDays, spentToday, right, shadow } = ranking
  const percent = (x: number) => `${x > 0 ? '+' : ''}${(100 * x).toFixed(0)}`
  return [
    isInformed
      ? `head      separates answers by ${spread.toFixed(2)} (log-odds), ${(100 * certainty).toFixed(0)} % ` +
        `sure that you have preferences; ${
          halfLifeDays === null
            ? 'old choices count fully'
            : `a choice counts half after ${halfLifeDays} days`
        }`
      : 'head      nothing is learned yet: pick an answer, or loreweave profile set',
    `spent     ${spentToday.tokens} tokens, $${spentToday.usd.toFixed(2)} on further answers ` +
      `in 24 hours${shadow ? ' (shadow: the first answer is returned)' : ''}`,
    ...(right
      ? [
          `reranked  liked ${percent(right.difference)} % more often than Claude's first (95 ` +
            `%: ${percent(right.low)} to ${percent(right.high)}; ${right.decisions} decisions)`,
        ]
      : []),
  ]
}
