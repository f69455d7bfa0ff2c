/**
 * Decisions and choices of versions up to 0.1, which stored whole requests as JSON, images
 * included, at each turn. They are set aside when the store is opened, and converted one at a time.
 */
import type Database from 'better-sqlite3'
import { z } from 'zod'
import { ChatMessage, SystemPrompt } from '../../adapters/formats/choice-log.ts'
import { choiceKey } from '../../adapters/formats/read-choices.ts'
import { Proposal } from '../records/preference.ts'
import { DecisionCost, RankingWhy } from '../records/rerank-decision.ts'
import { RewritingWhy } from '../records/rewrite-decision.ts'
import type { ChoiceSource, choiceTables, StoredChoice } from './choices.ts'
import type { decisionTables } from './decisions.ts'
import { Example, type exampleTable } from './examples.ts'
import type { feedbackTable } from './feedback.ts'
import { type Hash, keptRequest } from './kept-request.ts'
import type { proposalTable } from './proposals.ts'
import type { Run } from './run.ts'
import type { StateTable } from './state.ts'

/** As versions up to 0.1 stored it. */
const OldDecision = z.object({
  messages: z.array(ChatMessage).min(1),
  system: SystemPrompt.optional(),
  candidates: z.array(z.string()),
  shown: z.array(z.int()),
  served: z.int(),
  preferred: z.int().optional(),
  propensity: z.number(),
  explored: z.boolean(),
  dimensions: z.array(z.string()),
  rewriting: RewritingWhy.optional(),
  ranking: RankingWhy.optional(),
  cost: DecisionCost.optional(),
  suffix: z.string().optional(),
  app: z.string().optional(),
})

const OldChoice = z.looseObject({
  user: z.string(),
  id: z.string(),
  messages: z.array(ChatMessage).min(1),
  system: SystemPrompt.optional(),
  candidates: z.array(z.string()).min(1),
  chosen: z.int(),
})

/** undefined if it is not JSON. */
const parsed = (body: string): unknown => {
  try {
    return JSON.parse(body)
  } catch {
    return undefined
  }
}

/** Must run before the schema: renames tables of the same names. New rows get higher numbers. */
export const setAsideOld = (db: Database.Database): void =>
  db
    .transaction(() => {
      const columns = db.pragma('table_info(decisions)') as { name: string }[]
      if (!columns.some(({ name }) => name === 'body')) return
      db.exec(OLD_TABLES)
      const last = (table: string) =>
        db.prepare(`SELECT COALESCE(MAX(rowid), 0) AS n FROM ${table}`).get() as { n: number }
      for (const name of ['decisions', 'choices'])
        db.prepare('INSERT INTO sqlite_sequence (name, seq) VALUES (?, ?)').run(
          name,
          last(`old_${name}`).n,
        )
    })
    .immediate()

/** Even earlier versions lack some of these tables. */
const OLD_TABLES = `
DROP INDEX IF EXISTS decisions_at;
DROP INDEX IF EXISTS decisions_conversation;
ALTER TABLE decisions RENAME TO old_decisions;
CREATE TABLE IF NOT EXISTS choices (
  seq INTEGER PRIMARY KEY, id TEXT, at REAL, source TEXT, body TEXT
);
ALTER TABLE choices RENAME TO old_choices;
CREATE TABLE IF NOT EXISTS decision_messages (message_id TEXT PRIMARY KEY, decision_id TEXT);
CREATE INDEX old_messages ON decision_messages (decision_id);
CREATE TABLE seed (seq INTEGER PRIMARY KEY AUTOINCREMENT);
DROP TABLE seed;
`

type Tables = Pick<ReturnType<typeof decisionTables>, 'saveDecision' | 'answerDecision'> &
  Pick<ReturnType<typeof choiceTables>, 'addChoice'> &
  Pick<ReturnType<typeof exampleTable>, 'addExamples'> &
  Pick<ReturnType<typeof proposalTable>, 'addProposals'> &
  Pick<StateTable, 'setDue'> &
  Pick<ReturnType<typeof feedbackTable>, 'reviewDecision' | 'takeOldFeedback' | 'dropStrayFeedback'>
type OldRow = { rowid: number; id: string; at: number; body: string }
type OldChoiceRow = OldRow & { source: ChoiceSource }

