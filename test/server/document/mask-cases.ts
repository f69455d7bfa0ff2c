/** What the answers of the routes of masked rounds take. */
import { enrolledDevices, testServer, tinyJob } from '../../support/federation-fixture.ts'
import { maskedDevice } from '../../support/masked-device.ts'
import { send } from './send.ts'

const KEYS = {
  kind: 'keys',
  protocol: 1,
  planDigest: '0'.repeat(64),
  maskKey: 'A'.repeat(43),
  sealKey: 'A'.repeat(43),
  signature: 'A'.repeat(86),
}

const SHARES = { kind: 'shares', protocol: 1, seedDigest: '0'.repeat(64) }

/** Two devices in a masked round that waits for their keys, and one that has no place in it. */
const masked = async () => {
  const server = testServer()
  const cohort = { size: 2, goal: 2, minimum: 2 }
  const job = tinyJob({ cohort, masks: {} })
  await server.operator.createJob(job)
  const [one, two, outsider] = await enrolledDevices(server, 3)
  const first = maskedDevice(one!, await one!.join(job), 'one')
  const second = maskedDevice(two!, await two!.join(job), 'two')
  const { round } = (await server.store.alive())[0]!
  const say = (device: typeof one, body: object) =>
    send(server, 'maskMessage', { device: device!, at: { roundId: round!.id }, body })
  return { server, first, second, outsider: outsider!, say, at: { roundId: round!.id } }
}

const byOutsider = (id: 'maskStatus' | 'maskMessage') => async () => {
  const { server, outsider } = await masked()
  const body = id === 'maskMessage' ? { body: KEYS } : {}
  return send(server, id, { device: outsider, at: { roundId: 'none' }, ...body })
}

export const MASK_CASES = {
  maskStatus: {
    async 200() {
      const { server, first, at } = await masked()
      return send(server, 'maskStatus', { device: first.device, at })
    },
    E_NO_ROUND: byOutsider('maskStatus'),
  },
  maskMessage: {
    200: async () => (await masked()).first.send(),
    E_NO_ROUND: byOutsider('maskMessage'),
    async E_NOT_IN_COHORT() {
      const { outsider, say } = await masked()
      return say(outsider, KEYS)
    },
    async E_ROUND_CLOSED() {
      const { first, say } = await masked()
      return say(first.device, { kind: 'survivors', protocol: 1, signature: 'A'.repeat(86) })
    },
    async E_TWICE() {
      const { first, say } = await masked()
      await first.send()
      return say(first.device, KEYS)
    },
    async E_SHARES() {
      const { first, second, say } = await masked()
      await first.send()
      await second.send()
      return say(first.device, { ...SHARES, shares: [] })
    },
    async E_SURVIVORS() {
      const { first, second, say } = await masked()
      await first.send()
      await second.send()
      for (let i = 0; i < 2; i++) for (const device of [first, second]) await device.step()
      return say(first.device, { kind: 'survivors', protocol: 1, signature: 'A'.repeat(86) })
    },
    async E_PLAN() {
      const { first, say } = await masked()
      return say(first.device, KEYS)
    },
    async E_ROSTER() {
      const { first, say } = await masked()
      return say(first.device, { ...KEYS, planDigest: first.plan.planDigest })
    },
  },
}
