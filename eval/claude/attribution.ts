/**
 * Claude Code's first system block, which says what the request is for and is no part of the
 * prompt.
 */
import { type Block, type Content, type CountTokensBody, textOf } from './wire.ts'

const HEADER = 'x-anthropic-billing-header:'

/**
 * Taken out where it is first and `system` ends as Claude Code wrote it: alone, or with a marked
 * block at the end.
 */
export const withoutAttribution = <T extends Pick<CountTokensBody, 'system'>>(body: T): T => {
  const { system } = body
  if (system === undefined || !isAttributed(system)) return body
  const rest = typeof system === 'string' ? [] : system.slice(1)
  if (rest.length > 0 && rest.at(-1)?.cache_control == null) return body
  return { ...body, system: rest.length > 0 ? rest : undefined }
}

const isAttributed = (system: Content): boolean => {
  const first: Block | undefined =
    typeof system === 'string' ? { type: 'text', text: system } : system[0]
  const text = textOf(first ? [first] : [])
  return text.startsWith(HEADER) && !(typeof system === 'string' && text.includes('\n'))
}
