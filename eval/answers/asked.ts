/** Which part of a topic a message asks for, in the languages of the bank. */
import { z } from 'zod'
import { readData } from '../data/read-data.ts'
import { ROLES, type Role } from './topic.ts'

/** In order: what is asked expressly comes before "why" and "what should I do". */
const ASKED = readData(
  'answers/asked.json',
  z.array(z.tuple([z.enum(ROLES), z.array(z.string())])),
).map(([role, patterns]) => ({ role, pattern: new RegExp(patterns.join('|')) }))

/** undefined when the message asks for nothing in particular. */
export const askedRole = (message: string): Role | undefined => {
  const text = message.toLowerCase()
  return ASKED.find(({ pattern }) => pattern.test(text))?.role
}
