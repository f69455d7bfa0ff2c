/** Erases a conversation from this device, and whatever was made from it. */
import { FedError } from '../../adapters/errors.ts'
import type { ForgetReport, ForgetTarget } from '../../adapters/wire/personalization.ts'
import type { DeviceStore } from './store.ts'

export const forgetConversation = async (
  { store }: { readonly store: DeviceStore },
  target: ForgetTarget,
): Promise<ForgetReport> => {
  if (!store.decision(target.decisionId ?? target.messageId ?? ''))
    throw new FedError('E_NO_DECISION', 'no decision and no answer of this device has this id')
  throw new FedError('E_UNAVAILABLE', 'forgetting is not there yet')
}
