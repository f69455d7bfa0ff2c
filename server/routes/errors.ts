/** The only place where the server turns codes into HTTP statuses. */
import { type ErrorCode, SHARED_STATUS } from '../../adapters/errors.ts'

export const HTTP_STATUS: Record<ErrorCode, number> = {
  ...SHARED_STATUS,
  E_BASE_MODEL: 422,
  E_FEATURES: 422,
  E_MODEL_MISSING: 500,
  E_CHECKSUM: 500,
  E_NO_SOURCE: 500,
  E_MEMORY: 500,
  E_NOT_ENROLLED: 401,
  E_NO_KEY: 500,
  E_FULL: 507,
  E_INSECURE: 500,
  E_DATA: 500,
  E_CANCELLED: 499,
}
