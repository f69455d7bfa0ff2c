/** What happens to the machine during the simulated day, and when. */
import type { Circumstances, Happening } from './world.ts'

export const MINUTE = 60_000
export const HOUR = 60 * MINUTE

export const AT_FIRST: Circumstances = {
  isPluggedIn: true,
  isUserThere: true,
  celsius: 55,
  isMetered: false,
  hasNetwork: true,
  hangs: false,
}

type Errands = {
  readonly importChoices: (count: number) => void
  readonly newJob: () => Promise<void>
}

/** Times are hours of true time after 20:00. */
export const dayOf = ({ importChoices, newJob }: Errands): Happening[] =>
  (
    [
      [0.5, 'the user leaves', { now: { isUserThere: false } }],
      [1.05, 'the user is back', { now: { isUserThere: true } }],
      [1.2, 'the user leaves', { now: { isUserThere: false } }],
      [1.6, 'the charger is pulled out', { now: { isPluggedIn: false } }],
      [1.65, 'the charger is back', { now: { isPluggedIn: true } }],
      [2, 'the operator asks for three rounds', { run: newJob }],
      [2.5, '12 new choices', { run: () => importChoices(12) }],
      [3, 'the network is gone', { now: { hasNetwork: false } }],
      [4.2, 'the network is back', { now: { hasNetwork: true } }],
      [4.4, 'the clock is set back by 40 minutes', { setMs: -40 * MINUTE }],
      [5.5, 'the clock is put right', { setMs: 40 * MINUTE }],
      [
        5.6,
        'the operator asks for three rounds; the network is metered',
        { now: { isMetered: true }, run: newJob },
      ],
      [6.5, 'the network is not metered any more', { now: { isMetered: false } }],
      [6.6, '12 new choices', { run: () => importChoices(12) }],
      [6.7, 'a hot hour', { now: { celsius: 93 } }],
      [7.7, 'it is cooler', { now: { celsius: 60 } }],
      [8, 'logind hangs', { now: { hangs: true } }],
      [8.5, 'logind answers', { now: { hangs: false } }],
      [9, 'the machine sleeps for three hours', { sleepMs: 3 * HOUR }],
      [12.2, '12 new choices', { run: () => importChoices(12) }],
      [12.5, 'the operator asks for three rounds', { run: newJob }],
      [13, 'the user is back', { now: { isUserThere: true } }],
      [15, 'the user leaves, outside the hours', { now: { isUserThere: false } }],
      [15.3, 'the charger is pulled out', { now: { isPluggedIn: false } }],
      [15.5, '12 new choices', { run: () => importChoices(12) }],
      [17, 'the charger is back', { now: { isPluggedIn: true } }],
    ] as const
  ).map(([hours, what, rest]) => ({ at: hours * HOUR, what, ...rest }))
