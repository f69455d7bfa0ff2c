/** What a server sees of an update, for the terminal and the page, which loads no schemas. */
import type { LastRound } from './last-round.ts'

/** Of the update. */
export const seenWords = ({ isMasked, devices }: LastRound): string =>
  isMasked
    ? `the server sees it in a sum of at least ${devices} devices, never alone`
    : 'the server could read it: its round was not masked'
