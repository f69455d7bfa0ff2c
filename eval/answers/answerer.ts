/** Composes an answer from a topic's sentences in a style, and reports the traits of the text. */
import { z } from 'zod'
import type { Rng } from '../../adapters/random.ts'
import { Pattern, readData } from '../data/read-data.ts'
import { DIMENSIONS, type Dimension, type Style } from './style.ts'
import { ROLES, type Role, type Topic } from './topic.ts'
import type { Section, Wording } from './wording.ts'
import {
  afterHead,
  canFollow,
  contract,
  EMOJI,
  SECTION_OF,
  shiftRegister,
  WORDINGS,
} from './wording.ts'

/** What a taste may be for in the choice of words; no style asks for it, no feature is named so. */
const WORDING_TRAITS = readData('answers/wording-traits.json', z.record(z.string(), Pattern))

/** The style's dimensions, then the traits of wording. */
export const TRAITS: readonly string[] = [...DIMENSIONS, ...Object.keys(WORDING_TRAITS)]

/**
 * traits: a number for each of TRAITS, in natural units (words, counts, hits per 100 words); hidden
 * from the product.
 */
export type Answer = { readonly text: string; readonly traits: Float64Array }

/**
 * What the request itself demands. maxSentences counts every sentence of the answer. focus: the
 * role that a further question asks for, whose sentences then come first, and the topic's answer,
 * which has been given before, not at all.
 */
export type Demands = { readonly maxSentences?: number; readonly focus?: Role }

type Piece = { readonly role: Role; readonly sentence: string }
type Group = { readonly section: Section; readonly members: readonly Piece[] }
/** What has been put into the text so far, counted while writing. */
type Tally = {
  hedges: number
  register: number
  listed: number
  preamble: number
  closing: number
  question: number
}
type Pen = {
  readonly style: Style
  readonly rng: Rng
  readonly topic: Topic
  readonly words: Wording
  readonly tally: Tally
}

/** The dimension of which a role is the content. */
export const ROLE_DIMENSION = Object.fromEntries(
  ROLES.map((role) => [role, role === 'facts' ? 'numbers' : role]),
) as Readonly<Record<Role, Dimension>>

/** Deterministic for topic, style and the stream's state. Typically 60 to 170 text tokens. */
export const composeAnswer = (
  topic: Topic,
  style: Style,
  rng: Rng,
  demands: Demands = {},
): Answer => {
  const words = WORDINGS[topic.language ?? 'en']
  const pen: Pen = { style, rng, topic, words, tally: newTally() }
  const pieces = choosePieces(pen, demands)
  const body = writeBody(pen, pieces, demands.focus)
  const text = demands.maxSentences === undefined ? frame(pen, body) : body
  const finished = finish(pen, text)
  return { text: finished, traits: traitsOf(pen, pieces, finished) }
}

const newTally = (): Tally => ({
  hedges: 0,
  register: 0,
  listed: 0,
  preamble: 0,
  closing: 0,
  question: 0,
})

const chance = (rng: Rng, level: number): boolean => rng.uniform() < level

/** The sentences whose role the style asks for most, with noise, within the style's length. */
const choosePieces = ({ style, rng, topic }: Pen, { maxSentences, focus }: Demands): Piece[] => {
  const wanted = Math.round(0.9 + 4 * style.length + 0.5 * rng.normal())
  const least = focus === undefined ? 0 : 1
  const budget = Math.max(least, Math.min(wanted + least, 5, (maxSentences ?? 99) - 1 + least))
  const keyed = ROLES.flatMap((role) => {
    const level = style[ROLE_DIMENSION[role]]
    const shared = 0.15 * rng.normal()
    const sentences = role === 'steps' ? topic.steps : rng.shuffle(topic[role])
    const falloff = role === 'steps' ? 0.08 : 0.3
    return sentences.map((sentence, i) => ({
      piece: { role, sentence },
      key:
        level === 0 && role !== focus
          ? -9
          : (role === focus ? 2 : 0) +
            level +
            shared +
            0.08 * rng.normal() * (role === 'steps' ? 0 : 1) -
            falloff * i,
    }))
  })
  keyed.sort((a, b) => b.key - a.key)
  const chosen = keyed.slice(0, budget).filter((k) => k.key > -5)
  return chosen.map((k) => k.piece)
}

