/** Answers to devices are signed by the server's key: adapters/wire/server-key.ts says over what. */
import type { MiddlewareHandler } from 'hono'
import { JSON_TYPE } from '../../adapters/api-reference/route.ts'
import { ANSWER_SIGNATURE, signAnswer } from '../../adapters/wire/server-key.ts'
import type { ServerWord } from '../access/server-word.ts'
import type { ServerEnv } from './route.ts'

/** Messages alone: the bytes of a release are known by their hash. Refusals say nothing to rely on. */
export const signsAnswers =
  (word: Pick<ServerWord, 'keyPair'>): MiddlewareHandler<ServerEnv> =>
  async (c, next) => {
    await next()
    const { status, headers } = c.res
    if (status >= 300 || !headers.get('content-type')?.startsWith(JSON_TYPE)) return
    const body = new Uint8Array(await c.res.clone().arrayBuffer())
    const asked = c.req.header('signature') ?? ''
    c.res.headers.set(
      ANSWER_SIGNATURE,
      signAnswer({ asked, status, body }, (await word.keyPair()).secretKey),
    )
  }
