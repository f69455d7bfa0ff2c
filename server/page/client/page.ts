/** The page: the door, then the sections, which look again when something happens, and every few seconds. */
import { messageOf, say } from '../../../adapters/page/deeds.ts'
import { byId } from '../../../adapters/page/dom.ts'
import { openRoom } from '../../../adapters/page/room.ts'
import type { OverviewResponse } from '../../../adapters/wire/governance.ts'
import { api, get, listen, setRole } from './api.ts'
import { mountJobs } from './jobs.ts'
import { showOverview } from './overview.ts'
import { lookAtPrivacy } from './privacy.ts'
import { mountReleases } from './releases.ts'

const EVERY_MS = 10_000
const RECONNECT_MS = 3000

const jobs = mountJobs()
const releases = mountReleases()
let isLive = false
let isWatching = false

const { look, lock } = openRoom(api, EVERY_MS, async () => {
  const overview = await get<OverviewResponse>('overview')
  setRole(overview.role)
  const shows = await Promise.all([jobs.look(), releases(), lookAtPrivacy()])
  showOverview(overview, isLive)
  for (const show of shows) show()
  void watch()
})

/** Follows the events from the first look on, for as long as the tab is signed in. */
const watch = async (): Promise<void> => {
  if (isWatching || !api.isOpen()) return
  isWatching = true
  const onOpen = () => {
    isLive = true
    void look()
  }
  await listen(onOpen, (change) => {
    if (!jobs.take(change)) void look()
  }).catch(() => undefined)
  isLive = false
  setTimeout(() => {
    isWatching = false
    void look()
  }, RECONNECT_MS)
}

byId('door-form').addEventListener('submit', async (event) => {
  event.preventDefault()
  const input = byId('token') as HTMLInputElement
  const token = input.value.trim()
  input.value = ''
  api.use(token, false)
  try {
    await get('overview')
    api.use(token, true)
    say('')
  } catch (error) {
    api.use(null, false)
    say(messageOf(error, 'it did not open'))
  }
  await look()
})
byId('lock').addEventListener('click', lock)
void look()