const SECTIONS: readonly Section[] = ['explain', 'story', 'do', 'care']

const writeBody = (pen: Pen, pieces: readonly Piece[], focus: Role | undefined): string => {
  const { style, rng, topic } = pen
  const answer =
    focus !== undefined ? [] : [bold(pen, ending(pen, voice(pen, topic.answer, 'plain')))]
  const usual = chance(rng, 0.25) ? (['story', 'explain', 'do', 'care'] as const) : SECTIONS
  const first = focus && SECTION_OF[focus]
  const order = [...usual.filter((s) => s === first), ...usual.filter((s) => s !== first)]
  const groups = order
    .map((section) => ({ section, members: inOrder(pen, pieces, section, focus) }))
    .filter((g) => g.members.length > 0)
  const isListed = chance(rng, style.lists)
  const isAllListed = isListed && chance(rng, style.lists)
  if (groups.length >= 2 && chance(rng, style.headings))
    return [...answer, ...writeSections(pen, groups, isListed, isAllListed)].join('\n\n')
  // A list has two items or more: the steps, else the largest group, else everything.
  const listed =
    groups.find((g) => g.section === 'do' && g.members.length > 1) ??
    groups.find((g) => g.members.length > 1)
  if (isListed && pieces.length > 1 && (isAllListed || listed === undefined))
    return [
      ...answer,
      writeList(
        pen,
        groups[0]!.section,
        groups.flatMap((g) => g.members),
        false,
      ),
    ].join('\n\n')
  const blocks = groups.map((g) =>
    isListed && g === listed
      ? writeList(pen, g.section, g.members, false)
      : writeProse(pen, g.members),
  )
  return isListed ? [...answer, ...blocks].join('\n\n') : joinProse(pen, [...answer, ...blocks])
}

const writeSections = (
  pen: Pen,
  groups: readonly Group[],
  isListed: boolean,
  isAllListed: boolean,
): string[] => {
  const { rng } = pen
  const mark = rng.pick(['##', '##', '###'])
  const longest = Math.max(...groups.map((g) => g.members.length))
  return groups.map(({ section, members }) => {
    const asList = isAllListed || (isListed && members.length === longest)
    const body = asList ? writeList(pen, section, members, true) : writeProse(pen, members)
    return `${mark} ${withEmoji(pen, rng.pick(pen.words.headings[section]))}\n\n${body}`
  })
}

/** Steps keep their order; other roles are mixed, with the focus (else mechanism) first. */
const inOrder = (
  { rng, topic }: Pen,
  pieces: readonly Piece[],
  section: Section,
  focus: Role | undefined,
): Piece[] => {
  const members = pieces.filter((p) => SECTION_OF[p.role] === section)
  if (section === 'do')
    return [...members].sort(
      (a, b) => topic.steps.indexOf(a.sentence) - topic.steps.indexOf(b.sentence),
    )
  const first = focus !== undefined && SECTION_OF[focus] === section ? focus : 'mechanism'
  const mixed = rng.shuffle(members)
  return [...mixed.filter((p) => p.role === first), ...mixed.filter((p) => p.role !== first)]
}

