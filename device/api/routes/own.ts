/** The device's own routes, by the names of their operations. */
import { HOME_ROUTES } from './home.ts'
import { INSPECTION_ROUTES } from './inspection.ts'
import { PERSONAL_ROUTES } from './personal.ts'
import { PROFILE_ROUTES } from './profile.ts'
import { SESSION_ROUTES } from './sessions.ts'
import { TRUST_ROUTES } from './trust.ts'
import { WORK_ROUTES } from './work.ts'

export const OWN_ROUTES = {
  ...PERSONAL_ROUTES,
  ...PROFILE_ROUTES,
  ...INSPECTION_ROUTES,
  ...SESSION_ROUTES,
  ...HOME_ROUTES,
  ...TRUST_ROUTES,
  ...WORK_ROUTES,
}
