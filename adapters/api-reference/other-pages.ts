/** What browsers say of a request: whether a page of another origin sent it. */
import { FedError } from '../errors.ts'

/**
 * Fails with E_ORIGIN where a page of another origin asks. isOwn: of an origin in small letters.
 * Programs say nothing of this.
 */
export const refuseOtherPages = (
  header: (name: string) => string | undefined,
  isOwn: (origin: string) => boolean,
): void => {
  const origin = header('origin')?.toLowerCase()
  if (origin !== undefined && !isOwn(origin))
    throw new FedError('E_ORIGIN', 'requests from other origins are refused')
  const site = header('sec-fetch-site')
  if (site === 'cross-site' || site === 'same-site')
    throw new FedError('E_ORIGIN', 'requests from other sites are refused')
}
