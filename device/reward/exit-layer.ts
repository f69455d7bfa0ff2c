/**
 * The layer after which this device reads answers: the release's, else the one chosen here, else
 * the model's default.
 */
import { FedError } from '../../adapters/errors.ts'
import type { LocalModel } from '../engine/model/open.ts'
import type { DeviceStore } from '../store/store.ts'
import type { StoreTx } from '../store/tables.ts'

/** The exit layer unless a release sets one. */
export const ownExit = (store: Pick<DeviceStore, 'get'>, model: LocalModel): number => {
  const kept = store.get('exit')
  return kept?.weights === model.base.weights ? kept.layer : model.suggestedExit
}

/** Sets the layer for fitting heads and reading answers. Fails as checkedExit does. */
export const keepExit = (store: Pick<StoreTx, 'set'>, model: LocalModel, layer: number): void =>
  store.set('exit', { weights: model.base.weights, layer: checkedExit(model, layer) })

/** Returns the layer. Fails with E_USAGE if the model does not have it. */
export const checkedExit = ({ base }: LocalModel, layer: number): number => {
  const { layers } = base.shape
  if (!(Number.isInteger(layer) && layer >= 1 && layer <= layers))
    throw new FedError('E_USAGE', `the exit layer must be 1 to ${layers}, got ${layer}`)
  return layer
}
