/**
 * Updates of a round are counted by the norm of their change of the adapter: at most these shares of
 * the largest that the job allows.
 */
export const NORM_SHARES = [1 / 64, 1 / 32, 1 / 16, 1 / 8, 1 / 4, 1 / 2, 1] as const
