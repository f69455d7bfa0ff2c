/** The operator's commands for people and what they did: operator, audit, status. */
import { type Command, Option } from 'commander'
import {
  AuditResponse,
  AuditVerdictResponse,
  CreateOperatorResponse,
  OperatorListResponse,
  OperatorResponse,
  type OperatorView,
  OverviewResponse,
} from '../../adapters/wire/governance.ts'
import { PROTOCOL_VERSION } from '../../adapters/wire/primitives.ts'
import { ROLES } from '../access/roles.ts'
import { type CommandDeps, type Common, client, command, group, print } from './command.ts'
import { parseDuration } from './job-spec.ts'
import { table, timeText } from './print.ts'

const protocol = PROTOCOL_VERSION
const OPERATORS = '/v1/operator/operators'
const AUDIT = '/v1/operator/audit'

export const operatorCommands = (deps: CommandDeps): Command =>
  group('operator', 'who may run the federation')
    .addCommand(
      command(deps, 'create', 'let somebody in; the token is shown once')
        .requiredOption('--name <name>', 'what lists and the audit log call them')
        .addOption(
          new Option(
            '--role <role>',
            'viewer reads, judge gives verdicts too, operator acts, admin lets others in',
          )
            .choices(ROLES)
            .makeOptionMandatory(),
        )
        .option('--ttl <duration>', 'how long it is good for', parseDuration, parseDuration('90d'))
        .action(async (o: Common & { name: string; role: string; ttl: number }) => {
          const body = { protocol, name: o.name, role: o.role, ttlMs: o.ttl }
          const answer = await client(deps, o).json(CreateOperatorResponse, 'POST', OPERATORS, body)
          print(deps, o, answer, () => answer.token)
        }),
    )
    .addCommand(
      command(deps, 'list', 'who was let in').action(async (o: Common) => {
        const answer = await client(deps, o).json(OperatorListResponse, 'GET', OPERATORS)
        print(deps, o, answer, () => operatorTable(answer.operators))
      }),
    )
    .addCommand(
      command(deps, 'revoke', 'end a token at once')
        .argument('<id>')
        .action(async (id: string, o: Common) => {
          const path = `${OPERATORS}/${encodeURIComponent(id)}`
          const answer = await client(deps, o).json(OperatorResponse, 'DELETE', path)
          print(deps, o, answer, () => operatorTable([answer.operator]))
        }),
    )

const operatorTable = (operators: readonly OperatorView[]): string =>
  table([
    ['OPERATOR', 'NAME', 'ROLE', 'CREATED', 'ENDS', 'REVOKED'],
    ...operators.map((one) => [
      one.id,
      one.name,
      one.role,
      timeText(one.createdAt),
      timeText(one.expiresAt),
      timeText(one.revokedAt),
    ]),
  ])

export const auditCommands = (deps: CommandDeps): Command =>
  group('audit', 'what operators did')
    .addCommand(
      command(deps, 'list', 'entries, oldest first')
        .option('--after <number>', 'from the entry after this one', '0')
        .option('--limit <n>', 'at most so many', '200')
        .action(async (o: Common & { after: string; limit: string }) => {
          const path = `${AUDIT}?after=${encodeURIComponent(o.after)}&limit=${encodeURIComponent(o.limit)}`
          const answer = await client(deps, o).json(AuditResponse, 'GET', path)
          print(deps, o, answer, () =>
            table([
              ['ENTRY', 'TIME', 'WHO', 'ACTION', 'TARGET', 'OUTCOME'],
              ...answer.entries.map((one) => [
                String(one.number),
                timeText(one.at),
                one.who,
                one.action,
                one.target ?? '-',
                one.outcome,
              ]),
            ]),
          )
        }),
    )
    .addCommand(
      command(deps, 'verify', 'check the whole chain; exit status 1 if it is broken')
        .option('--expect <hash>', 'that must be in it: what an earlier verify printed')
        .action(async (o: Common & { expect?: string }) => {
          const query = o.expect === undefined ? '' : `?expect=${encodeURIComponent(o.expect)}`
          const path = `${AUDIT}/verify${query}`
          const answer = await client(deps, o).json(AuditVerdictResponse, 'GET', path)
          const { verdict } = answer
          print(deps, o, answer, () =>
            verdict.isIntact
              ? `intact: ${verdict.entries} entries, the last is ${verdict.last}`
              : `BROKEN at entry ${verdict.number}: ${verdict.reason}`,
          )
          if (!verdict.isIntact) deps.exitWith(1)
        }),
    )

export const statusCommand = (deps: CommandDeps): Command =>
  command(
    deps,
    'status',
    'devices, alerts and what the server needs; exit status 1 on an alert',
  ).action(async (o: Common) => {
    const path = '/v1/operator/overview'
    const answer = await client(deps, o).json(OverviewResponse, 'GET', path)
    print(deps, o, answer, () => statusText(answer))
    if (answer.alerts.length > 0) deps.exitWith(1)
  })

const statusText = ({
  version,
  devices,
  alerts,
  refusals,
  readiness,
  identity,
}: OverviewResponse): string => {
  const wrong = Object.entries(readiness).filter(([, verdict]) => verdict !== 'ok')
  const refused = refusals.map(({ code, count }) => `${code} ${count}`)
  return table([
    ['version', version],
    [
      'devices',
      `${devices.enrolled} enrolled, ${devices.seenLastDay} seen today, ${devices.seenLastHour} within an hour`,
    ],
    [
      'ready',
      wrong.length === 0 ? 'yes' : wrong.map(([name, what]) => `${name}: ${what}`).join('; '),
    ],
    ['refused', refused.join(', ') || 'nothing'],
    ...(identity ? [['key', identity.key]] : []),
    ...(identity?.log ? [['log', `${identity.log.entries} releases, ${identity.log.words}`]] : []),
    ...alerts.map(({ rule, text, since }) => [
      'alert',
      `${rule} since ${timeText(since)}: ${text}`,
    ]),
  ])
}
