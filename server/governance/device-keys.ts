/**
 * A device replaces its key and stays the same device: its rounds, uploads and place among staged
 * devices are by its id. Both steps are in the audit log, under that id.
 */
import { FedError } from '../../adapters/errors.ts'
import type { ReplaceKeyRequest } from '../../adapters/wire/federation.ts'
import { checkKeyProof } from '../../adapters/wire/key-proof.ts'
import type { ServerDeps } from '../rounds/deps.ts'
import type { Device } from '../store/records.ts'
import { recordDeed } from './audit.ts'

type KeyDeps = Pick<ServerDeps, 'store' | 'clock'>

/** From now on both keys are good. Again is fine. Fails with E_SIGNATURE, E_CONFLICT. */
export const announceKey = async (
  deps: KeyDeps,
  device: Device,
  { publicKey, proof }: Pick<ReplaceKeyRequest, 'publicKey' | 'proof'>,
): Promise<void> => {
  checkKeyProof(device.id, publicKey, proof)
  if (publicKey === device.publicKey || publicKey === device.nextKey) return
  if (device.nextKey !== undefined)
    throw new FedError('E_CONFLICT', 'another key was announced, and waits for its first request')
  await note(deps, device, 'asked')
  await deps.store.setNextKey(device.id, publicKey)
}

/** The announced key has signed a request: the other one is refused from now on. */
export const confirmKey = async (deps: KeyDeps, device: Device): Promise<Device> => {
  const { nextKey, ...rest } = device
  if (nextKey === undefined) return device
  if (await deps.store.replaceKey(device.id, nextKey)) await note(deps, device, 'confirmed')
  return { ...rest, publicKey: nextKey }
}

const note = ({ store, clock }: KeyDeps, { id }: Device, outcome: string) =>
  recordDeed(store, { at: clock(), who: id, action: 'replace its key', target: id, outcome })
