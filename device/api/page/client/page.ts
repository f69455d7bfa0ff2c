/** The page: the door, then the sections, which look again every few seconds while they are visible. */
import type { DimensionsResponse } from '../../schemas/personalization.ts'
import { mountAdapters } from './adapters.ts'
import {
  call,
  changed,
  dropSession,
  hasSession,
  messageOf,
  openSession,
  Refused,
  type Secret,
  say,
} from './api.ts'
import { mountChoices } from './choices.ts'
import { mountConsent } from './consent.ts'
import { mountDecisions } from './decisions.ts'
import { byId } from './dom.ts'
import { mountProfile } from './profile.ts'
import { mountQuestions } from './questions.ts'
import { mountSent } from './sent.ts'
import { mountSuggestions } from './suggestions.ts'
import { mountTraining } from './training.ts'

const EVERY_MS = 4000

/** Gets what a section shows from these paths; resolves to what shows it. */
const view =
  <T extends unknown[]>(show: (...data: T) => void, ...paths: (string | (() => string))[]) =>
  async (): Promise<() => void> => {
    const get = (path: string | (() => string)) =>
      call('GET', typeof path === 'string' ? path : path())
    const data = (await Promise.all(paths.map(get))) as T
    return () => show(...data)
  }

const mount = async () => {
  const choices = mountChoices()
  return [
    view(mountProfile(await call<DimensionsResponse>('GET', '/v1/dimensions')), '/v1/profile'),
    view(mountSuggestions(), '/v1/proposals'),
    view(mountQuestions(), '/v1/questions'),
    view(mountDecisions(), '/v1/decisions'),
    view(choices.show, choices.path),
    view(mountSent(), '/v1/log'),
    view(mountAdapters(), '/v1/adapters'),
    view(mountConsent(), '/v1/consent'),
    view(mountTraining(), '/v1/status', '/v1/conditions', '/v1/energy'),
  ]
}

let views: Awaited<ReturnType<typeof mount>> | undefined
let isLooking = false
let isWanted = false

/** Looks once at a time; a change during a look asks for another. */
const lookAgain = async (): Promise<void> => {
  isWanted = true
  if (isLooking) return
  isLooking = true
  try {
    while (isWanted && hasSession()) {
      isWanted = false
      views ??= await mount()
      for (const show of await Promise.all(views.map((get) => get()))) show()
      showRoom(true)
      document.body.classList.remove('away')
    }
  } catch (error) {
    if (error instanceof Refused && error.code === 'E_AUTH') lock()
    else {
      document.body.classList.add('away')
      say(messageOf(error, 'the device does not answer'))
    }
  } finally {
    isLooking = false
  }
}

const showRoom = (isOpen: boolean): void => {
  byId('door').hidden = isOpen
  byId('room').hidden = !isOpen
  byId('lock').hidden = !isOpen
}

/** Reloading takes what was shown out of the document, too. */
const lock = (): void => {
  dropSession()
  if (views) location.reload()
  else showRoom(false)
}

const enter = async (by: Secret): Promise<void> => {
  try {
    await openSession(by)
    say('')
    await lookAgain()
  } catch (error) {
    if (!hasSession()) showRoom(false)
    say(messageOf(error, 'it did not open'))
  }
}

const begin = async (): Promise<void> => {
  const code = /^#code=([\w-]+)$/.exec(location.hash)?.[1]
  if (code !== undefined) {
    // The code leaves the address at once: it must not stay in the history.
    history.replaceState(null, '', location.pathname)
    await enter({ code })
  } else if (hasSession()) await lookAgain()
  else showRoom(false)
}

byId('door-form').addEventListener('submit', (event) => {
  event.preventDefault()
  const input = byId('token') as HTMLInputElement
  const secret = input.value.trim()
  input.value = ''
  void enter(secret.startsWith('lw-') ? { token: secret } : { code: secret })
})
byId('lock').addEventListener('click', async () => {
  await call('DELETE', '/v1/session').catch(() => undefined)
  lock()
})
const lookIfVisible = () => {
  if (document.visibilityState === 'visible') void lookAgain()
}
changed.addEventListener('change', () => void lookAgain())
addEventListener('hashchange', () => {
  if (location.hash.startsWith('#code=')) void begin()
})
document.addEventListener('visibilitychange', lookIfVisible)
setInterval(lookIfVisible, EVERY_MS)
void begin()
