/**
 * What a client's requests became on their way through the device: nothing may differ but the end
 * of `system`.
 */
import type { Exchange, Head } from './recorder.ts'

/**
 * from: what the client sent; to: what reached Claude. suffix: what stands behind its `system`; ''
 * where nothing does.
 */
export type Passed = { readonly from: Exchange; readonly to: Exchange; readonly suffix: string }

export type Comparison = {
  readonly passed: readonly Passed[]
  /** In words, one for each thing that differs. */
  readonly differences: readonly string[]
}

/**
 * Of one connection (RFC 9110, section 7.6.1), of a body's length, or named in the API's README:
 * the device asks for answers without a content coding, since it could not pass on a coded one byte
 * for byte.
 */
const OF_CONNECTION = [
  'host',
  'connection',
  'keep-alive',
  'transfer-encoding',
  'content-length',
  'expect',
  'accept-encoding',
]
/** Of an answer: made anew on each connection. */
const OF_ANSWER = ['connection', 'keep-alive', 'transfer-encoding', 'content-length', 'date']

/**
 * Pairs each request of the client with one that reached Claude, in order among those with one
 * method, path and last message. A further try of the device after a failed one, and with mayCopy a
 * further answer that it asks for, is held to the same as the first; what the client is given must
 * then be one of them.
 */
export const compare = (
  sent: readonly Exchange[],
  received: readonly Exchange[],
  mayCopy = false,
): Comparison => {
  const left = [...received]
  const passed: Passed[] = []
  const differences: string[] = []
  for (const from of sent) {
    const same = left.filter((to) => isSameRequest(from, to))
    const at = left.indexOf(same.find((to) => to.answer.equals(from.answer)) ?? same[0]!)
    if (at < 0) {
      if (isOfMessages(from)) differences.push(`${nameOf(from)} did not reach Claude`)
      continue
    }
    const [to] = left.splice(at, 1) as [Exchange]
    const answers = from.isAborted ? abortProblems(to) : compareAnswers(from, to)
    for (const text of answers) differences.push(`${nameOf(from)}: ${text}`)
    passed.push({ from, to, suffix: compareRequests(from, to, differences) })
  }
  for (const to of left) {
    const from = passed.find(
      (p) => isSameRequest(p.from, to) && (mayCopy || MAY_PASS.test(`${p.to.status}`)),
    )?.from
    if (from) passed.push({ from, to, suffix: compareRequests(from, to, differences) })
    else differences.push(`${nameOf(to)} reached Claude though no client sent it`)
  }
  return { passed, differences }
}

/** Statuses after which a request is sent again. */
const MAY_PASS = /^(408|409|429|5..)$/

/** The suffix; what else differs is added to differences. */
const compareRequests = (from: Exchange, to: Exchange, differences: string[]): string => {
  const { suffix, problems } = compareBodies(from.body, to.body)
  for (const text of [...compareHeads(from.head, to.head), ...problems])
    differences.push(`${nameOf(from)}: ${text}`)
  return suffix
}

