/** What devices have said in masked rounds, and what they are told. */
import type { MaskMessageRow, MaskPlace, SealedShares } from './records.ts'
import type { Row, Sql } from './sql.ts'

type Values = readonly (string | number)[]

/** Rows of one statement: databases bound how many values it may have. */
const ROWS_AT_ONCE = 500

const insertAll = async (sql: Sql, into: string, rows: readonly Values[]): Promise<void> => {
  for (let at = 0; at < rows.length; at += ROWS_AT_ONCE) {
    const some = rows.slice(at, at + ROWS_AT_ONCE)
    const marks = some.map((row) => `(${row.map(() => '?').join(', ')})`).join(', ')
    await sql.run(`INSERT INTO ${into} VALUES ${marks}`, ...some.flat())
  }
}

export const maskTables = (sql: Sql) => ({
  ...messages(sql),
  async saveMaskPlaces(roundId: string, places: readonly MaskPlace[]) {
    const rows = places.map(({ deviceId, place, identity }) => [roundId, deviceId, place, identity])
    await insertAll(sql, 'mask_places (round_id, device_id, place, identity)', rows)
  },
  async maskPlace(roundId: string, deviceId: string): Promise<MaskPlace | undefined> {
    const query = 'SELECT * FROM mask_places WHERE round_id = ? AND device_id = ?'
    const [row] = await sql.rows(query, roundId, deviceId)
    return row && placeOf(row)
  },
  async maskPlaces(roundId: string): Promise<MaskPlace[]> {
    const query = 'SELECT * FROM mask_places WHERE round_id = ? ORDER BY place'
    return (await sql.rows(query, roundId)).map(placeOf)
  },
  async saveMaskRequest(roundId: string, kind: string, body: string) {
    await insertAll(sql, 'mask_requests (round_id, kind, body)', [[roundId, kind, body]])
  },
  async maskRequest(roundId: string, kind: string): Promise<string | undefined> {
    const query = 'SELECT body FROM mask_requests WHERE round_id = ? AND kind = ?'
    return (await sql.rows(query, roundId, kind))[0]?.['body'] as string | undefined
  },
  async saveSealedShares(roundId: string, shares: readonly SealedShares[]) {
    const rows = shares.map(({ to, from, sealed }) => [roundId, to, from, sealed])
    await insertAll(sql, 'mask_shares (round_id, to_place, from_place, sealed)', rows)
  },
  async sealedSharesFor(roundId: string, to: number): Promise<SealedShares[]> {
    const query =
      'SELECT * FROM mask_shares WHERE round_id = ? AND to_place = ? ORDER BY from_place'
    return (await sql.rows(query, roundId, to)).map((row) => ({
      from: Number(row['from_place']),
      to,
      sealed: row['sealed'] as string,
    }))
  },
  async dropMasks(roundId: string) {
    for (const table of ['mask_messages', 'mask_places', 'mask_requests', 'mask_shares'])
      await sql.run(`DELETE FROM ${table} WHERE round_id = ?`, roundId)
  },
})

const messages = (sql: Sql) => ({
  async saveMaskMessage({ roundId, kind, deviceId, body }: MaskMessageRow) {
    await sql.run(
      `INSERT INTO mask_messages (round_id, kind, device_id, body) VALUES (?, ?, ?, ?)
       ON CONFLICT (round_id, kind, device_id) DO UPDATE SET body = excluded.body`,
      ...[roundId, kind, deviceId, body],
    )
  },
  async maskMessage(roundId: string, kind: string, deviceId: string): Promise<string | undefined> {
    const query = 'SELECT body FROM mask_messages WHERE round_id = ? AND kind = ? AND device_id = ?'
    return (await sql.rows(query, roundId, kind, deviceId))[0]?.['body'] as string | undefined
  },
  async maskMessages(roundId: string, kind: string): Promise<MaskMessageRow[]> {
    const query = 'SELECT * FROM mask_messages WHERE round_id = ? AND kind = ? ORDER BY device_id'
    return (await sql.rows(query, roundId, kind)).map((row) => ({
      roundId,
      kind,
      deviceId: row['device_id'] as string,
      body: row['body'] as string,
    }))
  },
  async countMaskMessages(roundId: string, kind: string): Promise<number> {
    const query = 'SELECT count(*) AS n FROM mask_messages WHERE round_id = ? AND kind = ?'
    return Number((await sql.rows(query, roundId, kind))[0]!['n'])
  },
})

const placeOf = (row: Row): MaskPlace => ({
  deviceId: row['device_id'] as string,
  place: Number(row['place']),
  identity: row['identity'] as string,
})
