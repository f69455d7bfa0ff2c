/** Data files of the evaluation: JSON in this folder, each read through a strict schema. */
import { readFileSync } from 'node:fs'
import { z } from 'zod'

/** file: its path in this folder. Fails as the schema does. */
export const readData = <S extends z.ZodType>(file: string, schema: S): z.output<S> =>
  schema.parse(JSON.parse(readFileSync(new URL(`./${file}`, import.meta.url), 'utf8')))

/** A regular expression in its own notation, such as "/\\boften\\b/g". */
export const Pattern = z
  .string()
  .regex(/^\/.+\/[giu]*$/)
  .transform((text) => {
    const end = text.lastIndexOf('/')
    return new RegExp(text.slice(1, end), text.slice(end + 1))
  })

/** Words, several a line, with a space between them. */
export const WordLines = z
  .array(z.string())
  .transform((lines) => new Set(lines.flatMap((line) => line.split(' '))))
