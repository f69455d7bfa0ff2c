/** A page behind a door: it looks again every few seconds while somebody can see it. */
import { type Api, Refused } from './api.ts'
import { changed, messageOf, say } from './deeds.ts'
import { byId } from './dom.ts'

type Room = {
  /** Shows what is there now, or the door. */
  look(): Promise<void>
  /** Takes what was shown out of the document, too. */
  lock(): void
}

/** look: gets everything and shows it. */
export const openRoom = (api: Api, everyMs: number, look: () => Promise<void>): Room => {
  let isLooking = false
  let isWanted = false
  const show = (isOpen: boolean): void => {
    byId('door').hidden = isOpen
    byId('room').hidden = !isOpen
    byId('lock').hidden = !isOpen
  }
  const lock = (): void => {
    const wasOpen = !byId('room').hidden
    api.use(null, false)
    if (wasOpen) location.reload()
    else show(false)
  }
  /** One at a time; a change during it asks for another. */
  const lookAgain = async (): Promise<void> => {
    isWanted = true
    if (isLooking) return
    if (!api.isOpen()) return show(false)
    isLooking = true
    try {
      while (isWanted && api.isOpen()) {
        isWanted = false
        await look()
        show(true)
        document.body.classList.remove('away')
      }
    } catch (error) {
      if (error instanceof Refused && error.code === 'E_AUTH') lock()
      else {
        document.body.classList.add('away')
        say(messageOf(error, 'no answer'))
      }
    } finally {
      isLooking = false
    }
  }
  const lookIfVisible = (): void => {
    if (document.visibilityState === 'visible' && api.isOpen()) void lookAgain()
  }
  changed.addEventListener('change', () => void lookAgain())
  document.addEventListener('visibilitychange', lookIfVisible)
  setInterval(lookIfVisible, everyMs)
  return { look: lookAgain, lock }
}
