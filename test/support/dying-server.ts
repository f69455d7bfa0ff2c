/** `loreweave-server serve` that dies where the environment says; its arguments are options as JSON. */
import { type ServeOptions, serve } from '../../server/commands/serve.ts'
import { openData } from '../../server/store/open.ts'
import { DIE_AT, dieAt, watchedData } from './dying.ts'

export type DyingServerOptions = Partial<ServeOptions> &
  Pick<ServeOptions, 'data'> & { readonly leaseMs?: number; readonly foldAt?: number }

const { leaseMs, foldAt, ...options } = JSON.parse(process.argv[2]!) as DyingServerOptions
const reached = dieAt(process.env[DIE_AT])
const serving = await serve(
  {
    host: '127.0.0.1',
    port: 0,
    pace: { soonMs: 50, laterMs: 100 },
    tickMs: 50,
    leastCohort: 1,
    logLevel: 'error',
    ...options,
  },
  process.env,
  {
    open: async (places, env) => watchedData(await openData(places, env), reached),
    foldAt,
    ...(leaseMs !== undefined && { leaseMs }),
  },
)
process.stdout.write(`${JSON.stringify({ url: serving.url })}\n`)
