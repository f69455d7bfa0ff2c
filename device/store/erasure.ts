/**
 * What each table, state and blob of a home holds, whose content it is, and how it is erased: when
 * a conversation is forgotten, when decisions expire after 90 days, and under the user's retention
 * setting. `remove` deletes all of it; files: home/files.ts. A test walks a home in use and fails
 * for any table, state or file that is listed nowhere.
 */
import type { Preference } from '../records/preference.ts'
import { forgetPeople } from './people.ts'
import { forgetPrivate } from './private-adapter.ts'
import type { Related } from './related.ts'
import type { StateKey } from './states.ts'
import type { StoreTx } from './tables.ts'

/**
 * conversation: words, or something derived from them; user: what they set themselves; device:
 * nothing derived from words.
 */
type Owner = 'conversation' | 'user' | 'device' | 'federation'

/**
 * gone: the decisions, choices and examples to erase. before: everything older is erased; -Infinity
 * when single conversations are forgotten. learnedSince: the earliest time at which anything can
 * have learned from them; Infinity: nothing has.
 */
export type Erasing = {
  readonly now: number
  readonly gone: readonly Related[]
  readonly before: number
  readonly learnedSince: number
}
type Step = (store: StoreTx, what: Erasing) => void
/** A step, or a text that says what else erases it or why it stays. */
type Rule = Step | string

export type Place = {
  readonly holds: string
  readonly owner: Owner
  readonly forget: Rule
  readonly expiry: Rule
  readonly retention: Rule
}

const always = (rule: Rule): Pick<Place, 'forget' | 'expiry' | 'retention'> => ({
  forget: rule,
  expiry: rule,
  retention: rule,
})
const NO_TEXT = 'stays: nothing of what anybody said'
const numbersOnly = (holds: string): Place => ({ holds, owner: 'device', ...always(NO_TEXT) })

const each =
  (kind: Related['kind'], drop: (store: StoreTx, row: Related) => void): Step =>
  (store, { gone }) => {
    for (const row of gone) if (row.kind === kind) drop(store, row)
  }
const both =
  (...steps: Step[]): Step =>
  (store, what) => {
    for (const step of steps) step(store, what)
  }

const MINUTE_MS = 60_000
/**
 * Allows for clocks that are set, and for requests that are read before their decision is stored.
 */
const SLACK_MS = 60 * MINUTE_MS
/** A request is logged before its answer comes; the decision is stored afterwards. */
const ANSWER_MS = 15 * MINUTE_MS

const digestsOf: Step = (store, { gone }) => {
  for (const { kind, at } of gone)
    if (kind === 'd') store.eraseDigests(at - ANSWER_MS, at + MINUTE_MS)
}
const digestsBefore: Step = (store, { before }) => void store.eraseDigests(0, before)
const uploadsSince: Step = (store, { learnedSince }) => store.dropUploadsSince(learnedSince)
const earliest = (gone: readonly Related[]): number => Math.min(...gone.map(({ at }) => at))

