/** Table of the device's store for preferences that the user seems to have stated. */
import type { Proposal } from '../records/preference.ts'
import type { Run } from './run.ts'
import type { Texts } from './texts.ts'

export const PROPOSAL_SCHEMA = `
CREATE TABLE IF NOT EXISTS proposals (
  seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL, at REAL NOT NULL,
  decision TEXT NOT NULL, body TEXT NOT NULL, text INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS proposals_decision ON proposals (decision);
CREATE INDEX IF NOT EXISTS proposals_text ON proposals (text);
`

/** Most recent proposals that are kept. */
const MAX_PROPOSALS = 20

export const proposalTable = (run: Run, texts: Texts) => ({
  /** Oldest first. */
  proposals: (): Proposal[] =>
    run
      .all<{ id: string; at: number; decision: string; body: string; said: string }>(
        `SELECT id, at, decision, proposals.body AS body, texts.body AS said
         FROM proposals JOIN texts ON texts.seq = text ORDER BY proposals.seq`,
      )
      .map(({ body, decision, ...row }) => ({ ...row, ...JSON.parse(body), decisionId: decision })),
  addProposals: (proposals: readonly Proposal[]): void => {
    for (const { id, at, decisionId, said, ...body } of proposals)
      run.add('proposals', {
        id,
        at,
        decision: decisionId,
        body: JSON.stringify(body),
        text: texts.add(said),
      })
    texts.dropOldest('proposals', MAX_PROPOSALS)
  },
  dropProposal: (id: string): void => texts.dropRows('proposals', 'id = ?', id),
  /** What was proposed after a decision. */
  dropProposalsOf: (decision: string): void =>
    texts.dropRows('proposals', 'decision = ?', decision),
})
