/** All tables of a home, put together: what may be asked of the store, and what may be written. */
import type Database from 'better-sqlite3'
import { blobTable } from './blobs.ts'
import { budgetTables } from './budget.ts'
import { choiceTables } from './choices.ts'
import { countTables } from './counts.ts'
import { DECISION_MS, decisionTables, type NewDecision } from './decisions.ts'
import { exampleTable } from './examples.ts'
import { feedbackTable } from './feedback.ts'
import { forgottenTable } from './forgotten.ts'
import type { Hash } from './kept-request.ts'
import { maskedTable } from './masked-rounds.ts'
import { oldTables } from './old-tables.ts'
import { outboxTable } from './outbox.ts'
import { pooledTable } from './pooled.ts'
import { proposalTable } from './proposals.ts'
import { relatedTables } from './related.ts'
import { prepared, type Run } from './run.ts'
import { spendingTables } from './spending.ts'
import { type StateTable, stateTable } from './state.ts'
import { suffixTables } from './suffixes.ts'
import { textTables } from './texts.ts'
import { uploadTable } from './uploads.ts'

/** What can be computed again takes this part of what the rest may take, on top of it. */
const POOLED_SHARE = 32

export const tablesOf = (db: Database.Database, hash: Hash) => {
  const run = prepared(db)
  const state = stateTable(run)
  const pooled = pooledTable(run)
  const masked = maskedTable(run)
  const content = contentTables(db, run, hash, state)
  return {
    ...content,
    ...state,
    ...pooled,
    ...blobTable(run),
    ...forgottenTable(run),
    ...outboxTable(run),
    ...masked,
    ...uploadTable(run, masked),
    ...suffixTables(run),
    ...spendingTables(run),
    /** About how many bytes decisions, choices and feedback may take, from the next write on. */
    limitTo: (bytes: number) => {
      content.limitTo(bytes)
      pooled.limitPooled(bytes / POOLED_SHARE)
    },
  }
}
export type Tables = ReturnType<typeof tablesOf>

/** hash: see keyed-hash.ts. */
export type StoreTx = Tables & { readonly hash: Hash }

/** The first word of what changes something. */
type Verb =
  | 'add'
  | 'convert'
  | 'date'
  | 'drop'
  | 'erase'
  | 'expire'
  | 'mark'
  | 'note'
  | 'remove'
  | 'review'
  | 'save'
  | 'set'
  | 'settle'
  | 'take'
  | 'trim'

/** What changes something. */
type WriteName =
  | Extract<keyof StoreTx, `${Verb}${string}`>
  | 'answerDecision'
  | 'importChoice'
  | 'decideChoice'
  | 'keepMessageNames'
  | 'log'
  | 'giveUp'
  | 'spend'
  | 'holdBack'
  | 'letGo'

/** What changes nothing. */
export type StoreReads = Omit<StoreTx, WriteName>

/** What was said, decided, chosen and learned. */
const contentTables = (db: Database.Database, run: Run, hash: Hash, state: StateTable) => {
  const texts = textTables(run, hash, state)
  const counts = countTables(run)
  const decisions = decisionTables(run, texts, hash)
  const choices = choiceTables(run, texts, hash)
  const feedback = feedbackTable(run, texts)
  const proposals = proposalTable(run, texts)
  const related = relatedTables(run)
  const tables = {
    ...decisions,
    ...choices,
    ...feedback,
    ...exampleTable(run, texts, hash),
    ...proposals,
    ...counts,
    ...related,
    /** Drops a decision that has expired. What was learned of it stays. */
    expireDecision: ({ seq, id }: { seq: number; id: string }): void => {
      related.keepMessageNames(seq)
      feedback.dropFeedback(id)
      proposals.dropProposalsOf(id)
      decisions.dropDecision(seq)
    },
  }
  const { keepWithin, dropBefore, limitTo, isWasteful } = budgetTables(run, texts, tables)
  const together = <A extends unknown[], R>(work: (...args: A) => R): ((...args: A) => R) =>
    db.transaction((...args: A) => {
      const result = work(...args)
      keepWithin()
      return result
    }).immediate
  return {
    ...tables,
    textsWith: texts.textsWith,
    dropErased: texts.dropErased,
    limitTo,
    isWasteful,
    saveDecision: together((made: NewDecision): void => {
      decisions.saveDecision(made)
      dropBefore(made.at - DECISION_MS)
    }),
    answerDecision: together(decisions.answerDecision),
    addChoice: together(choices.addChoice),
    importChoice: together(choices.importChoice),
    dropImported: together(choices.dropImported),
    decideChoice: together(choices.decideChoice),
    addFeedback: together(feedback.addFeedback),
    ...oldTables(db, run, { ...tables, ...state }, hash),
  }
}
