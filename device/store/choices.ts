/**
 * The tables of the user's choices. Their texts lie in texts.ts, as far as learning reads them. A
 * choice shares its texts with the decision it came from, and keeps them when the decision is
 * dropped.
 */
import type { ChoiceLine } from '../../adapters/formats/choice-log.ts'
import { keptAnswer, keptText, PROMPT_CHARS } from '../text/kept-text.ts'
import { textOf } from '../text/request-text.ts'
import { addOpenings, type DecisionRow } from './decisions.ts'
import {
  askedName,
  conversationName,
  type Hash,
  keptAsked,
  openingKey,
  openingKeys,
} from './kept-request.ts'
import type { Run } from './run.ts'
import type { Texts } from './texts.ts'

/**
 * A choice is never changed: a new one of the same id replaces it under a higher seq. shown: how
 * many answers the user saw; characters: of all answers; name: a hash of the whole choice; kept:
 * when it was stored. The role of a text is system, user, assistant or candidate.
 */
export const CHOICE_SCHEMA = `
CREATE TABLE IF NOT EXISTS choices (
  seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL, source TEXT NOT NULL, at REAL NOT NULL,
  conversation TEXT NOT NULL, asked TEXT NOT NULL, shown INTEGER NOT NULL,
  candidates INTEGER NOT NULL, characters INTEGER NOT NULL, name TEXT NOT NULL, body TEXT NOT NULL,
  kept REAL NOT NULL DEFAULT 0, UNIQUE (id, source)
);
CREATE INDEX IF NOT EXISTS choices_at ON choices (at, seq);
CREATE INDEX IF NOT EXISTS choices_age ON choices (CASE at WHEN 0 THEN kept ELSE at END);
CREATE INDEX IF NOT EXISTS choices_conversation ON choices (conversation);
CREATE INDEX IF NOT EXISTS choices_asked ON choices (asked);
CREATE TABLE IF NOT EXISTS choice_texts (
  seq INTEGER PRIMARY KEY, choice INTEGER NOT NULL, role TEXT NOT NULL, text INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS choice_texts_choice ON choice_texts (choice);
CREATE INDEX IF NOT EXISTS choice_texts_text ON choice_texts (text);
`

/**
 * A choice of the user: where it came from, and how much it counts. first: the candidate that was
 * Claude's first answer to the request; unknown for what was imported, and for a text that replaced
 * an answer.
 */
export type StoredChoice = ChoiceLine & { readonly weight?: number; readonly first?: number }

export type SourcedChoice = StoredChoice & { readonly source: ChoiceSource }

export type ChoiceSource = 'import' | 'feedback'
/** The choice that events on a decision amount to. The request is the decision's. */
export type DecidedChoice = {
  readonly candidates: string[]
  readonly first?: number
  readonly shown: number[]
  readonly chosen: number
  readonly weight: number
  readonly at: number
}

export type Imported = 'added' | 'replaced' | 'known'

/** A choice without its texts. */
export type ChoiceRow = {
  readonly seq: number
  readonly id: string
  readonly at: number
  readonly shown: number
  readonly candidates: number
  readonly characters: number
}

type Role = 'system' | 'user' | 'assistant' | 'candidate'
/** text: its seq in texts. */
type Part = { readonly role: Role; readonly text: number }
type Columns = ChoiceRow & { readonly source: ChoiceSource; readonly body: string }

/** All of a choice but its texts, as JSON. */
type Body = Omit<StoredChoice, 'id' | 'messages' | 'system' | 'candidates'>

type Added = {
  readonly id: string
  readonly source: ChoiceSource
  readonly body: Body
  readonly prompt: readonly Part[]
  readonly candidates: readonly string[]
  readonly conversation: string
  readonly asked: string
  readonly openings: readonly string[]
  readonly kept?: number | undefined
}

/** The user's name in this device's own choices; it never leaves. */
const SELF = 'me'

export const choiceTables = (run: Run, texts: Texts, hash: Hash) => {
  const rows = choiceWriter(run, texts, hash)
  return { ...readChoices(run), ...writeChoices(run, texts, hash, rows), dropChoice: rows.drop }
}

