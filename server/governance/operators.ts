/**
 * Operators' tokens: each has a name, a role and an end, and is kept as the hash of its secret. The
 * credential of the data folder is an admin without an end.
 */
import { FedError } from '../../adapters/errors.ts'
import { isSameSecret } from '../../adapters/node/secrets.ts'
import { mayAct, type Role } from '../access/roles.ts'
import { credentialHash, newCredential, newId } from '../access/secrets.ts'
import type { ServerDeps } from '../rounds/deps.ts'
import type { OperatorToken } from '../store/records.ts'

/** Who sent a request. id: what the audit log names. */
export type Operator = { readonly id: string; readonly name: string; readonly role: Role }

type Deps = Pick<ServerDeps, 'store' | 'clock' | 'rng'>

/** The token is shown here and nowhere else. */
export const createOperatorToken = async (
  { store, clock, rng }: Deps,
  { name, role, ttlMs }: { readonly name: string; readonly role: Role; readonly ttlMs: number },
): Promise<{ readonly token: string; readonly operator: OperatorToken }> => {
  const token = newCredential(rng)
  const now = clock()
  const operator: OperatorToken = {
    id: newId(rng, 'operator'),
    hash: credentialHash(token),
    name,
    role,
    createdAt: now,
    expiresAt: now + ttlMs,
    revokedAt: null,
  }
  await store.saveOperatorToken(operator)
  return { token, operator }
}

/** Again is fine. Fails with E_NOT_FOUND. */
export const revokeOperatorToken = async (
  { store, clock }: Pick<Deps, 'store' | 'clock'>,
  id: string,
): Promise<OperatorToken> => {
  const operator = (await store.operatorTokens()).find((one) => one.id === id)
  if (!operator) throw new FedError('E_NOT_FOUND', 'no operator token has this id')
  const revoked = { ...operator, revokedAt: operator.revokedAt ?? clock() }
  await store.saveOperatorToken(revoked)
  return revoked
}

/** Who shows this credential; undefined for nobody who may act now. */
export const operatorOf = async (
  { store, clock, config }: Pick<ServerDeps, 'store' | 'clock' | 'config'>,
  credential: string,
): Promise<Operator | undefined> => {
  if (isSameSecret(credential, config.operatorCredential))
    return { id: 'data-folder', name: 'credential of the data folder', role: 'admin' }
  const known = await store.operatorToken(credentialHash(credential))
  if (!known || known.revokedAt !== null || known.expiresAt <= clock()) return undefined
  return { id: known.id, name: known.name, role: known.role }
}

/** Fails with E_ROLE. */
export const requireRole = ({ role }: Operator, needed: Role): void => {
  if (!mayAct(role, needed))
    throw new FedError('E_ROLE', `this takes the role ${needed}, and this token has ${role}`)
}