/** The steps run in this order. */
export const TABLES: Readonly<Record<string, Place>> = {
  forgotten: {
    ...numbersOnly('how often something was forgotten: what is held in memory goes then'),
    forget: (store) => store.markForgotten(),
    retention: (store, { gone }) => {
      if (gone.length > 0) store.markForgotten()
    },
  },
  message_names: {
    holds: "Claude's ids of answers to expired decisions that something was learned from",
    owner: 'conversation',
    forget: (store, { gone }) => {
      for (const id of new Set(gone.map((row) => row.id))) store.dropMessageNames(id)
    },
    expiry: 'with decisions',
    retention: (store, { gone }) => {
      for (const id of new Set(gone.map((row) => row.id))) store.dropMessageNames(id)
    },
  },
  feedback: {
    holds: 'what was said of answers; nobody reads it without the decision',
    owner: 'conversation',
    ...always(each('d', (store, { id }) => store.dropFeedback(id))),
    expiry: (store, { before }) => store.dropStrayFeedback(before),
  },
  proposals: {
    holds: 'preferences that seem to have been stated, with the words',
    owner: 'conversation',
    ...always(each('d', (store, { id }) => store.dropProposalsOf(id))),
    expiry: 'with decisions',
  },
  decisions: {
    holds: 'what was decided for a request',
    owner: 'conversation',
    ...always(each('d', (store, { seq }) => store.dropDecision(seq))),
    expiry: each('d', (store, row) => store.expireDecision(row)),
  },
  answers: {
    holds: "which texts were answers, and Claude's ids of them",
    owner: 'conversation',
    ...always('with decisions'),
  },
  turns: {
    holds: 'which texts were messages, in their order',
    owner: 'conversation',
    ...always('with decisions'),
  },
  choices: {
    holds: 'choices: the learned examples, also those that were imported',
    owner: 'conversation',
    forget: each('c', (store, { seq }) => store.dropChoice(seq)),
    expiry: 'stays: what was learned is kept until it is forgotten or the retention setting has it',
    retention: each('c', (store, { seq }) => store.dropChoice(seq)),
  },
  choice_texts: {
    holds: 'which texts a choice has',
    owner: 'conversation',
    ...always('with choices'),
  },
  examples: {
    holds: 'requests for which a preference was undone or confirmed',
    owner: 'conversation',
    forget: each('e', (store, { seq }) => store.dropExample(seq)),
    expiry: 'stays, as choices do',
    retention: each('e', (store, { seq }) => store.dropExample(seq)),
  },
  openings: {
    holds: 'keyed hashes of what conversations began with',
    owner: 'conversation',
    ...always('with decisions and choices'),
  },
  texts: {
    holds: 'what was said',
    owner: 'conversation',
    ...always('with the last row that refers to it'),
  },
  counts: numbersOnly('how much there is'),
  pooled: {
    holds: 'what the local model computed from texts',
    owner: 'conversation',
    forget: (store, { gone }) => store.eraseStatesSince(earliest(gone) - SLACK_MS),
    expiry: (store, { now }) => store.trimPooled(now),
    retention: (store, { gone }) => {
      if (gone.length > 0) store.eraseStatesSince(0)
    },
  },
  suffix_keys: {
    holds: 'keyed hashes of what apps send back of conversations',
    owner: 'conversation',
    forget: (store, { gone }) => store.eraseTextKeys(gone.flatMap(({ suffix }) => suffix ?? [])),
    expiry: 'go 90 days after the conversation: see suffixes.ts',
    retention: (store, { before }) => store.eraseTextKeysBefore(before),
  },
  suffixes: {
    holds: 'blocks that conversations were written under',
    owner: 'device',
    ...always((store) => store.trimSuffixes()),
  },
  outbox: {
    holds:
      'what left: time, receiver, size, and SHA-256, which confirms a text that somebody guesses',
    owner: 'conversation',
    forget: digestsOf,
    expiry: both(digestsBefore, (store, { now }) => store.trimOutbox(now)),
    retention: digestsBefore,
  },
  outbox_sums: numbersOnly('how much left'),
  uploads: {
    holds: 'updates for the federation that wait, and what became of others',
    owner: 'conversation',
    forget: uploadsSince,
    expiry: (store) => store.trimUploads(),
    retention: uploadsSince,
  },
  masked_rounds: {
    holds: 'masked rounds under way: the secrets of this device, and its update until it is masked',
    owner: 'conversation',
    forget: 'with uploads',
    expiry: (store, { now }) => store.dropMaskedOver(now),
    retention: 'with uploads',
  },
  spent: {
    ...numbersOnly('what further answers cost'),
    expiry: (store, { now }) => store.trimSpent(now),
  },
  held_back: {
    ...numbersOnly('what answers under way may cost'),
    expiry: 'go within an hour: see spending/plan.ts',
  },
  state: { holds: 'see VALUES', owner: 'device', ...always('see VALUES') },
  blobs: { holds: 'see BLOBS', owner: 'device', ...always('see BLOBS') },
}

