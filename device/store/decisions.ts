/**
 * The tables of decisions: a row for each request, with its texts in texts.ts. Every query uses an
 * index.
 */
import { z } from 'zod'
import { DecisionCost, RankingWhy } from '../records/rerank-decision.ts'
import { RewritingWhy } from '../records/rewrite-decision.ts'
import { keptAnswer } from '../text/kept-text.ts'
import { type Hash, type KeptRequest, openingKeys, saidKey } from './kept-request.ts'
import type { Run } from './run.ts'
import type { Texts, Turn } from './texts.ts'

/** How long a decision and its texts wait for feedback. Choices stay. */
export const DECISION_MS = 90 * 24 * 3600_000

/** openings: how conversations began, for decisions (d) and choices (c). */
export const DECISION_SCHEMA = `
CREATE TABLE IF NOT EXISTS decisions (
  seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, at REAL NOT NULL,
  conversation TEXT NOT NULL, request TEXT NOT NULL, thread TEXT NOT NULL, before TEXT,
  answered TEXT, asked TEXT NOT NULL, opening TEXT, suffix TEXT, app TEXT,
  system INTEGER, turn INTEGER, candidates INTEGER NOT NULL DEFAULT 0,
  shown TEXT NOT NULL DEFAULT '[]', served INTEGER NOT NULL DEFAULT 0, said TEXT,
  preferred INTEGER, propensity REAL NOT NULL DEFAULT 1, explored INTEGER NOT NULL DEFAULT 0,
  events INTEGER NOT NULL DEFAULT 0, liked INTEGER, info TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS decisions_at ON decisions (at, seq);
CREATE INDEX IF NOT EXISTS decisions_conversation ON decisions (conversation, seq);
CREATE INDEX IF NOT EXISTS decisions_request ON decisions (request, seq);
CREATE INDEX IF NOT EXISTS decisions_thread ON decisions (thread, said, seq);
CREATE INDEX IF NOT EXISTS decisions_before ON decisions (before, seq) WHERE before IS NOT NULL;
CREATE INDEX IF NOT EXISTS decisions_asked ON decisions (asked);
CREATE INDEX IF NOT EXISTS decisions_suffix ON decisions (suffix) WHERE suffix IS NOT NULL;
CREATE INDEX IF NOT EXISTS decisions_system ON decisions (system) WHERE system IS NOT NULL;
CREATE INDEX IF NOT EXISTS decisions_turn ON decisions (turn);
CREATE INDEX IF NOT EXISTS decisions_told ON decisions (seq) WHERE events > 0;
CREATE INDEX IF NOT EXISTS decisions_told_request ON decisions (request, seq) WHERE events > 0;
CREATE INDEX IF NOT EXISTS decisions_told_thread ON decisions (thread, seq) WHERE events > 0;
CREATE INDEX IF NOT EXISTS decisions_liked ON decisions (seq, served, propensity, liked)
  WHERE liked IS NOT NULL;
CREATE TABLE IF NOT EXISTS answers (
  seq INTEGER PRIMARY KEY, decision INTEGER NOT NULL, text INTEGER NOT NULL, message_id TEXT
);
CREATE INDEX IF NOT EXISTS answers_decision ON answers (decision);
CREATE INDEX IF NOT EXISTS answers_text ON answers (text);
CREATE INDEX IF NOT EXISTS answers_message ON answers (message_id) WHERE message_id IS NOT NULL;
CREATE TABLE IF NOT EXISTS openings (
  key TEXT NOT NULL, kind TEXT NOT NULL, owner INTEGER NOT NULL, PRIMARY KEY (key, kind, owner)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS openings_owner ON openings (kind, owner);
`

/**
 * Facts that are only shown to people. dimensions: of the lines of the block; rewriting, ranking,
 * cost: as they were then.
 */
export const DecisionInfo = z.object({
  dimensions: z.array(z.string()),
  rewriting: RewritingWhy.optional(),
  ranking: RankingWhy.optional(),
  cost: DecisionCost.optional(),
})
export type DecisionInfo = z.infer<typeof DecisionInfo>

/** suffix: the conversation's name in suffixes.ts; app: the name of the program that asked. */
export type NewDecision = {
  readonly id: string
  readonly at: number
  readonly request: KeptRequest
  readonly suffix?: string | undefined
  readonly app?: string | undefined
  readonly info: DecisionInfo
}

/**
 * The answers to a request, and when they came. served: index of the answer that the app got;
 * shown: indices that the user saw; preferred: the index without exploration and shadow mode;
 * propensity: the probability with which `served` was drawn.
 */
