/** Values from outside, read through a zod schema. */
import type { z } from 'zod'
import { type ErrorCode, FedError } from './errors.ts'

/**
 * Where the first fault is and what it is: `path: message`. whole: stands for the path where the
 * value as a whole is wrong. says: a code never repeats what was sent, a message may.
 */
const faultOf = (
  error: z.ZodError,
  whole: string,
  says: 'message' | 'code' = 'message',
): string => {
  const [issue] = error.issues
  return `${issue?.path.join('.') || whole}: ${issue?.[says] ?? 'is not valid'}`
}

/** Fails with the code, and with what stands before the fault. */
export const parseAs = <S extends z.ZodType>(
  schema: S,
  value: unknown,
  code: ErrorCode,
  before: string,
  whole: string,
  says: 'message' | 'code' = 'message',
): z.output<S> => {
  const { data, error } = schema.safeParse(value)
  if (error) throw new FedError(code, `${before}${faultOf(error, whole, says)}`)
  return data as z.output<S>
}