/** `/messages` and `/v1/v1/messages` are other writings of `/v1/messages`. */
export const pathAtClaude = (target: string): string => target.replace(/^(\/v1)*\//, '/v1/')

const nameOf = ({ method, target }: Exchange) => `${method} ${target}`

const isOfMessages = ({ target }: Exchange) => /\/messages\b/.test(target)

const isSameRequest = (from: Exchange, to: Exchange): boolean =>
  from.method === to.method &&
  (from.target === to.target || pathAtClaude(from.target) === to.target) &&
  lastMessage(from.body) === lastMessage(to.body)

/** Tells requests apart that are under way at the same time. */
const lastMessage = (body: Buffer): string => {
  try {
    const { model, messages } = JSON.parse(String(body)) as { model: string; messages: unknown[] }
    return JSON.stringify([model, messages.length, messages.at(-1)])
  } catch {
    return ''
  }
}

const lines = (head: Head, except: readonly string[]) =>
  head
    .map(([name, value]) => [name.toLowerCase(), value] as const)
    .filter(([name]) => !except.includes(name))
    .map(([name, value]) => `${name}: ${value}`)
    .sort()

const compareHeads = (from: Head, to: Head): string[] => {
  const [sent, received] = [lines(from, OF_CONNECTION), lines(to, OF_CONNECTION)]
  return [
    ...sent.filter((line) => !received.includes(line)).map((l) => `the header "${l}" is lost`),
    ...received.filter((line) => !sent.includes(line)).map((l) => `the header "${l}" is added`),
  ]
}

/** to must be from with the suffix put in at the end of `system`. */
const compareBodies = (from: Buffer, to: Buffer): { suffix: string; problems: string[] } => {
  if (from.equals(to)) return { suffix: '', problems: [] }
  const [sent, received] = [bodyOf(from), bodyOf(to)]
  if (!sent || !received) return { suffix: '', problems: ['the body is changed'] }
  const { system: before, ...rest } = sent
  const { system: after, ...others } = received
  const problems: string[] = []
  if (JSON.stringify(rest) !== JSON.stringify(others))
    problems.push(`${changedKeys(rest, others).join(', ')} of the body changed`)
  const suffix = suffixOf(before, after)
  if (suffix === undefined) problems.push('system is changed before its end')
  if (!isInsertion(from, to, suffix ?? '')) problems.push('bytes of the body are changed')
  return { suffix: suffix ?? '', problems }
}

type Json = Record<string, unknown>

const bodyOf = (body: Buffer): Json | undefined => {
  try {
    return JSON.parse(String(body)) as Json
  } catch {
    return undefined
  }
}

const changedKeys = (one: Json, other: Json): string[] =>
  [...new Set([...Object.keys(one), ...Object.keys(other)])].filter(
    (key) => JSON.stringify(one[key]) !== JSON.stringify(other[key]),
  )

/** What stands behind the app's own `system`; undefined where that is not whole. */
const suffixOf = (before: unknown, after: unknown): string | undefined => {
  if (Array.isArray(before) && Array.isArray(after)) {
    const kept = after.slice(0, before.length)
    const added = after.slice(before.length) as { text?: string }[]
    if (JSON.stringify(kept) !== JSON.stringify(before)) return undefined
    return added.map((block) => block.text ?? JSON.stringify(block)).join('')
  }
  const [own, whole] = [before ?? '', after ?? '']
  if (typeof own !== 'string' || typeof whole !== 'string') return undefined
  return whole.startsWith(own) ? whole.slice(own.length).trim() : undefined
}

/**
 * A suffix in its JSON, as a member, a block or a part of a string; nothing else is put in, spaces
 * neither.
 */
const isInsertion = (from: Buffer, to: Buffer, suffix: string): boolean => {
  const most = Buffer.byteLength(JSON.stringify(suffix)) + '{"type":"text","text":},'.length
  const added = to.length - from.length
  if (suffix === '' || added <= 0 || added > most) return false
  let start = 0
  while (start < from.length && from[start] === to[start]) start++
  return from.subarray(start).equals(to.subarray(start + added))
}

const abortProblems = (to: Exchange): string[] =>
  to.isAborted ? [] : ['the client broke off, and the request to Claude went on']

/** from: as the client saw it; to: as Claude gave it. */
const compareAnswers = (from: Exchange, to: Exchange): string[] => {
  const problems: string[] = []
  if (from.status !== to.status)
    problems.push(`status ${to.status} of Claude came as ${from.status}`)
  const given = lines(to.answerHead, OF_ANSWER)
  const seen = lines(from.answerHead, OF_ANSWER)
  problems.push(
    ...given.filter((l) => !seen.includes(l)).map((l) => `the answer's header "${l}" is lost`),
    ...seen
      .filter((l) => !given.includes(l) && !/^(loreweave-|x-should-retry: false$)/.test(l))
      .map((l) => `the answer's header "${l}" is added`),
  )
  if (!from.answer.equals(to.answer)) problems.push("the answer's body is changed")
  return problems
}
