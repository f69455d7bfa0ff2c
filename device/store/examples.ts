/** Table of the device's store for requests for which a preference was undone or confirmed. */
import { z } from 'zod'
import { askedName, type Hash } from './kept-request.ts'
import type { Run } from './run.ts'
import type { Texts } from './texts.ts'

export const EXAMPLE_SCHEMA = `
CREATE TABLE IF NOT EXISTS examples (
  seq INTEGER PRIMARY KEY AUTOINCREMENT, at REAL NOT NULL, decision TEXT, conversation TEXT,
  asked TEXT NOT NULL, text INTEGER NOT NULL, wish TEXT, is_relevant INTEGER NOT NULL,
  is_undo INTEGER NOT NULL, weight REAL NOT NULL
);
CREATE INDEX IF NOT EXISTS examples_decision ON examples (decision);
CREATE INDEX IF NOT EXISTS examples_conversation ON examples (conversation);
CREATE INDEX IF NOT EXISTS examples_asked ON examples (asked);
CREATE INDEX IF NOT EXISTS examples_text ON examples (text);
`

/**
 * Whether a preference (null: any) matters for a request. weight: see OwnExample; decision,
 * conversation: where it was learned, where that is known.
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

/** Most recent examples that are kept. */
const MAX_EXAMPLES = 300

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

export const exampleTable = (run: Run, texts: Texts, hash: Hash) => ({
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
  addExamples: (examples: readonly Example[]): void => {
    for (const e of examples)
      run.add('examples', {
        at: e.at ?? 0,
        decision: e.decision ?? null,
        conversation: e.conversation ?? null,
        asked: askedName(hash, e.request),
        text: texts.add(e.request),
        wish: e.wish,
        is_relevant: Number(e.isRelevant),
        is_undo: Number(e.isUndo),
        weight: e.weight,
      })
    texts.dropOldest('examples', MAX_EXAMPLES)
  },
  dropExample: (seq: number): void => texts.dropRows('examples', 'seq = ?', seq),
})

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