const writeList = (
  pen: Pen,
  section: Section,
  members: readonly Piece[],
  hasHeading: boolean,
): string => {
  const { rng, style } = pen
  const isNumbered =
    members.length > 1 && members.every((m) => m.role === 'steps') && chance(rng, 0.75)
  const bullet = rng.pick(['-', '-', '*'])
  const isLabelled = members.every((m) => m.role !== 'steps') && chance(rng, style.bold)
  pen.tally.listed += members.length
  const items = members.map((piece, i) => {
    const label = isLabelled ? `**${rng.pick(pen.words.labels[piece.role])}:** ` : ''
    const said = bold(pen, voice(pen, piece.sentence, piece.role === 'steps' ? 'step' : 'plain'))
    return `${isNumbered ? `${i + 1}.` : bullet} ${label}${withEmoji(pen, ending(pen, said))}`
  })
  return (hasHeading ? '' : `${rng.pick(pen.words.listIntros[section])}\n\n`) + items.join('\n')
}

const writeProse = (pen: Pen, members: readonly Piece[]): string => {
  const { rng } = pen
  const steps = members.filter((m) => m.role === 'steps').length
  return members
    .map((piece, i) => {
      if (piece.role === 'steps')
        return ending(pen, bold(pen, stepInProse(pen, piece.sentence, i, steps)))
      const lead = rng.pick(pen.words.leads[piece.role])
      const said = voice(pen, piece.sentence, lead === '' ? 'linked' : 'bare')
      return ending(pen, bold(pen, lead === '' ? said : `${contractIf(pen, lead)} ${said}`))
    })
    .join(' ')
}

const stepInProse = (pen: Pen, sentence: string, index: number, count: number): string => {
  const said = voice(pen, sentence, 'step')
  if (count < 2) return said
  const slot = index === 0 ? 0 : index === count - 1 ? 3 : 1 + (index % 2)
  return afterHead(pen.words, pen.rng.pick(pen.words.ordinals[slot]!), said)
}

/** Prose groups become one paragraph when short, two or three otherwise. */
const joinProse = ({ rng }: Pen, [first = '', ...blocks]: readonly string[]): string => {
  let text = first
  for (const block of blocks) text += (chance(rng, 0.45) ? '\n\n' : ' ') + block
  return text
}

/** One sentence in the style: an address, hedge or connective in front, register throughout. */
const voice = (pen: Pen, sentence: string, kind: 'plain' | 'linked' | 'bare' | 'step'): string => {
  const { style, rng, words, tally } = pen
  let said = sentence
  if (kind === 'step') {
    if (!words.unaddressed.test(said) && chance(rng, 0.75 * style.secondPerson))
      said = afterHead(words, rng.pick(words.stepAddresses), said)
  } else if (kind !== 'bare') {
    const isFormal = style.formality > 0.5
    if (chance(rng, 0.5 * style.hedging)) {
      said = framed(pen, sentence, words.hedges, words.hedgeTails)
      tally.hedges++
    } else if (chance(rng, 0.4 * style.secondPerson)) {
      said = framed(pen, sentence, words.addresses, words.addressTails)
    } else if (kind === 'linked' && chance(rng, 1.3 * Math.abs(style.formality - 0.5))) {
      const manner = isFormal ? 'formal' : 'informal'
      said = framed(pen, sentence, words.registerHeads[manner], words.registerTails[manner])
      tally.register += isFormal ? 1 : -1
    }
  }
  return contractIf(pen, register(pen, said))
}

/** The sentence after a head if its first word allows that, else before a tail. */
const framed = (
  { rng, words }: Pen,
  sentence: string,
  heads: readonly string[],
  tails: readonly string[],
): string =>
  canFollow(words, sentence) && chance(rng, 0.6)
    ? afterHead(words, rng.pick(heads), sentence)
    : sentence.slice(0, -1) + rng.pick(tails)

const register = ({ style, rng, words, tally }: Pen, text: string): string => {
  const direction = style.formality > 0.5 ? 1 : -1
  if (!chance(rng, Math.abs(style.formality - 0.5) * 2.4)) return text
  const shifted = shiftRegister(words, text, direction, 3)
  tally.register += direction * shifted.changed
  return shifted.text
}

