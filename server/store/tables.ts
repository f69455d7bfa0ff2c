/** Every query of the store, once for all databases. Documents are JSON; the tables are in schema.ts. */
import { accessTables, isWritten } from './access-tables.ts'
import { documentOf, documents, parsed } from './documents.ts'
import { foldedTables } from './folded-tables.ts'
import { governanceTables } from './governance-tables.ts'
import { maskTables } from './mask-tables.ts'
import { privacyTables } from './privacy-tables.ts'
import type {
  Device,
  DeviceVisit,
  Job,
  JobProgress,
  Lineage,
  Round,
  RoundMember,
  UploadPart,
} from './records.ts'
import { releaseTables } from './release-tables.ts'
import { forgetOld } from './retention.ts'
import type { Row, Sql } from './sql.ts'
import type { JobQuery, Tables } from './store.ts'

export const tablesOf = (sql: Sql): Tables => ({
  ...accessTables(sql),
  ...leases(sql),
  prune: (now) => forgetOld(sql, now),
  ...devices(sql),
  ...visits(sql),
  ...lineages(sql),
  ...jobs(sql),
  ...rounds(sql),
  ...members(sql),
  ...parts(sql),
  ...foldedTables(sql),
  ...maskTables(sql),
  ...releaseTables(sql),
  ...privacyTables(sql),
  ...governanceTables(sql),
})

const leases = (sql: Sql) => ({
  lease: (name: string, owner: string, forMs: number) =>
    isWritten(
      sql.run(
        `INSERT INTO leases VALUES (?, ?, ${sql.now} + ?) ON CONFLICT (name) DO UPDATE
         SET owner = excluded.owner, until = excluded.until
         WHERE leases.owner = excluded.owner OR leases.until <= ${sql.now}`,
        name,
        owner,
        forMs,
      ),
    ),
  async time() {
    const [row] = await sql.rows(`SELECT ${sql.now} AS now`)
    return Number(row!['now'])
  },
  async endLease(name: string, owner: string) {
    await sql.run('DELETE FROM leases WHERE name = ? AND owner = ?', name, owner)
  },
})

const devices = (sql: Sql) => ({
  async saveDevice({ id, publicKey, enrolledAt, lastSeenAt, blockedAt, edge }: Device) {
    await sql.run(
      `INSERT INTO devices (id, public_key, enrolled_at, last_seen_at, blocked_at, edge)
       VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE
       SET last_seen_at = excluded.last_seen_at`,
      id,
      publicKey,
      enrolledAt,
      lastSeenAt,
      blockedAt ?? null,
      edge ?? null,
    )
  },
  async sawDevice(id: string, at: number) {
    await sql.run('UPDATE devices SET last_seen_at = ? WHERE id = ?', at, id)
  },
  blockDevice: (id: string, at: number | null) =>
    isWritten(sql.run('UPDATE devices SET blocked_at = ? WHERE id = ?', at, id)),
  async setNextKey(id: string, nextKey: string) {
    await sql.run('UPDATE devices SET next_key = ? WHERE id = ?', nextKey, id)
  },
  replaceKey: (id: string, nextKey: string) =>
    isWritten(
      sql.run(
        'UPDATE devices SET public_key = next_key, next_key = NULL WHERE id = ? AND next_key = ?',
        id,
        nextKey,
      ),
    ),
  async eraseDevice(id: string, alias: string) {
    await sql.run('UPDATE members SET device_id = ?, consent = NULL WHERE device_id = ?', alias, id)
    for (const table of ['visits', 'nonces', 'tokens', 'parts'])
      await sql.run(`DELETE FROM ${table} WHERE device_id = ?`, id)
    return isWritten(sql.run('DELETE FROM devices WHERE id = ?', id))
  },
  async device(id: string) {
    const [row] = await sql.rows('SELECT * FROM devices WHERE id = ?', id)
    return row && deviceOf(row)
  },
  devices: async () => (await sql.rows('SELECT * FROM devices ORDER BY number')).map(deviceOf),
  async countDevices(since: number) {
    const query = `SELECT count(*) AS enrolled, count(blocked_at) AS blocked,
      count(CASE WHEN last_seen_at >= ? THEN 1 END) AS seen FROM devices`
    const [row] = await sql.rows(query, since)
    const count = (name: string) => Number(row?.[name])
    return { enrolled: count('enrolled'), seen: count('seen'), blocked: count('blocked') }
  },
})

const deviceOf = (row: Row): Device => ({
  id: row['id'] as string,
  publicKey: row['public_key'] as string,
  enrolledAt: row['enrolled_at'] as number,
  lastSeenAt: row['last_seen_at'] as number | null,
  ...(row['blocked_at'] !== null && { blockedAt: row['blocked_at'] as number }),
  ...(row['next_key'] !== null && { nextKey: row['next_key'] as string }),
  ...(row['edge'] !== null && { edge: Number(row['edge']) }),
})