export type Answered = {
  readonly at: number
  readonly answers: readonly { readonly text: string; readonly messageId?: string | undefined }[]
  readonly shown: readonly number[]
  readonly served: number
  readonly preferred?: number | undefined
  readonly propensity: number
  readonly explored: boolean
  readonly info?: Partial<DecisionInfo>
}

/**
 * A decision without its texts. seq: rises with each decision. For conversation … opening see
 * kept-request.ts. said: a hash of the served answer. system, turn: where the texts are. events:
 * how many feedback events there are; liked: whether they approve of the served answer, if that
 * judges reranking.
 */
export type DecisionRow = {
  readonly seq: number
  readonly id: string
  readonly at: number
  readonly conversation: string
  readonly request: string
  readonly thread: string
  readonly before: string | null
  readonly answered: string | null
  readonly asked: string
  readonly opening: string | null
  readonly suffix: string | null
  readonly app: string | null
  readonly system: number | null
  readonly turn: number | null
  readonly candidates: number
  readonly shown: readonly number[]
  readonly served: number
  readonly said: string | null
  readonly preferred: number | null
  readonly propensity: number
  readonly explored: boolean
  readonly events: number
  readonly liked: boolean | null
  readonly info: DecisionInfo
}

type Columns = Omit<DecisionRow, 'shown' | 'explored' | 'liked' | 'info'> & {
  readonly shown: string
  readonly explored: number
  readonly liked: number | null
  readonly info: string
}

const toRow = (row: Columns): DecisionRow => ({
  ...row,
  shown: JSON.parse(row.shown) as number[],
  explored: row.explored === 1,
  liked: row.liked === null ? null : row.liked === 1,
  info: DecisionInfo.parse(JSON.parse(row.info)),
})

/** Selects decisions by what follows WHERE. */
type Rows = (condition: string, ...values: unknown[]) => DecisionRow[]

export const decisionTables = (run: Run, texts: Texts, hash: Hash) => {
  const where: Rows = (condition, ...values) =>
    run.all<Columns>(`SELECT * FROM decisions WHERE ${condition}`, ...values).map(toRow)
  return {
    ...nearTables(where),
    ...readDecisions(run, texts, where),
    ...writeDecisions(run, texts),
    ...answerDecisions(run, texts, hash, where),
  }
}

const byId = (where: Rows, id: string): DecisionRow | undefined => where('id = ?', id)[0]

/** kind: d, owned by a decision; c, by a choice. */
export const addOpenings = (run: Run, kind: 'd' | 'c', owner: number, keys: readonly string[]) => {
  for (const key of keys) run.add('openings', { key, kind, owner }, 'IGNORE')
}

const addInfo = (run: Run, { seq, info }: DecisionRow, more: Partial<DecisionInfo>) =>
  void run.change(
    'UPDATE decisions SET info = ? WHERE seq = ?',
    JSON.stringify({ ...info, ...more } satisfies DecisionInfo),
    seq,
  )

const writeDecisions = (run: Run, texts: Texts) => ({
  /** seq: given only for a decision of an earlier version. */
  saveDecision: (
    { id, at, request: kept, suffix, app, info }: NewDecision,
    seq: number | null = null,
  ): void => {
    if (run.one('SELECT 1 FROM decisions WHERE id = ?', id)) return
    const { system, turns, openings, ...names } = kept
    const row = run.add('decisions', {
      seq,
      id,
      at,
      ...names,
      suffix: suffix ?? null,
      app: app ?? null,
      system: system === null ? null : texts.add(system),
      turn: texts.addTurns(turns),
      info: JSON.stringify(info),
    })
    addOpenings(run, 'd', row, openings)
  },
  dropDecision: (seq: number): void => {
    const row = run.one<Pick<DecisionRow, 'system' | 'turn'>>(
      'SELECT system, turn FROM decisions WHERE seq = ?',
      seq,
    )
    texts.dropRows('answers', 'decision = ?', seq)
    run.change("DELETE FROM openings WHERE kind = 'd' AND owner = ?", seq)
    run.change('DELETE FROM decisions WHERE seq = ?', seq)
    texts.drop(row?.system ?? null)
    texts.dropTurns(row?.turn ?? null)
  },
})

const answerDecisions = (run: Run, texts: Texts, hash: Hash, where: Rows) => ({
  answerDecision: (id: string, came: Answered): void => {
    const row = byId(where, id)
    if (!row) return
    texts.dropRows('answers', 'decision = ?', row.seq)
    for (const { text, messageId } of came.answers)
      run.add('answers', {
        decision: row.seq,
        text: texts.add(keptAnswer(text)),
        message_id: messageId ?? null,
      })
    const said = came.answers.map(({ text }) => text)
    if (row.opening !== null) addOpenings(run, 'd', row.seq, openingKeys(hash, row.opening, said))
    const served = said[came.served]
    run.change(
      `UPDATE decisions SET at = ?, candidates = ?, shown = ?, served = ?, said = ?,
         preferred = ?, propensity = ?, explored = ? WHERE seq = ?`,
      came.at,
      said.length,
      JSON.stringify(came.shown),
      came.served,
      served === undefined ? null : saidKey(hash, served),
      came.preferred ?? null,
      came.propensity,
      came.explored ? 1 : 0,
      row.seq,
    )
    if (came.info) addInfo(run, row, came.info)
  },
  addDecisionInfo: (id: string, more: Partial<DecisionInfo>): void => {
    const row = byId(where, id)
    if (row) addInfo(run, row, more)
  },
})