/** Deletes a choice and returns the texts that it referred to. */
const unlinkChoice = (run: Run, seq: number): number[] => {
  const gone = run.all<{ text: number }>('SELECT text FROM choice_texts WHERE choice = ?', seq)
  run.change('DELETE FROM choice_texts WHERE choice = ?', seq)
  run.change("DELETE FROM openings WHERE kind = 'c' AND owner = ?", seq)
  run.change('DELETE FROM choices WHERE seq = ?', seq)
  return gone.map(({ text }) => text)
}

const findChoice = (run: Run, id: string, source: ChoiceSource) =>
  run.one<{ seq: number; name: string }>(
    'SELECT seq, name FROM choices WHERE id = ? AND source = ?',
    id,
    source,
  )

/** Stores and drops choices with their texts. */
const choiceWriter = (run: Run, texts: Texts, hash: Hash) => ({
  drop: (seq: number): void => {
    for (const text of unlinkChoice(run, seq)) texts.drop(text)
  },
  /** False if the same choice is stored already. */
  put: (made: Added): boolean => {
    const { id, source, body, prompt, candidates, conversation, asked, openings, kept = 0 } = made
    const parts = [
      ...prompt,
      ...candidates.map((text): Part => ({ role: 'candidate', text: texts.add(text) })),
    ]
    const name = hash(`choice ${JSON.stringify([body, parts])}`)
    const before = findChoice(run, id, source)
    if (before?.name === name) return false
    const gone = before ? unlinkChoice(run, before.seq) : []
    const seq = run.add('choices', {
      id,
      source,
      at: body.at ?? 0,
      conversation,
      asked,
      shown: body.shown?.length ?? candidates.length,
      candidates: candidates.length,
      characters: candidates.reduce((sum, text) => sum + text.length, 0),
      name,
      body: JSON.stringify(body),
      kept,
    })
    for (const { role, text } of parts) run.add('choice_texts', { choice: seq, role, text })
    addOpenings(run, 'c', seq, openings)
    // Only now, so that texts of both the old and the new choice stay.
    for (const text of gone) texts.drop(text)
    return true
  },
})

/** As it comes from a choice log, or from an earlier version. */
const addedOf = (texts: Texts, hash: Hash, choice: StoredChoice, source: ChoiceSource): Added => {
  // Fields that learning does not read are not stored.
  const { id, messages, system, candidates, utilities: _, split: __, ...body } = choice
  const [, second] = messages
  const answers = second?.role === 'assistant' ? [textOf(second.content)] : candidates
  return {
    id,
    source,
    body,
    prompt: promptOf(
      messages.toReversed().map(({ role, content }) => {
        const text = keptText(textOf(content))
        return { role, text, seq: () => texts.add(text) }
      }),
      system === undefined ? null : { seq: () => texts.add(keptText(textOf(system))) },
    ),
    candidates: candidates.map(keptAnswer),
    conversation: conversationName(hash, { messages, system }),
    asked: askedName(hash, keptAsked(messages)),
    openings: openingKeys(hash, openingKey(hash, messages), answers),
  }
}

const writeChoices = (
  run: Run,
  texts: Texts,
  hash: Hash,
  { put, drop }: ReturnType<typeof choiceWriter>,
) => ({
  /** False when there is one of that id already. */
  addChoice: (choice: StoredChoice, source: ChoiceSource): boolean =>
    findChoice(run, choice.id, source) === undefined && put(addedOf(texts, hash, choice, source)),
  /**
   * Stores an imported choice under its key (see choiceKey), replacing an earlier one. kept: the
   * time now.
   */
  importChoice: (key: string, choice: ChoiceLine, kept: number): Imported => {
    const before = findChoice(run, key, 'import')
    if (!put({ ...addedOf(texts, hash, { ...choice, id: key }, 'import'), kept })) return 'known'
    return before ? 'replaced' : 'added'
  },
  /** Drops the imported choice with this key. */
  dropImported: (key: string): void => {
    const before = findChoice(run, key, 'import')
    if (before) drop(before.seq)
  },
  /**
   * Stores the choice that feedback on a decision amounts to now; null: none. False if nothing
   * changed.
   */
  decideChoice: (row: DecisionRow, decided: DecidedChoice | null): boolean => {
    const before = findChoice(run, row.id, 'feedback')
    if (!decided) {
      if (before) drop(before.seq)
      return before !== undefined
    }
    const { candidates, ...body } = decided
    const { id, conversation, asked, opening, system } = row
    const openings = run.all<{ key: string }>(
      "SELECT key FROM openings WHERE kind = 'd' AND owner = ?",
      row.seq,
    )
    return put({
      id,
      source: 'feedback',
      body: { user: SELF, ...body },
      prompt: promptOf(texts.turnsFrom(row.turn), system === null ? null : { seq: () => system }),
      candidates,
      conversation,
      asked,
      openings: [
        ...openings.map(({ key }) => key),
        ...(opening === null ? [] : openingKeys(hash, opening, candidates)),
      ],
    })
  },
  /** Dates choices of unknown time that an earlier version stored: they count as stored now. */
  dateChoices: (now: number): void =>
    void run.change('UPDATE choices SET kept = ? WHERE at = 0 AND kept = 0', now),
})