const visits = (sql: Sql) => ({
  async saveVisits(all: readonly DeviceVisit[]) {
    // In one order, so that two servers that note the same devices do not wait for each other.
    const sorted = [...all].sort((a, b) => (a.deviceId < b.deviceId ? -1 : 1))
    for (const { jobId, deviceId, visit, at } of sorted)
      await sql.run(
        `INSERT INTO visits VALUES (?, ?, ?, ?) ON CONFLICT (job_id, device_id)
         DO UPDATE SET visit = excluded.visit, at = excluded.at`,
        jobId,
        deviceId,
        visit,
        at,
      )
  },
  async countVisits(jobId: string, since: number) {
    const rows = await sql.rows(
      `SELECT visit, count(*) AS count FROM visits WHERE job_id = ? AND at >= ?
       GROUP BY visit ORDER BY visit`,
      jobId,
      since,
    )
    return Object.fromEntries(rows.map((row) => [row['visit'], Number(row['count'])]))
  },
})

const lineages = (sql: Sql) => {
  const { one, all, save } = documents<Lineage>(sql, 'lines')
  return {
    addLineage: (lineage: Lineage) =>
      isWritten(
        sql.run(
          'INSERT INTO lines (id, document) VALUES (?, ?) ON CONFLICT DO NOTHING',
          lineage.id,
          JSON.stringify(lineage),
        ),
      ),
    saveLineage: (lineage: Lineage) => save(lineage.id, lineage),
    lineage: one,
    lineages: all,
  }
}

/** With its newest round, which is the one of the highest number. */
const PROGRESS = `SELECT jobs.document AS job, rounds.document AS round FROM jobs
  LEFT JOIN rounds ON rounds.number =
    (SELECT max(number) FROM rounds AS other WHERE other.job_id = jobs.id)`

const jobs = (sql: Sql) => {
  const { one, all, page } = documents<Job>(sql, 'jobs')
  return {
    async saveJob(job: Job) {
      await sql.run(
        `INSERT INTO jobs (id, state, document, ended_at) VALUES (?, ?, ?, ?)
         ON CONFLICT (id) DO UPDATE SET state = excluded.state, document = excluded.document,
           ended_at = excluded.ended_at`,
        job.id,
        job.state,
        JSON.stringify(job),
        job.endedAt,
      )
    },
    job: one,
    jobs: all,
    async progress(jobId: string) {
      const [row] = await sql.rows(`${PROGRESS} WHERE jobs.id = ?`, jobId)
      return row && progressOf(row)
    },
    async jobPage({ states = [], ...paging }: JobQuery) {
      const some = states.map(() => '?').join()
      const rows = await page(states.length > 0 ? [[`state IN (${some})`, ...states]] : [], paging)
      return rows.map(({ number, document }) => ({ number, job: document }))
    },
    async alive() {
      const query = `${PROGRESS} WHERE jobs.state IN ('scheduled', 'running', 'paused')
        ORDER BY jobs.number`
      const found = (await sql.rows(query)).map(progressOf)
      return found.sort((a, b) => b.job.priority - a.job.priority)
    },
    async idempotent(key: string) {
      const [row] = await sql.rows('SELECT * FROM idempotency WHERE key = ?', key)
      if (!row) return undefined
      return { requestHash: row['request_hash'] as string, jobId: row['job_id'] as string }
    },
    addIdempotent: (key: string, requestHash: string, job: Pick<Job, 'id' | 'createdAt'>) =>
      isWritten(
        sql.run(
          'INSERT INTO idempotency VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING',
          key,
          requestHash,
          job.id,
          job.createdAt,
        ),
      ),
  }
}

const progressOf = ({ job, round }: Row): JobProgress => ({
  job: parsed<Job>(job as string),
  round: round === null ? null : parsed<Round>(round as string),
})

const rounds = (sql: Sql) => {
  const { one } = documents<Round>(sql, 'rounds')
  return {
    async saveRound(round: Round) {
      await sql.run(
        `INSERT INTO rounds (id, job_id, document) VALUES (?, ?, ?)
         ON CONFLICT (id) DO UPDATE SET document = excluded.document`,
        round.id,
        round.jobId,
        JSON.stringify(round),
      )
    },
    round: one,
    async rounds(jobId: string) {
      const query = 'SELECT document FROM rounds WHERE job_id = ? ORDER BY number'
      return (await sql.rows(query, jobId)).map(documentOf<Round>)
    },
  }
}

