/** The server under requests that are nearly right: each operation of its document, with real devices and jobs. */
import { ALL_ROUTES } from '../../server/routes/reference.ts'
import { requestOf } from '../server/document/send.ts'
import { scene, tinyJob, updateFor } from '../support/federation-fixture.ts'
import { type Drawn, fuzzEndpoint, orUndefined, requests } from './endpoints.ts'

export const OPERATIONS = Object.keys(ALL_ROUTES)

/** Of one server; then another begins, without what the first came to. */
const REQUESTS_PER_SERVER = 250

/** Else most answers would be that there are too many. */
const RATE = { burst: 1e9, perSecond: 1e9 }
const UNHURRIED = { traffic: { limits: { byDevice: RATE, byAddress: RATE } } }

export const fuzzOperation = async (id: string, seed: number, numRuns: number): Promise<void> => {
  for (let done = 0; done < numRuns; done += REQUESTS_PER_SERVER) {
    const runs = Math.min(REQUESTS_PER_SERVER, numRuns - done)
    const job = tinyJob({ cohort: { size: 4, goal: 3, minimum: 1 } })
    const { server, jobId, device, assignment } = await scene(job, UNHURRIED)
    const lineage = (await server.store.lineages())[0]!.id
    const update = updateFor(assignment, 'seed')
    const { path, who } = ALL_ROUTES[id]!
    const thing = path.includes('/lineages/')
      ? lineage
      : path.includes('/devices/')
        ? device.id
        : path.includes('/rounds/')
          ? assignment.roundId
          : jobId
    const there = {
      id: thing,
      hash: assignment.release,
      roundId: assignment.roundId,
      name: 'look.css',
    }
    const send = async ({ place, query, headers, body }: Drawn) => {
      const at = place === undefined ? there : mapped(there, place)
      const credentials = who === 'operator' && headers['authorization'] !== undefined
      const request = orUndefined(() =>
        requestOf(id, {
          ...{ at, query, device, headers: { 'upload-token': assignment.uploadToken, ...headers } },
          ...(body && { body }),
          ...(credentials && { credential: null }),
        }),
      )
      return request && server.app.request(request)
    }
    await fuzzEndpoint(requests(ALL_ROUTES[id]!, [update]), send, seed + done, runs)
    // Whatever was asked, what there was before can still be read.
    const read = await server.operator.call('GET', `/v1/operator/jobs/${jobId}`)
    if (read.status !== 200) throw new Error(`the job answers ${read.status} afterwards`)
    await server.settle()
  }
}

const mapped = (there: Readonly<Record<string, string>>, place: string): Record<string, string> =>
  Object.fromEntries(Object.keys(there).map((name) => [name, place]))
