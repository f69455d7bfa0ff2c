/**
 * Tables of the device's store for what single conversations taught beside choices: examples of
 * what matters for a request, and preferences that seem to have been stated. Their texts are those
 * of store-texts.ts.
 */
import { z } from 'zod'
import { Proposal } from '../records/preference.ts'
import { setDue } from './counts.ts'
import { askedName, type Hash } from './kept-request.ts'
import type { Run } from './store.ts'
import type { Texts } from './texts.ts'

export const LEARNED_SCHEMA = `
CREATE TABLE IF NOT EXISTS examples (
  seq INTEGER PRIMARY KEY AUTOINCREMENT, at REAL NOT NULL, decision TEXT, conversation TEXT,
  asked TEXT NOT NULL, text INTEGER NOT NULL, wish TEXT, is_relevant INTEGER NOT NULL,
  is_undo INTEGER NOT NULL, weight REAL NOT NULL
);
CREATE INDEX IF NOT EXISTS examples_decision ON examples (decision);
CREATE INDEX IF NOT EXISTS examples_conversation ON examples (conversation);
CREATE INDEX IF NOT EXISTS examples_asked ON examples (asked);
CREATE INDEX IF NOT EXISTS examples_text ON examples (text);
CREATE TABLE IF NOT EXISTS proposals (
  seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL, at REAL NOT NULL,
  decision TEXT NOT NULL, body TEXT NOT NULL, text INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS proposals_decision ON proposals (decision);
CREATE INDEX IF NOT EXISTS proposals_text ON proposals (text);
`

/**
 * What the user's doings say of a wish for a request (null: of any wish). weight: see OwnExample;
 * decision, conversation: where it was learned, where that is known.
 */
export const Example = z.object({
  request: z.string(),
  wish: z.string().nullable(),
  isRelevant: z.boolean(),
  weight: z.number(),
  isUndo: z.boolean(),
  at: z.number().optional(),
  decision: z.string().optional(),
  conversation: z.string().optional(),
})
export type Example = z.infer<typeof Example>

/** Most recent examples and proposals that are kept. */
const MOST_EXAMPLES = 300
const MOST_PROPOSALS = 20

type ExampleRow = {
  seq: number
  at: number
  decision: string | null
  conversation: string | null
  request: string
  wish: string | null
  is_relevant: number
  is_undo: number
  weight: number
}

export const learnedTables = (run: Run, texts: Texts, hash: Hash) => {
  const drop = (table: 'examples' | 'proposals', where: string, ...values: unknown[]): number => {
    const gone = run.all<{ text: number }>(`SELECT text FROM ${table} WHERE ${where}`, ...values)
    run.change(`DELETE FROM ${table} WHERE ${where}`, ...values)
    for (const { text } of gone) texts.drop(text)
    return gone.length
  }
  const keepNewest = (table: 'examples' | 'proposals', most: number): void =>
    void drop(table, `seq <= (SELECT seq FROM ${table} ORDER BY seq DESC LIMIT 1 OFFSET ?)`, most)
  const addExamples = (examples: readonly Example[]): void => {
    for (const e of examples)
      run.insert(
        `INSERT INTO examples
           (at, decision, conversation, asked, text, wish, is_relevant, is_undo, weight)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
        e.at ?? 0,
        e.decision ?? null,
        e.conversation ?? null,
        askedName(hash, e.request),
        texts.add(e.request),
        e.wish,
        Number(e.isRelevant),
        Number(e.isUndo),
        e.weight,
      )
    keepNewest('examples', MOST_EXAMPLES)
  }
  const addProposals = (proposals: readonly Proposal[]): void => {
    for (const { id, at, decisionId, said, ...body } of proposals)
      run.insert(
        'INSERT INTO proposals (id, at, decision, body, text) VALUES (?, ?, ?, ?, ?)',
        id,
        at,
        decisionId,
        JSON.stringify(body),
        texts.add(said),
      )
    keepNewest('proposals', MOST_PROPOSALS)
  }
  return {
    /** Oldest first. */
    examples: (): Example[] =>
      run
        .all<ExampleRow>(
          `SELECT examples.*, texts.body AS request FROM examples JOIN texts ON texts.seq = text
           ORDER BY examples.seq`,
        )
        .map(exampleOf),
    /** Changes whenever the examples do. */
    examplesVersion: (): string => {
      const row = run.one<{ n: number; last: number | null }>(
        'SELECT COUNT(*) AS n, MAX(seq) AS last FROM examples',
      )
      return `${row?.n ?? 0}/${row?.last ?? 0}`
    },
    addExamples,
    /** Oldest first. */
    proposals: (): Proposal[] =>
      run
        .all<{ id: string; at: number; decision: string; body: string; said: string }>(
          `SELECT id, at, decision, proposals.body AS body, texts.body AS said
           FROM proposals JOIN texts ON texts.seq = text ORDER BY proposals.seq`,
        )
        .map(({ body, decision, ...row }) => ({
          ...row,
          ...JSON.parse(body),
          decisionId: decision,
        })),
    addProposals,
    dropProposal: (id: string): void => void drop('proposals', 'id = ?', id),
    /** What was proposed after a decision. */
    dropProposalsOf: (decision: string): void => void drop('proposals', 'decision = ?', decision),
    dropExample: (seq: number): void => void drop('examples', 'seq = ?', seq),
    /** Those of an unknown time are older than any. */
    dropLearnedBefore: (at: number): void => {
      drop('examples', 'at < ?', at)
      drop('proposals', 'at < ?', at)
    },
    /** What an earlier version kept as single values. False: there is none. */
    hasOldLearned: (): boolean => run.one(`SELECT 1 FROM state WHERE ${IS_OLD}`) !== undefined,
    takeOldLearned: (): void => {
      for (const { key, value } of run.all<OldRow>(
        `SELECT key, value FROM state WHERE ${IS_OLD}`,
      )) {
        const { own, open, ...rest } = Old.parse(JSON.parse(value))
        addExamples(own)
        addProposals(open)
        setDue(run, true)
        if (key === 'relevance') run.change('DELETE FROM state WHERE key = ?', key)
        else run.change('UPDATE state SET value = ? WHERE key = ?', JSON.stringify(rest), key)
      }
    },
  }
}

const IS_OLD = `key = 'relevance' OR (key = 'proposals' AND value LIKE '%"open"%')`
type OldRow = { key: string; value: string }
const Old = z
  .looseObject({ own: z.array(Example).catch([]), open: z.array(Proposal).catch([]) })
  .catch({ own: [], open: [] })

const exampleOf = (row: ExampleRow): Example => ({
  request: row.request,
  wish: row.wish,
  isRelevant: row.is_relevant === 1,
  weight: row.weight,
  isUndo: row.is_undo === 1,
  ...(row.at > 0 && { at: row.at }),
  ...(row.decision !== null && { decision: row.decision }),
  ...(row.conversation !== null && { conversation: row.conversation }),
})
