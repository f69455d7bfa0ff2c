/**
 * All that a federation of a few people leaves behind outside their devices: what devices send, what the
 * server answers, keeps, logs, measures and shows to its operator.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { seededRng } from '../../adapters/random.ts'
import type { Engine } from '../../device/engine/engine.ts'
import type { LocalModel } from '../../device/engine/model/open.ts'
import type { Log } from '../../server/telemetry/log.ts'
import { openFleet } from '../population/fleet.ts'
import { openLocalServer } from '../population/local-server.ts'
import { tinyJob } from '../population/tiny-federation.ts'
import type { Planted, Trace } from './secrets.ts'

const START = 1_700_000_000_000
const ROUNDS = 3
/** What an operator can read of a server. */
const OPERATOR_PATHS = ['jobs', 'releases', 'lineages', 'devices', 'overview', 'audit', 'operators']

export type Setting = { readonly model: LocalModel; readonly engine: Engine }

/** A round of statistics, one of the prior and one of the adapter, by people with secrets. */
export const tracesOf = async (
  { model, engine }: Setting,
  people: readonly Planted[],
): Promise<readonly Trace[]> => {
  const folder = mkdtempSync(join(tmpdir(), 'loreweave-audit-'))
  const traces: Trace[] = []
  const add = (where: string, bytes: Uint8Array | string) =>
    void traces.push({ where, bytes: Buffer.from(bytes as string) })
  const log: Log = (level, event, fields) =>
    add('log of the server', JSON.stringify({ level, event, ...fields }))
  const server = await openLocalServer(folder, START, { log })
  try {
    const job = {
      ...tinyJob(model, { name: 'audited', rounds: ROUNDS, deadlineMs: 600_000 }),
      cohort: { size: people.length, goal: people.length, minimum: people.length },
    }
    const { id } = await server.createJob(job, 'audited', seededRng('audit'))
    const fleet = await openFleet({
      ...{ model, engine, memo: new Map(), seed: 1, serverUrl: server.url, clock: server.now },
      logs: people.map((one) => one.log),
      tokens: await server.tokens(people.length),
      transport: async (request) => {
        const name = `${request.method} ${withoutIds(new URL(request.url).pathname)}`
        add(`${name}, as sent`, [request.url, ...[...request.headers].flat()].join('\n'))
        add(`${name}, as sent`, new Uint8Array(await request.clone().arrayBuffer()))
        const response = await server.transport(request)
        add(`${name}, as answered`, new Uint8Array(await response.clone().arrayBuffer()))
        return response
      },
    })
    try {
      for (let round = 0; round < ROUNDS; round++) {
        const reports = await fleet.participate(1, people.length, () => {})
        for (const report of reports) add('report of a device', JSON.stringify(report))
        await server.settle()
      }
      const { state, reason, released } = await server.job(id)
      if (released !== ROUNDS)
        throw new Error(`the job has ${released} of ${ROUNDS} releases: ${state}, ${reason}`)
    } finally {
      await fleet.close()
    }
    for (const path of OPERATOR_PATHS)
      add(`operator's ${path}`, await server.read(`/v1/operator/${path}`))
    add('/metrics', await server.read('/metrics'))
    // While it is open: the write-ahead log holds what a closed store no longer does.
    for (const file of filesIn(folder)) add('file of the server', readFileSync(file))
    return traces
  } finally {
    await server.close()
    rmSync(folder, { recursive: true, force: true })
  }
}

const filesIn = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))

const withoutIds = (path: string): string =>
  path.replace(/\/(?:[0-9a-f]{32,}|\w+-[0-9a-f]{16,})/g, '/…')