const readDecisions = (run: Run, texts: Texts, where: Rows) => ({
  decision: (id: string): DecisionRow | undefined =>
    byId(where, id) ??
    where(
      'seq = (SELECT decision FROM answers WHERE message_id = ? ORDER BY seq DESC LIMIT 1)',
      id,
    )[0],
  decisions: (limit: number, before?: string): DecisionRow[] =>
    before === undefined
      ? where('TRUE ORDER BY at DESC, seq DESC LIMIT ?', limit)
      : where(
          `(at, seq) < (SELECT at, seq FROM decisions WHERE id = ?)
           ORDER BY at DESC, seq DESC LIMIT ?`,
          before,
          limit,
        ),
  decisionsOf: (conversation: string, limit: number): DecisionRow[] =>
    where('conversation = ? ORDER BY seq DESC LIMIT ?', conversation, limit),
  /** Most recent first. */
  decisionsWithFeedback: (limit: number): DecisionRow[] =>
    where('events > 0 ORDER BY seq DESC LIMIT ?', limit),
  likedDecisions: (limit: number): LikedRow[] =>
    run
      .all<Omit<LikedRow, 'liked'> & { liked: number }>(
        `SELECT id, served, propensity, liked,
           json_extract(info, '$.ranking.candidates[' || preferred || '].reward') -
             json_extract(info, '$.ranking.candidates[0].reward') AS lead
         FROM decisions WHERE liked IS NOT NULL ORDER BY seq DESC LIMIT ?`,
        limit,
      )
      .map((row) => ({ ...row, liked: row.liked === 1 })),
  answersOf: (seq: number): string[] =>
    run
      .all<{ body: string }>(
        `SELECT body FROM answers JOIN texts ON texts.seq = text WHERE decision = ?
         ORDER BY answers.seq`,
        seq,
      )
      .map(({ body }) => body),
  turnsOf: ({ turn }: Pick<DecisionRow, 'turn'>): Generator<Turn> => texts.turnsFrom(turn),
  systemOf: ({ system }: Pick<DecisionRow, 'system'>): string | null =>
    system === null ? null : texts.read(system),
})

/**
 * A decision by which feedback judges reranking. lead: predicted then, of the preferred answer over
 * Claude's first; null if it was not kept.
 */
export type LikedRow = {
  readonly id: string
  readonly lead: number | null
  readonly served: number
  readonly propensity: number
  readonly liked: boolean
}

/** The most related decisions that are read. */
const MAX_RELATED = 50

const nearTables = (where: Rows) => ({
  /** Later decisions on the same request, oldest first. */
  laterRepeats: ({ request, seq }: DecisionRow): DecisionRow[] =>
    where('request = ? AND seq > ? ORDER BY seq LIMIT ?', request, seq, MAX_RELATED),
  /** Earlier decisions on the same request, newest first. */
  earlierRepeats: ({ request, seq }: DecisionRow): DecisionRow[] =>
    where('request = ? AND seq < ? ORDER BY seq DESC LIMIT ?', request, seq, MAX_RELATED),
  /** Later decisions whose conversation continues this one, with any answer, oldest first. */
  continuations: ({ thread, seq }: DecisionRow): DecisionRow[] =>
    where('before = ? AND seq > ? ORDER BY seq LIMIT ?', thread, seq, MAX_RELATED),
  /** The newest decision that this one continues, with the answer that was served. */
  lastTurn: ({ before, answered, seq }: DecisionRow): DecisionRow | undefined =>
    where(
      'thread = ? AND said = ? AND seq < ? ORDER BY seq DESC LIMIT 1',
      before,
      answered,
      seq,
    )[0],
  /** Earlier decisions with feedback, on the same request or continued by this one. */
  earlierWithFeedback: ({ request, before, seq }: DecisionRow): DecisionRow[] => {
    const newest = 'AND events > 0 AND seq < ? ORDER BY seq DESC LIMIT ?'
    return [
      ...where(`request = ? ${newest}`, request, seq, MAX_RELATED),
      ...where(`thread = ? ${newest}`, before, seq, MAX_RELATED),
    ]
  },
})