/** Drops learned preferences: the profile has none until the head is fitted again. */
const learnedLines: Step = (store, { gone }) => {
  if (!gone.some(({ kind }) => kind === 'c')) return
  const { preferences } = store.get('profile') ?? { preferences: [] }
  store.set('profile', { preferences: preferences.filter(isOwn) })
  store.set('outlook', null)
  const { trainedAt = null } = store.get('calibration') ?? {}
  store.set('calibration', { margin: 0, heldBack: 0, trainedAt })
}
/** Preferences that the user stated, pinned or switched off stay. */
const isOwn = ({ source, pinned, enabled }: Preference): boolean =>
  source === 'stated' || pinned || !enabled
const fittedAgain = 'with profile, until the head is fitted again'

export const VALUES: Readonly<Record<StateKey, Place>> = {
  profile: {
    holds:
      'preferences: stated ones with the words of their scope, and what was learned from choices',
    owner: 'user',
    forget: learnedLines,
    expiry: 'stays, as choices do',
    retention: learnedLines,
  },
  outlook: { ...numbersOnly('how sure the head is'), ...always(fittedAgain) },
  calibration: { ...numbersOnly('by how much a winner must lead'), ...always(fittedAgain) },
  people: {
    holds: 'keyed hashes of whom apps named as users, at most 30 days old',
    owner: 'conversation',
    // Who took part in the conversation is unknown; people still present are soon seen again.
    forget: (store) => forgetPeople(store),
    expiry: 'go after 30 days: see people.ts',
    retention: (store, { before }) => forgetPeople(store, before),
  },
  proposals: numbersOnly('which kinds of preference were dismissed'),
  relevanceHead: numbersOnly('the gate that is fitted on committed examples'),
  followUps: numbersOnly('the same of follow-ups'),
  consent: { ...numbersOnly('what may be contributed'), owner: 'user' },
  paused: { ...numbersOnly('whether training is paused'), owner: 'user' },
  releases: numbersOnly('which release of each line was the last'),
  pin: numbersOnly('the public key of the federation server'),
  serverLog: numbersOnly('the last entry of its log of releases'),
  privacyLedger: numbersOnly('what its privacy ledger comes to'),
  lastRound: numbersOnly('whether the last update was masked, and among how many devices'),
  serving: numbersOnly('which release and adapter are served'),
  judging: numbersOnly('which release is to be judged, beside which'),
  exit: numbersOnly('after which layer answers are read'),
  outputs: numbersOnly('how long answers are, by model'),
  asks: numbersOnly('when questions were asked, or apps advised to show two answers'),
  questionPairs: {
    ...numbersOnly('ids of decisions that the user may be asked about'),
    expiry: 'go after three days: see reward/questions.ts',
  },
  questionDimensions: numbersOnly('what the user was asked about, and when'),
  pairsBought: numbersOnly('when further answers were bought for a question'),
  lastTraining: numbersOnly('when the last one was'),
  agent: numbersOnly('when the agent did what'),
  energy: numbersOnly('what its work took'),
  hashKey: numbersOnly('the key of keyed hashes'),
  compaction: numbersOnly('whether the file is still to be written anew'),
  probe: numbersOnly('a number that is written to see whether anything can be'),
}

/** Keyed by the beginning of their names. */
export const BLOBS: Readonly<Record<string, Place>> = {
  private: {
    holds: 'the private adapter: it cannot unlearn',
    owner: 'conversation',
    ...always((store, what) => forgetPrivate(store, what)),
  },
  'release/': {
    holds: 'a release that is served or trained on',
    owner: 'federation',
    ...always('stays until another is followed: see contributor.ts'),
  },
}

export type Occasion = 'forget' | 'expiry' | 'retention'

/** Erases all that the occasion calls for. To be called in one transaction. */
export const erase = (store: StoreTx, occasion: Occasion, what: Erasing): void => {
  for (const place of [TABLES, VALUES, BLOBS].flatMap((all) => Object.values(all))) {
    const rule = place[occasion]
    if (typeof rule === 'function') rule(store, what)
  }
}
