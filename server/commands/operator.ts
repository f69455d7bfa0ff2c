/** The operator's commands: token, key, device. Each is one or two calls of the HTTP API. */
import type { Command } from 'commander'
import { integer } from '../../adapters/node/program.ts'
import { DoneResponse } from '../../adapters/wire/federation.ts'
import { CreateTokensResponse, DeviceListResponse } from '../../adapters/wire/operator.ts'
import { PROTOCOL_VERSION } from '../../adapters/wire/primitives.ts'
import { ServerKeyResponse } from '../../adapters/wire/server-key.ts'
import { fingerprintOf } from '../../adapters/wire/spoken.ts'
import { type CommandDeps, type Common, client, command, group, print } from './command.ts'
import { parseDuration } from './job-spec.ts'
import { table, timeText } from './print.ts'

const protocol = PROTOCOL_VERSION

export const tokenCommands = (deps: CommandDeps): Command =>
  group('token', 'one-time enrolment tokens').addCommand(
    command(deps, 'create', 'make enrolment tokens; they are shown once')
      .option('--count <n>', 'how many', integer(1, 10_000), 1)
      .option('--ttl <duration>', 'how long they are good for', parseDuration, parseDuration('7d'))
      .option(
        '--edge <devices>',
        'for an edge (see `loreweave-server edge`), which may stand for so many devices',
        integer(1, 1_000_000),
      )
      .addHelpText(
        'after',
        '\nExamples:\n  loreweave-server token create --count 20 --ttl 2d\n  loreweave-server token create --edge 500',
      )
      .action(async (o: Common & { count: number; ttl: number; edge?: number }) => {
        const edge = o.edge === undefined ? {} : { edge: o.edge }
        const body = { protocol, count: o.count, ttlMs: o.ttl, ...edge }
        const path = '/v1/operator/tokens'
        const answer = await client(deps, o).json(CreateTokensResponse, 'POST', path, body)
        print(deps, o, answer, () => answer.tokens.join('\n'))
      }),
  )

export const keyCommands = (deps: CommandDeps): Command => {
  const show = (o: Common, answer: ServerKeyResponse) =>
    print(deps, o, answer, () =>
      table([
        ['words', fingerprintOf(answer.publicKey)],
        ['key', answer.publicKey],
        ...answer.rotations.map(({ from, at }) => [
          'replaced',
          `${fingerprintOf(from)}, ${timeText(at)}`,
        ]),
      ]),
    )
  return group('key', "the server's own key, which devices pin when they enrol")
    .addCommand(
      command(deps, 'show', 'its words: devices show the same').action(async (o: Common) =>
        show(o, await client(deps, o).json(ServerKeyResponse, 'GET', '/v1/server/key')),
      ),
    )
    .addCommand(
      command(deps, 'rotate', 'replace it; devices follow, since the last one signs it').action(
        async (o: Common) =>
          show(o, await client(deps, o).json(ServerKeyResponse, 'POST', '/v1/operator/server-key')),
      ),
    )
}

export const deviceCommands = (deps: CommandDeps): Command => {
  const commands = group('device', 'enrolled devices, by pseudonym').addCommand(
    command(deps, 'list', 'every enrolled device').action(async (o: Common) => {
      const answer = await client(deps, o).json(DeviceListResponse, 'GET', DEVICES)
      print(deps, o, answer, () =>
        table([
          ['DEVICE', 'ENROLLED', 'LAST SEEN', 'BLOCKED', 'EDGE OF'],
          ...answer.devices.map((d) => [
            d.id,
            timeText(d.enrolledAt),
            timeText(d.lastSeenAt),
            timeText(d.blockedAt ?? null),
            d.edge === undefined ? '-' : `${d.edge} devices`,
          ]),
        ]),
      )
    }),
  )
  for (const act of DEVICE_ACTS) commands.addCommand(deviceCommand(deps, act))
  return commands
}

const DEVICES = '/v1/operator/devices'

type DeviceAct = {
  readonly name: string
  readonly text: string
  readonly method: string
  readonly path: string
  readonly done: string
}

const DEVICE_ACTS: readonly DeviceAct[] = [
  {
    name: 'block',
    text: 'refuse the key of a device from now on',
    method: 'POST',
    path: '/block',
    done: 'blocked',
  },
  {
    name: 'unblock',
    text: 'let a blocked device in again',
    method: 'POST',
    path: '/unblock',
    done: 'unblocked',
  },
  {
    name: 'erase',
    text: 'delete a device, and its updates in rounds that still collect; releases stay',
    method: 'DELETE',
    path: '',
    done: 'erased',
  },
]

const deviceCommand = (deps: CommandDeps, { name, text, method, path, done }: DeviceAct): Command =>
  command(deps, name, text)
    .argument('<id>', 'its pseudonym, as `device list` shows it')
    .action(async (id: string, o: Common) => {
      const url = `${DEVICES}/${encodeURIComponent(id)}${path}`
      const answer = await client(deps, o).json(DoneResponse, method, url)
      print(deps, o, answer, () => `${done} ${id}`)
    })