const contractIf = ({ style, rng, words }: Pen, text: string): string =>
  chance(rng, style.contractions * 1.3 - 0.15) ? contract(words, text) : text

const ending = ({ style, rng, words }: Pen, text: string): string =>
  text.endsWith('.') && chance(rng, 0.5 * style.exclamation ** 1.5)
    ? `${words.exclamationOpens ?? ''}${text.slice(0, -1)}!`
    : text

/** What is longer is no word, and more than a regular expression can hold. */
const MAX_TERM_CHARS = 100

/** Bold falls on the whole word that begins with a term, "index funds" for "index fund". */
const bold = ({ style, rng, topic }: Pen, text: string): string => {
  let result = text
  for (const term of topic.terms) {
    if (term.length > MAX_TERM_CHARS) continue
    const found = new RegExp(`(?<!\\p{L})${term}\\p{L}*`, 'iu').exec(result)
    if (found === null || result.includes('**') || !chance(rng, 0.7 * style.bold)) continue
    const end = found.index + found[0].length
    result = `${result.slice(0, found.index)}**${found[0]}**${result.slice(end)}`
  }
  return result
}

const withEmoji = ({ style, rng, topic }: Pen, text: string): string =>
  chance(rng, style.emoji ** 1.3)
    ? `${text} ${rng.pick([...(EMOJI[topic.domain] ?? []), ...(EMOJI['general'] ?? [])])}`
    : text

/** Opening, closing offer and closing question around the body. */
const frame = (pen: Pen, body: string): string => {
  const { style, rng, topic, words, tally } = pen
  const word = (template: string) => contractIf(pen, template.replace('{subject}', topic.subject))
  let text = body
  if (chance(rng, style.preamble)) {
    tally.preamble = 1
    const opening = withEmoji(pen, ending(pen, word(rng.pick(words.openings))))
    text = `${opening}${chance(rng, 0.4) || body.startsWith('#') ? '\n\n' : ' '}${text}`
  }
  const tail: string[] = []
  if (chance(rng, style.closing)) {
    tally.closing = 1
    tail.push(ending(pen, word(rng.pick(words.closings))))
  }
  if (chance(rng, style.question)) {
    tally.question = 1
    tail.push(topic.followUp)
  }
  if (tail.length > 0) text += `\n\n${tail.join(' ')}`
  return text
}

/** A text without list or heading may still close with an emoji. */
const finish = (pen: Pen, text: string): string =>
  text.includes('\n- ') || text.includes('\n1. ') ? text : withEmoji(pen, text)

const traitsOf = ({ tally, words }: Pen, pieces: readonly Piece[], text: string): Float64Array => {
  const count = (pattern: RegExp, said = text) => said.match(pattern)?.length ?? 0
  const of = (role: Role) => pieces.filter((p) => p.role === role).length
  const length = count(/[\p{L}\p{N}]+/gu)
  const values: Partial<Record<Dimension, number>> = {
    ...Object.fromEntries(ROLES.map((role) => [ROLE_DIMENSION[role], of(role)])),
    length,
    lists: pieces.length === 0 ? 0 : tally.listed / pieces.length,
    headings: count(/^#+ /gm),
    bold: count(/\*\*[^*]+\*\*/g),
    formality: tally.register,
    // Forms that are contracted, less those that could be and are not.
    contractions: 2 * count(words.contracted) - count(words.contracted, contract(words, text)),
    hedging: tally.hedges,
    emoji: count(/\p{Extended_Pictographic}/gu),
    preamble: tally.preamble,
    closing: tally.closing,
    question: tally.question,
    secondPerson: count(words.secondPerson),
    exclamation: count(/!/g),
    numbers: count(/\d+([.,]\d+)?/g) - count(/^\d+\. /gm),
  }
  const rates = Object.values(WORDING_TRAITS).map((p) => (100 * count(p)) / (length + 20))
  return Float64Array.of(...DIMENSIONS.map((name) => values[name]!), ...rates)
}
