/** The page: the door, then the sections, which look again every few seconds while somebody can see them. */
import type {
  AdaptersResponse,
  ChoicesResponse,
  ConditionsResponse,
  ConsentResponse,
  DecisionsResponse,
  EnergyResponse,
  LogResponse,
} from '../../schemas/inspection.ts'
import type {
  DimensionsResponse,
  ProfileResponse,
  ProposalsResponse,
  StatusResponse,
} from '../../schemas/personalization.ts'
import { mountAdapters } from './adapters.ts'
import { call, changed, dropSession, hasSession, openSession, Refused, say } from './api.ts'
import { mountChoices } from './choices.ts'
import { mountConsent } from './consent.ts'
import { mountDecisions } from './decisions.ts'
import { byId, setText } from './dom.ts'
import { mountProfile } from './profile.ts'
import { mountSent } from './sent.ts'
import { mountSuggestions } from './suggestions.ts'
import { mountTraining } from './training.ts'

const EVERY_MS = 4000

const mount = async () => {
  const profile = mountProfile(await call<DimensionsResponse>('GET', '/v1/dimensions'))
  const suggestions = mountSuggestions()
  const decisions = mountDecisions()
  const choices = mountChoices()
  const sent = mountSent()
  const adapters = mountAdapters()
  const consent = mountConsent()
  const training = mountTraining()
  return async (): Promise<void> => {
    const get = <T>(path: string) => call<T>('GET', path)
    const [known, proposals, recent, learned, log, agreed, lora, status, conditions, energy] =
      await Promise.all([
        get<ProfileResponse>('/v1/profile'),
        get<ProposalsResponse>('/v1/proposals'),
        get<DecisionsResponse>('/v1/decisions'),
        get<ChoicesResponse>(choices.path()),
        get<LogResponse>('/v1/log'),
        get<ConsentResponse>('/v1/consent'),
        get<AdaptersResponse>('/v1/adapters'),
        get<StatusResponse>('/v1/status'),
        get<ConditionsResponse>('/v1/conditions'),
        get<EnergyResponse>('/v1/energy'),
      ])
    profile(known)
    suggestions(proposals)
    decisions(recent)
    choices.show(learned)
    sent(log)
    consent(agreed)
    adapters(lora)
    training(status, conditions, energy)
    setText(byId('about'), aboutText(status))
  }
}

/** Where nothing can be kept, that goes before all else. */
const aboutText = ({ model, store }: StatusResponse): string =>
  store?.state === 'waiting'
    ? `nothing new is kept: ${store.what}. ${store.mend}`
    : `on this device · ${model}`

let look: (() => Promise<void>) | undefined
let isLooking = false
let isWanted = false

/** One look at a time; a change during one asks for another. */
const lookAgain = async (): Promise<void> => {
  isWanted = true
  if (isLooking) return
  isLooking = true
  try {
    while (isWanted && hasSession()) {
      isWanted = false
      look ??= await mount()
      await look()
      show(true)
      document.body.classList.remove('away')
    }
  } catch (error) {
    if (error instanceof Refused && error.code === 'E_AUTH') lock()
    else {
      document.body.classList.add('away')
      say(error instanceof Error ? error.message : 'the device does not answer')
    }
  } finally {
    isLooking = false
  }
}

const show = (isOpen: boolean): void => {
  byId('door').hidden = isOpen
  byId('room').hidden = !isOpen
  byId('lock').hidden = !isOpen
}

/** What was shown goes from the document, too. */
const lock = (): void => {
  dropSession()
  if (look) location.reload()
  else show(false)
}

const enter = async (by: { code: string } | { token: string }): Promise<void> => {
  try {
    await openSession(by)
    say('')
    await lookAgain()
  } catch (error) {
    if (!hasSession()) show(false)
    say(error instanceof Error ? error.message : 'it did not open')
  }
}

/** The code leaves the address at once: it must not stay in the history. */
const codeInAddress = (): string | null => {
  const code = /^#code=([\w-]+)$/.exec(location.hash)?.[1] ?? null
  if (code !== null) history.replaceState(null, '', location.pathname)
  return code
}

const begin = async (): Promise<void> => {
  const code = codeInAddress()
  if (code !== null) await enter({ code })
  else if (hasSession()) await lookAgain()
  else show(false)
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
changed.addEventListener('change', () => void lookAgain())
addEventListener('hashchange', () => {
  if (location.hash.startsWith('#code=')) void begin()
})
document.addEventListener('visibilitychange', () => {
  if (document.visibilityState === 'visible') void lookAgain()
})
setInterval(() => {
  if (document.visibilityState === 'visible' && hasSession()) void lookAgain()
}, EVERY_MS)
void begin()