export const oldTables = (db: Database.Database, run: Run, tables: Tables, hash: Hash) => {
  const isThere = (name: string) =>
    run.one("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?", name) !== undefined
  const isLeft = () => isThere('old_decisions')
  return {
    /** Whether there are examples or proposals that versions up to 0.1 stored as states. */
    hasOldLearned: (): boolean => run.one(`SELECT 1 FROM state WHERE ${IS_OLD}`) !== undefined,
    takeOldLearned: (): void => {
      for (const { key, value } of run.all<OldState>(
        `SELECT key, value FROM state WHERE ${IS_OLD}`,
      )) {
        const { own, open, ...rest } = OldLearned.parse(JSON.parse(value))
        tables.addExamples(own)
        tables.addProposals(open)
        tables.setDue(true)
        if (key === 'relevance') run.change('DELETE FROM state WHERE key = ?', key)
        else run.change('UPDATE state SET value = ? WHERE key = ?', JSON.stringify(rest), key)
      }
    },
    isConverted: (): boolean => !isLeft(),
    /**
     * Converts one decision or choice: choices first, then the newest decision. False: none is
     * left.
     */
    convertOne: (): boolean => {
      if (!isLeft()) return false
      const convert = db.transaction(() => {
        const choice = run.one<OldChoiceRow>(
          'SELECT seq AS rowid, id, at, source, body FROM old_choices ORDER BY seq LIMIT 1',
        )
        if (choice) takeChoice(run, tables, choice)
        const decision =
          !choice &&
          run.one<OldRow>(
            'SELECT rowid, id, at, body FROM old_decisions ORDER BY rowid DESC LIMIT 1',
          )
        if (decision) takeDecision(run, tables, hash, decision)
        const isMore = Boolean(choice || decision)
        if (isMore) return true
        // Feedback on expired decisions: nothing would read it.
        tables.dropStrayFeedback(Number.MAX_VALUE)
        db.exec('DROP TABLE old_decisions; DROP TABLE old_choices; DROP TABLE decision_messages;')
        return false
      })
      return convert.immediate()
    },
    /** Converts one decision, by its id or that of one of its messages. False if there is none. */
    convertThis: (id: string): boolean => {
      if (!isLeft()) return false
      const row = run.one<OldRow>(
        `SELECT rowid, id, at, body FROM old_decisions
         WHERE id = ? OR id = (SELECT decision_id FROM decision_messages WHERE message_id = ?)`,
        id,
        id,
      )
      if (row) db.transaction(() => takeDecision(run, tables, hash, row)).immediate()
      return row !== undefined
    },
  }
}

const takeDecision = (run: Run, tables: Tables, hash: Hash, row: OldRow): void => {
  tables.setDue(true)
  run.change('DELETE FROM old_decisions WHERE rowid = ?', row.rowid)
  const read = OldDecision.safeParse(parsed(row.body))
  const messageIds = run.all<{ message_id: string }>(
    'SELECT message_id FROM decision_messages WHERE decision_id = ? ORDER BY rowid',
    row.id,
  )
  run.change('DELETE FROM decision_messages WHERE decision_id = ?', row.id)
  if (!read.success) return
  const { messages, system, candidates, suffix, app, ...old } = read.data
  const { dimensions, rewriting, ranking, cost, ...drawn } = old
  tables.saveDecision(
    {
      id: row.id,
      at: row.at,
      request: keptRequest(hash, { messages, ...(system !== undefined && { system }) }),
      suffix,
      app,
      info: {
        dimensions,
        ...(rewriting && { rewriting }),
        ...(ranking && { ranking }),
        ...(cost && { cost }),
      },
    },
    row.rowid,
  )
  if (candidates.length > 0)
    tables.answerDecision(row.id, {
      ...drawn,
      at: row.at,
      // Which answer had which id is unknown; any of the ids names the decision.
      answers: candidates.map((text, i) => ({ text, messageId: messageIds[i]?.message_id })),
    })
  tables.takeOldFeedback(row.id)
  tables.reviewDecision(row.id)
}

const takeChoice = (run: Run, tables: Tables, row: OldChoiceRow): void => {
  tables.setDue(true)
  run.change('DELETE FROM old_choices WHERE seq = ?', row.rowid)
  const read = OldChoice.safeParse(parsed(row.body))
  if (!read.success) return
  const choice = read.data as StoredChoice
  const id = row.source === 'import' ? choiceKey(choice) : choice.id
  tables.addChoice({ ...choice, id }, row.source)
}

const IS_OLD = `key = 'relevance' OR (key = 'proposals' AND value LIKE '%"open"%')`
type OldState = { key: string; value: string }
const OldLearned = z
  .looseObject({ own: z.array(Example).catch([]), open: z.array(Proposal).catch([]) })
  .catch({ own: [], open: [] })