const readChoice = (
  run: Run,
  { seq, id, body }: Pick<Columns, 'seq' | 'id' | 'body'>,
): StoredChoice => {
  const parts = run.all<{ role: Role; body: string }>(
    `SELECT role, texts.body AS body FROM choice_texts JOIN texts ON texts.seq = text
     WHERE choice = ? ORDER BY choice_texts.seq`,
    seq,
  )
  const of = (wanted: Role) => parts.filter(({ role }) => role === wanted).map((p) => p.body)
  const [system] = of('system')
  const { user, ...rest } = JSON.parse(body) as Body
  return {
    user,
    id,
    messages: parts.flatMap(({ role, body: content }) =>
      role === 'user' || role === 'assistant' ? [{ role, content }] : [],
    ),
    ...(system !== undefined && { system }),
    candidates: of('candidate'),
    ...rest,
  }
}

const readChoices = (run: Run) => ({
  /** Most recent first. */
  choices: (limit = Number.MAX_SAFE_INTEGER): StoredChoice[] =>
    run
      .all<Columns>(`SELECT seq, id, body FROM choices ${NEWEST}`, limit)
      .map((row) => readChoice(run, row)),
  /**
   * Most recent first, with their source. before: only those older than the choice with this id.
   * undefined if there is no such choice.
   */
  choicesBefore: (before: string | undefined, limit: number): SourcedChoice[] | undefined => {
    const from =
      before === undefined
        ? { at: Number.MAX_VALUE, seq: 0 }
        : run.one<Pick<Columns, 'at' | 'seq'>>('SELECT at, seq FROM choices WHERE id = ?', before)
    return (
      from &&
      run
        .all<Columns>(
          `SELECT seq, id, source, body FROM choices WHERE (at, seq) < (?, ?) ${NEWEST}`,
          from.at,
          from.seq,
          limit,
        )
        .map((row) => ({ ...readChoice(run, row), source: row.source }))
    )
  },
  /** The same without texts or bytes. */
  choiceRows: (limit: number): ChoiceRow[] =>
    run.all<ChoiceRow>(
      `SELECT seq, id, at, shown, candidates, characters FROM choices ${NEWEST}`,
      limit,
    ),
  /** undefined if it was dropped. */
  choice: (seq: number): StoredChoice | undefined => {
    const row = run.one<Columns>('SELECT seq, id, body FROM choices WHERE seq = ?', seq)
    return row && readChoice(run, row)
  },
})

const NEWEST = 'ORDER BY at DESC, seq DESC LIMIT ?'

type Said = {
  readonly role: 'user' | 'assistant'
  readonly text: string
  readonly seq: () => number
}

/**
 * The last messages, in order, as many as the local model can read; the system prompt too, if all
 * messages fit. turns: the last one first.
 */
const promptOf = (turns: Iterable<Said>, system: { readonly seq: () => number } | null): Part[] => {
  const parts: Part[] = []
  let characters = 0
  for (const { role, text, seq } of turns) {
    if (characters >= PROMPT_CHARS) return parts
    parts.unshift({ role, text: seq() })
    characters += text.length
  }
  return system ? [{ role: 'system', text: system.seq() }, ...parts] : parts
}
