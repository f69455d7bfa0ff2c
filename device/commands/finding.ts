/** The result of a check of `loreweave doctor`. */

/** mend: the command that fixes a problem. */
export type Finding = {
  readonly state: 'ok' | 'warn' | 'fail'
  readonly what: string
  readonly mend?: string
}

export const ok = (what: string): Finding => ({ state: 'ok', what })

export const warn = (what: string, mend?: string): Finding => ({
  state: 'warn',
  what,
  ...(mend && { mend }),
})

export const fail = (what: string, mend?: string): Finding => ({
  state: 'fail',
  what,
  ...(mend && { mend }),
})