const members = (sql: Sql) => ({
  async member(roundId: string, deviceId: string): Promise<RoundMember | undefined> {
    const query = 'SELECT * FROM members WHERE round_id = ? AND device_id = ?'
    const [row] = await sql.rows(query, roundId, deviceId)
    return row && memberOf(row)
  },
  async saveMember(roundId: string, member: RoundMember) {
    const { deviceId, digest, assignedAt, isSilent, consent, devices, countedIn = roundId } = member
    await sql.run(
      `INSERT INTO members (round_id, device_id, digest, assigned_at, is_silent, consent, devices,
         counted_in)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (round_id, device_id) DO UPDATE
       SET digest = excluded.digest, assigned_at = excluded.assigned_at,
         is_silent = excluded.is_silent, consent = excluded.consent, devices = excluded.devices,
         counted_in = excluded.counted_in`,
      roundId,
      deviceId,
      digest,
      assignedAt,
      isSilent ? 1 : 0,
      consent && JSON.stringify(consent),
      devices ?? null,
      digest && countedIn,
    )
  },
  async giveOn(roundId: string, assignedBy: number, edgesBy = assignedBy) {
    const silent = `WHERE round_id = ? AND digest IS NULL AND is_silent = 0 AND
      ((devices IS NULL AND assigned_at <= ?) OR (devices IS NOT NULL AND assigned_at <= ?))
      AND device_id NOT IN (
        SELECT device_id FROM mask_messages WHERE round_id = ? AND kind = 'keys')`
    const by = [roundId, assignedBy, edgesBy, roundId] as const
    const [row] = await sql.rows(
      `SELECT sum(coalesce(devices, 1)) AS n FROM members ${silent}`,
      ...by,
    )
    await sql.run(`UPDATE members SET is_silent = 1 ${silent}`, ...by)
    return Number(row?.['n'] ?? 0)
  },
  async countSent(roundId: string, digests: readonly string[]) {
    const query = 'SELECT digest, devices FROM members WHERE counted_in = ?'
    const sent = new Set(digests)
    return (await sql.rows(query, roundId))
      .filter((row) => sent.has(row['digest'] as string))
      .reduce((sum, row) => sum + Number(row['devices'] ?? 1), 0)
  },
  async memberships(deviceId: string) {
    const rows = await sql.rows(
      'SELECT round_id, digest, counted_in FROM members WHERE device_id = ? ORDER BY round_id',
      deviceId,
    )
    return rows.map((row) => ({
      roundId: row['round_id'] as string,
      digest: row['digest'] as string | null,
      countedIn: row['counted_in'] as string | null,
    }))
  },
  async countUpdates(deviceId: string, since: number) {
    const [row] = await sql.rows(
      `SELECT count(*) AS count FROM members
       WHERE device_id = ? AND assigned_at >= ? AND digest IS NOT NULL`,
      deviceId,
      since,
    )
    return Number(row!['count'])
  },
  async countUpdatesTo(jobId: string, deviceId: string) {
    const query = `SELECT count(*) AS count FROM members JOIN rounds ON rounds.id = round_id
      WHERE job_id = ? AND device_id = ? AND digest IS NOT NULL`
    const [row] = await sql.rows(query, jobId, deviceId)
    return Number(row!['count'])
  },
  async countAtWork(roundId: string) {
    const query = `SELECT count(*) AS count FROM members
      WHERE round_id = ? AND digest IS NULL AND is_silent = 0`
    const [row] = await sql.rows(query, roundId)
    return Number(row!['count'])
  },
  async senders(roundId: string) {
    const query = 'SELECT DISTINCT round_id FROM members WHERE counted_in = ? ORDER BY round_id'
    return (await sql.rows(query, roundId)).map((row) => row['round_id'] as string)
  },
  async dropMember(roundId: string, deviceId: string) {
    await sql.run(
      'DELETE FROM members WHERE round_id = ? AND device_id = ? AND digest IS NULL',
      roundId,
      deviceId,
    )
  },
  async digests(roundId: string) {
    const query = 'SELECT digest FROM members WHERE counted_in = ? ORDER BY digest'
    return (await sql.rows(query, roundId)).map((row) => row['digest'] as string)
  },
})

const memberOf = (row: Row): RoundMember => ({
  deviceId: row['device_id'] as string,
  digest: row['digest'] as string | null,
  assignedAt: row['assigned_at'] as number,
  isSilent: row['is_silent'] === 1,
  consent: row['consent'] === null ? null : JSON.parse(row['consent'] as string),
  ...(row['devices'] !== null && { devices: Number(row['devices']) }),
  ...(row['counted_in'] !== null &&
    row['counted_in'] !== row['round_id'] && { countedIn: row['counted_in'] as string }),
})

const parts = (sql: Sql) => ({
  async savePart({ roundId, deviceId, digest, start, size, hash, at }: UploadPart) {
    await sql.run(
      `INSERT INTO parts (round_id, device_id, start, digest, size, hash, at)
       VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (round_id, device_id, start) DO UPDATE
       SET digest = excluded.digest, size = excluded.size, hash = excluded.hash, at = excluded.at`,
      ...[roundId, deviceId, start, digest, size, hash, at],
    )
  },
  async parts(roundId: string, deviceId: string): Promise<UploadPart[]> {
    const query = 'SELECT * FROM parts WHERE round_id = ? AND device_id = ? ORDER BY start'
    return (await sql.rows(query, roundId, deviceId)).map((row) => ({
      roundId,
      deviceId,
      digest: row['digest'] as string,
      start: row['start'] as number,
      size: row['size'] as number,
      hash: row['hash'] as string,
      at: row['at'] as number,
    }))
  },
  async dropParts(roundId: string, deviceId: string) {
    await sql.run('DELETE FROM parts WHERE round_id = ? AND device_id = ?', roundId, deviceId)
  },
})
