/** The table of feedback events. */
import type { FeedbackEvent } from '../records/feedback-event.ts'
import { keptAnswer } from '../text/kept-text.ts'
import type { DecisionRow } from './decisions.ts'
import type { Run } from './run.ts'
import type { Texts } from './texts.ts'

export const FEEDBACK_SCHEMA = `
CREATE TABLE IF NOT EXISTS feedback (
  seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, decision_id TEXT NOT NULL, at REAL NOT NULL,
  body TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS feedback_decision ON feedback (decision_id);
CREATE INDEX IF NOT EXISTS feedback_at ON feedback (at);
`
/** A column that earlier versions lack: the text of an event, which they stored in the body. */
export const FEEDBACK_COLUMNS = ['text INTEGER']
export const FEEDBACK_INDEX = `
CREATE INDEX IF NOT EXISTS feedback_text ON feedback (text) WHERE text IS NOT NULL;
`

/** decisionId: empty if the event is about no answer. */
export type FeedbackRow = {
  readonly id: string
  readonly decisionId: string
  readonly at: number
  readonly body: FeedbackEvent
}

/** How many events of a decision are read, the newest first. */
const MAX_EVENTS = 1000

type Columns = { id: string; decision_id: string; at: number; body: string; said: string | null }

const toRow = ({ id, decision_id, at, body, said }: Columns): FeedbackRow => ({
  id,
  decisionId: decision_id,
  at,
  body: { ...JSON.parse(body), ...(said !== null && { text: said }) } as FeedbackEvent,
})

const SELECT = `
  SELECT id, decision_id, at, feedback.body, texts.body AS said
  FROM feedback LEFT JOIN texts ON texts.seq = text`

/** Reads events, and counts them in the row of their decision. */
const reviewTable = (run: Run) => {
  /** Oldest first. */
  const feedbackOn = (decisionId: string): FeedbackRow[] =>
    run
      .all<Columns>(
        `${SELECT} WHERE decision_id = ? ORDER BY feedback.seq DESC LIMIT ?`,
        decisionId,
        MAX_EVENTS,
      )
      .map(toRow)
      .reverse()
  /** Updates the columns of a decision that summarise its feedback. */
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
    /** Most recent first. */
    feedback: (limit = Number.MAX_SAFE_INTEGER): FeedbackRow[] =>
      run.all<Columns>(`${SELECT} ORDER BY feedback.seq DESC LIMIT ?`, limit).map(toRow),
  }
}

export const feedbackTable = (run: Run, texts: Texts) => {
  const review = reviewTable(run)
  return {
    ...review,
    addFeedback: (id: string, decisionId: string, at: number, event: FeedbackEvent): void => {
      if (run.one('SELECT 1 FROM feedback WHERE id = ?', id)) return
      const { text = null, ...rest } = 'text' in event ? event : { ...event, text: null }
      run.add('feedback', {
        id,
        decision_id: decisionId,
        at,
        body: JSON.stringify(rest),
        text: text === null ? null : texts.add(keptAnswer(text)),
      })
      review.reviewDecision(decisionId)
    },
    /**
     * Moves the texts of a decision's events, which an earlier version stored in the event, to
     * texts.ts.
     */
    takeOldFeedback: (decisionId: string): void => {
      const rows = run.all<{ seq: number; id: string; at: number; body: string }>(
        'SELECT seq, id, at, body FROM feedback WHERE decision_id = ? AND text IS NULL',
        decisionId,
      )
      for (const { seq, id, at, body } of rows) {
        const { text, ...rest } = JSON.parse(body) as { text?: unknown }
        if (typeof text !== 'string') continue
        run.change('DELETE FROM feedback WHERE seq = ?', seq)
        run.add('feedback', {
          seq,
          id,
          decision_id: decisionId,
          at,
          body: JSON.stringify(rest),
          text: texts.add(keptAnswer(text)),
        })
      }
    },
    /** Drops all feedback on a decision. */
    dropFeedback: (decisionId: string): void =>
      texts.dropRows('feedback', 'decision_id = ?', decisionId),
    /** Drops feedback older than a time on decisions that no longer exist: nothing reads it. */
    dropStrayFeedback: (before: number): void =>
      texts.dropRows(
        'feedback',
        'at < ? AND NOT EXISTS (SELECT 1 FROM decisions WHERE id = decision_id)',
        before,
      ),
  }
}

/**
 * Whether feedback approves of the answer that reranking served. null if it does not judge
 * reranking, because Claude's first answer was preferred or the user saw several answers. Inferred
 * events do not count: they only ever disapprove, so they would measure how often people continue
 * rather than the order.
 */
export const likedAfterRerank = (
  { served, preferred, shown }: Pick<DecisionRow, 'served' | 'shown' | 'preferred'>,
  events: readonly FeedbackEvent[],
): boolean | null => {
  if (!preferred || shown.length !== 1 || (served !== 0 && served !== preferred)) return null
  const last = events.findLast((event) => !event.isImplicit && event.kind in LIKED)
  // Several answers were compared, which says more than whether one is liked: see switching.ts.
  if (last?.kind === 'choose' && (last.shown?.length ?? 0) > 1) return null
  return last ? (LIKED[last.kind]?.(last, served) ?? false) : null
}

/** Whether an event approves of the served answer; other kinds do not judge it. */
const LIKED: Partial<
  Record<FeedbackEvent['kind'], (event: FeedbackEvent, served: number) => boolean>
> = {
  keep: () => true,
  regenerate: () => false,
  edit: () => false,
  thumbs: (event) => event.kind === 'thumbs' && event.value > 0,
  choose: (event, served) => event.kind === 'choose' && event.chosen === served,
}
