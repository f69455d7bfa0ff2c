import { describe, expect, test } from 'vitest'
import { analyze } from '../../../device/text/text-analysis.ts'

describe('languageOf', () => {
  test.each([
    ['en', 'How do I reset my router?'],
    ['en', 'What is 17 times 23?'],
    ['de', 'Wie kann ich meinen Router zurücksetzen?'],
    ['fr', 'Comment puis-je réinitialiser mon routeur ?'],
    ['es', '¿Cómo puedo reiniciar mi router?'],
    ['it', 'Come posso riavviare il mio router?'],
    ['pt', 'Como posso reiniciar o meu roteador? Não funciona.'],
    ['zh', '怎么重置路由器？'],
    ['ja', 'ルーターをリセットするには？'],
    ['other', 'Как перезагрузить роутер?'],
    ['other', 'كيف أعيد تشغيل الموجه؟'],
    ['other', 'Hoe kan ik mijn router resetten? Het werkt niet.'],
    ['other', 'Jak zresetować router? Nie wiem co to jest.'],
    ['unknown', '2 + 2'],
    ['unknown', ''],
    ['unknown', 'Quicksort'],
  ])('%s: %s', (language, text) => {
    expect(analyze(text).language).toBe(language)
  })
})

describe('analyze', () => {
  test('separates prose, code, table rows and list items', () => {
    const a = analyze('Intro `x`.\n\n| a | b |\n|---|---|\n- one\n2. two\n\n```\ncode\n```\nEnd.')
    expect(a).toMatchObject({
      items: 2,
      numberedItems: 1,
      tableRows: 1,
      lines: 6,
      language: 'unknown',
    })
    expect(a.words).toEqual(['intro', 'one', '2', 'two', 'end'])
    expect(a.codeChars).toBe(3 + 3 + 4 + 3)
  })

  test('ends sentences at marks of any script and at line ends', () => {
    expect(analyze('One. Two! “Three?” Four\nFive').sentences).toHaveLength(5)
    expect(analyze('你好。再见！').sentences).toHaveLength(2)
  })
})
