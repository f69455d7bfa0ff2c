/** Table of the device's store for what users said of answers, as events. */
import type { FeedbackEvent } from '../../adapters/wire/personalization.ts'
import { likedAfterRerank } from '../personalize/feedback.ts'
import { keptAnswer } from '../personalize/kept-text.ts'
import type { Run } from './store.ts'

export const FEEDBACK_SCHEMA = `
CREATE TABLE IF NOT EXISTS feedback (
  seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, decision_id TEXT NOT NULL, at REAL NOT NULL,
  body TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS feedback_decision ON feedback (decision_id);
CREATE INDEX IF NOT EXISTS feedback_at ON feedback (at);
`

/** decisionId: empty where it is about no answer. */
export type FeedbackRow = {
  readonly id: string
  readonly decisionId: string
  readonly at: number
  readonly body: FeedbackEvent
}

/** Events of one decision that are read, the newest. */
const MOST_EVENTS = 1000

type Columns = { id: string; decision_id: string; at: number; body: string }

const toRow = (row: Columns): FeedbackRow => ({
  id: row.id,
  decisionId: row.decision_id,
  at: row.at,
  body: JSON.parse(row.body) as FeedbackEvent,
})

export const feedbackTables = (run: Run) => {
  /** Oldest first. */
  const feedbackOn = (decisionId: string): FeedbackRow[] =>
    run
      .all<Columns>(
        'SELECT * FROM feedback WHERE decision_id = ? ORDER BY seq DESC LIMIT ?',
        decisionId,
        MOST_EVENTS,
      )
      .map(toRow)
      .reverse()
  /** What a decision's own row says of the feedback on it. */
  const reviewDecision = (decisionId: string): void => {
    const row = run.one<{ served: number; preferred: number | null; shown: string }>(
      'SELECT served, preferred, shown FROM decisions WHERE id = ?',
      decisionId,
    )
    if (!row) return
    const events = feedbackOn(decisionId).map(({ body }) => body)
    const liked = likedAfterRerank({ ...row, shown: JSON.parse(row.shown) as number[] }, events)
    run.change(
      'UPDATE decisions SET events = ?, liked = ? WHERE id = ?',
      events.length,
      liked === null ? null : Number(liked),
      decisionId,
    )
  }
  return {
    feedbackOn,
    reviewDecision,
    addFeedback: (id: string, decisionId: string, at: number, event: FeedbackEvent): void => {
      const kept = 'text' in event ? { ...event, text: keptAnswer(event.text) } : event
      const added = run.change(
        'INSERT OR IGNORE INTO feedback (id, decision_id, at, body) VALUES (?, ?, ?, ?)',
        id,
        decisionId,
        at,
        JSON.stringify(kept),
      )
      if (added > 0) reviewDecision(decisionId)
    },
    /** Most recent first. */
    feedback: (limit = Number.MAX_SAFE_INTEGER): FeedbackRow[] =>
      run.all<Columns>('SELECT * FROM feedback ORDER BY seq DESC LIMIT ?', limit).map(toRow),
  }
}
