/** The readings of the agent's last tick and the end of its last work. Needs no model. */
import type { ConditionsStatus, HoldReason, Readings } from '../records/agent-reports.ts'
import type { DeviceStore } from '../store/store.ts'
import { isTrainingPaused } from '../store/training.ts'

/** The readings on a machine where nothing can be read. */
export const NO_READINGS: Readings = {
  charging: null,
  idleSeconds: null,
  celsius: null,
  throttled: null,
  metered: null,
  battery: null,
}

/** Without a running agent there are no readings, and work is not allowed (`not_running`). */
export const conditionsStatus = (
  store: Pick<DeviceStore, 'get' | 'live'>,
  clock: () => number,
): ConditionsStatus => {
  const kept = store.live.look
  const lastTraining = store.get('lastTraining') ?? null
  const now = clock()
  const look = kept && kept.at <= now && now <= kept.goodUntil ? kept : null
  const paused: HoldReason[] = isTrainingPaused(store) ? ['paused'] : []
  if (!look)
    return {
      allowed: false,
      reasons: [...paused, 'not_running'],
      readings: NO_READINGS,
      nextLook: null,
      lastTraining,
      nextTraining: null,
    }
  const reasons = [...new Set([...paused, ...look.reasons])]
  return {
    allowed: reasons.length === 0,
    reasons,
    readings: look.readings,
    nextLook: look.nextLook,
    lastTraining,
    nextTraining: look.nextTraining,
  }
}
