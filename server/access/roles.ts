/**
 * What operators may do: a viewer reads, a judge gives verdicts on releases too, an operator runs the
 * federation, an admin lets others in.
 */
export const ROLES = ['viewer', 'judge', 'operator', 'admin'] as const
export type Role = (typeof ROLES)[number]

/** Each role may do what those before it may. */
export const mayAct = (own: Role, needed: Role): boolean =>
  ROLES.indexOf(own) >= ROLES.indexOf(needed)
