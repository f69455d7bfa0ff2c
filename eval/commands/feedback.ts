/** `loreweave-eval feedback`: what the device recognises in conversations. */
import type { Command } from 'commander'
import { openModel } from '../../device/engine/model/open.ts'
import { openEngine } from '../../device/engine/process/client.ts'
import { FOLLOW_UP_TEXTS, trainFollowUps } from '../../device/feedback/follow-up-text.ts'
import { followUpReading, poolRequests } from '../../device/preferences/relevance.ts'
import {
  followUpSet,
  measureFollowUps,
  measureStated,
  type Recognised,
  statedSet,
} from '../labelled/feedback.ts'
import { progress } from '../measure/progress.ts'
import type { Result } from '../measure/results.ts'
import { cacheOption, jsonOption, modelOption, type Print, threadsOption } from './options.ts'

export const addFeedbackCommand = (program: Command, print: Print): void => {
  program
    .command('feedback')
    .description('how well stated preferences and follow-ups on style are recognised')
    .addOption(modelOption())
    .addOption(cacheOption())
    .addOption(threadsOption())
    .addOption(jsonOption())
    .action(async ({ model: name, cache, threads, json }) => {
      const model = await openModel({ cacheFolder: cache, name })
      const engine = openEngine({ folder: model.folder, ...(threads && { threads }) })
      try {
        const pool = (texts: readonly string[]) =>
          poolRequests(engine, model.tokenizer, followUpReading(model), texts)
        progress(`reading ${FOLLOW_UP_TEXTS.length} seeds`)
        const gate = trainFollowUps(await pool(FOLLOW_UP_TEXTS))
        const followUps = followUpSet()
        const pooled = await pool(followUps.map(([message]) => message))
        const read = measureFollowUps(followUps, { gate, pooled })
        const words = measureFollowUps(followUps, null)
        print(
          {
            results: [
              ...figures('stated.before', measureStated(statedSet('held'))),
              ...figures('stated.after', measureStated(statedSet('unseen'))),
              ...figures('follow_up', read),
              { name: 'follow_up.right_way', value: read.rightWay, unit: 'share' },
              ...figures('follow_up.words_alone', words),
            ],
          },
          json,
        )
      } finally {
        await engine.close()
      }
    })
}

const figures = (name: string, { messages, precision, recall }: Recognised): Result[] => [
  { name: `${name}.precision`, value: precision, unit: 'share', n: messages },
  { name: `${name}.recall`, value: recall, unit: 'share', n: messages },
]
