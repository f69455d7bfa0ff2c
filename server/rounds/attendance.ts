/**
 * What became of devices' check-ins, for the operator who asks what a job waits for. Collected here
 * and written together now and then: a kill loses a moment of it, which the next check-ins replace.
 */
import type { DeviceVisit } from '../store/records.ts'
import type { Store } from '../store/store.ts'
import type { Visit } from './waiting.ts'

export type Attendance = {
  note(jobId: string, deviceId: string, visit: Visit, at: number): void
  flush(): Promise<void>
}

export const openAttendance = (store: Pick<Store, 'transaction'>): Attendance => {
  let noted = new Map<string, DeviceVisit>()
  return {
    note: (jobId, deviceId, visit, at) =>
      void noted.set(`${jobId} ${deviceId}`, { jobId, deviceId, visit, at }),
    async flush() {
      if (noted.size === 0) return
      const visits = [...noted.values()]
      noted = new Map()
      await store.transaction((tx) => tx.saveVisits(visits))
    },
  }
}
