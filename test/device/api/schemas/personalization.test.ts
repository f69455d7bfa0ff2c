import { describe, expect, test } from 'vitest'
import {
  FeedbackRequest,
  ProfileEdit,
  RerankRequest,
  RewriteRequest,
} from '../../../../device/api/schemas/personalization.ts'
import { Profile } from '../../../../device/records/preference.ts'

const preference = {
  dimension: 'length',
  direction: -1,
  strength: 0.5,
  scope: 'all',
  evidence: { choices: 3, confidence: 0.9 },
  source: 'learned',
  pinned: false,
  enabled: true,
}
const messages = [{ role: 'user', content: 'hi' }]

describe('feedback', () => {
  test.each([
    [{ kind: 'choose', decisionId: 'd', chosen: 1 }, true],
    [{ kind: 'edit', messageId: 'msg_1', text: 'x' }, true],
    [{ kind: 'thumbs', decisionId: 'd', value: -1 }, true],
    [{ kind: 'thumbs', decisionId: 'd', value: 0 }, false],
    [{ kind: 'keep', decisionId: 'd', chosen: 1 }, false],
    [{ kind: 'keep' }, false],
    [{ kind: 'keep', decisionId: 'd', messageId: 'm' }, false],
    [{ kind: 'applause', decisionId: 'd' }, false],
    [{ kind: 'prefer', dimension: 'length', direction: -1 }, true],
    [{ kind: 'prefer', dimension: 'length', direction: -1, messageId: 'm', scope: ['art'] }, true],
    [{ kind: 'prefer', dimension: 'length' }, false],
    [{ kind: 'prefer', dimension: 'colour', direction: 1 }, false],
    [{ kind: 'keep', decisionId: 'd', isImplicit: true }, false],
    [{ kind: 'edit', decisionId: 'd', text: 'x'.repeat(200_001) }, false],
  ])('%j is %s', (event, isValid) => {
    expect(FeedbackRequest.safeParse({ protocol: 1, event }).success).toBe(isValid)
  })

  test('of another protocol is refused', () => {
    const event = { kind: 'keep', decisionId: 'd' }
    expect(FeedbackRequest.safeParse({ protocol: 2, event }).success).toBe(false)
  })
})

test('a profile has at most one preference a dimension', () => {
  expect(Profile.safeParse({ preferences: [preference] }).success).toBe(true)
  expect(Profile.safeParse({ preferences: [preference, preference] }).success).toBe(false)
  expect(Profile.safeParse({ preferences: [{ ...preference, direction: 0 }] }).success).toBe(false)
})

test('stating a preference fills in strength and scope', () => {
  const changes = [{ op: 'state', dimension: 'emoji', direction: -1 }]
  expect(ProfileEdit.parse({ protocol: 1, changes }).changes).toEqual([
    { op: 'state', dimension: 'emoji', direction: -1, strength: 1, scope: 'all' },
  ])
})

test('requests carry content blocks and tools as they are, and refuse other fields', () => {
  const system = [{ type: 'text', text: 'S', cache_control: { type: 'ephemeral' } }]
  const request = { protocol: 1, messages, system, tools: [{ name: 't' }] }
  expect(RewriteRequest.parse(request)).toEqual(request)
  expect(RewriteRequest.safeParse({ ...request, model: 'x' }).success).toBe(false)
  expect(RerankRequest.safeParse({ protocol: 1, messages, candidates: [] }).success).toBe(false)
})
