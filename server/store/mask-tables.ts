/** What devices have said in masked rounds. */
import type { MaskMessageRow } from './records.ts'
import type { Sql } from './sql.ts'

export const maskTables = (sql: Sql) => ({
  async saveMaskMessage({ roundId, kind, deviceId, body }: MaskMessageRow) {
    await sql.run(
      `INSERT INTO mask_messages (round_id, kind, device_id, body) VALUES (?, ?, ?, ?)
       ON CONFLICT (round_id, kind, device_id) DO UPDATE SET body = excluded.body`,
      ...[roundId, kind, deviceId, body],
    )
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
  async dropMaskMessages(roundId: string) {
    await sql.run('DELETE FROM mask_messages WHERE round_id = ?', roundId)
  },
})
