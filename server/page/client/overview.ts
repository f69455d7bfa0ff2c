/** Alerts, devices by state, and refusals. */
import { byId, fill, h, part, setText } from '../../../adapters/page/dom.ts'
import { counted, numberText, timeNode } from '../../../adapters/page/words.ts'
import type { OverviewResponse } from '../../../adapters/wire/governance.ts'
import { bars } from './plot.ts'
import { numbers } from './table.ts'

/** isLive: whether changes come as they happen. */
export const showOverview = (overview: OverviewResponse, isLive: boolean): void => {
  const { version, role } = overview
  setText(
    byId('about'),
    `federation server ${version} · ${role} · ${isLive ? 'live' : 'looks every 10 s'}`,
  )
  showAlerts(overview)
  showDevices(overview)
  const codes = overview.refusals.filter(({ count }) => count > 0)
  codes.sort((a, b) => b.count - a.count)
  fill(
    part('refusals'),
    codes.length === 0
      ? h('p.empty', 'Nothing was refused.')
      : bars(codes.map(({ code, count }) => [code, count] as const)),
  )
}

const showAlerts = ({ alerts, readiness }: OverviewResponse): void => {
  const count = byId('alert-count')
  count.hidden = alerts.length === 0
  setText(count, String(alerts.length))
  const wrong = Object.entries(readiness).filter(([, verdict]) => verdict !== 'ok')
  fill(
    part('alerts'),
    h(
      'ul.cards',
      wrong.map(([name, verdict]) =>
        h('li.card.alert', h('h3', `Not ready: ${name}`), h('p', verdict)),
      ),
      alerts.map(({ rule, text, since }) =>
        h(
          'li.card.alert',
          h('h3', RULES[rule] ?? rule),
          h('p', text),
          since !== null && h('p.quiet', 'since ', timeNode(since)),
        ),
      ),
    ),
    alerts.length === 0 &&
      wrong.length === 0 &&
      h(
        'p.empty',
        'None. The server reaches its database and its objects, has room on its disk, and its rounds ' +
          'are released in time.',
      ),
  )
}

const RULES: Readonly<Record<string, string>> = {
  participation: 'Fewer devices than usual',
  drift: 'A release moved further than usual',
  gate: 'Devices report a release as worse',
  disk: 'The disk is nearly full',
  aggregation: 'A round waits for its release',
}

/** By when they were seen: each device is in one row. */
const showDevices = ({
  devices: { enrolled, seenLastDay, seenLastHour, blocked = 0, atWork = 0 },
  identity,
}: OverviewResponse): void =>
  fill(
    part('devices'),
    numbers([
      ['enrolled', numberText(enrolled)],
      ['at work in a round', numberText(atWork)],
      ['blocked', numberText(blocked)],
    ]),
    enrolled === 0
      ? h(
          'p.empty',
          'None yet. ',
          h('code', 'loreweave-server token create'),
          ' makes the tokens that devices enrol with.',
        )
      : h(
          'div',
          h('h3', `When ${counted(enrolled, 'device')} last asked`),
          bars([
            ['within an hour', seenLastHour],
            ['earlier within a day', seenLastDay - seenLastHour],
            ['longer ago', enrolled - seenLastDay],
          ]),
        ),
    identity && identityNode(identity),
  )

/** What the owner of a device reads aloud, to learn that this is their server. */
const identityNode = ({ key, log }: NonNullable<OverviewResponse['identity']>): HTMLElement =>
  h(
    'div',
    h('h3', 'What devices show of this server'),
    h('p', 'Its key: ', h('code', key)),
    log
      ? h('p', `Its log of ${counted(log.entries, 'release')}: `, h('code', log.words))
      : h('p.empty', 'Its log of releases is empty.'),
    h('p.quiet', h('code', 'loreweave server show'), ' prints the same words on a device.'),
  )
