import { expect, test } from 'vitest'
import { isExposed, isLoopback } from '../../../device/http/address.ts'
import { type Environment, openRoutes } from '../../../device/http/route.ts'

const PROXY = 'http://proxy.test:3128'
const proxyFor = (env: Environment, target: string) =>
  openRoutes(env)(new URL(target)).proxy?.href ?? null

test.each<[string, Environment, string, string | null]>([
  ['none is set', {}, 'https://claude.test', null],
  ['HTTPS_PROXY', { HTTPS_PROXY: PROXY }, 'https://claude.test', `${PROXY}/`],
  ['in small letters', { https_proxy: PROXY }, 'https://claude.test', `${PROXY}/`],
  [
    'small letters outrank capitals',
    { https_proxy: PROXY, HTTPS_PROXY: 'http://other.test' },
    'https://claude.test',
    `${PROXY}/`,
  ],
  ['HTTPS_PROXY is not for http', { HTTPS_PROXY: PROXY }, 'http://claude.test', null],
  ['HTTP_PROXY', { HTTP_PROXY: PROXY }, 'http://claude.test', `${PROXY}/`],
  ['HTTP_PROXY alone is for https too', { HTTP_PROXY: PROXY }, 'https://claude.test', `${PROXY}/`],
  ['set to nothing', { HTTPS_PROXY: '' }, 'https://claude.test', null],
  ['with blanks', { HTTPS_PROXY: ` ${PROXY} ` }, 'https://claude.test', `${PROXY}/`],
  ['without http://', { HTTPS_PROXY: 'proxy.test:3128' }, 'https://claude.test', `${PROXY}/`],
  ['in quotes', { HTTPS_PROXY: `"${PROXY}"` }, 'https://claude.test', `${PROXY}/`],
  [
    'with a user of a Windows domain',
    { HTTPS_PROXY: 'http://CORP\\ada:p@proxy.test' },
    'https://claude.test',
    'http://CORP%5Cada:p@proxy.test/',
  ],
  ['over TLS', { HTTPS_PROXY: 'https://p.test' }, 'https://claude.test', 'https://p.test/'],
  ['with an IPv6 address', { HTTPS_PROXY: '[::1]:80' }, 'https://claude.test', 'http://[::1]/'],
])('the proxy: %s', (_, env, target, proxy) => {
  expect(proxyFor(env, target)).toBe(proxy)
})

test.each([
  ['*', 'https://claude.test', true],
  ['a.test, *', 'https://claude.test', true],
  ['claude.test', 'https://claude.test', true],
  ['CLAUDE.test', 'https://claude.TEST', true],
  ['a.test,claude.test', 'https://claude.test', true],
  ['a.test claude.test', 'https://claude.test', true],
  ['a.test , claude.test', 'https://claude.test', true],
  ['test', 'https://claude.test', true],
  ['.test', 'https://claude.test', true],
  ['*.test', 'https://claude.test', true],
  ['.claude.test', 'https://claude.test', true],
  ['claude.test.', 'https://claude.test', true],
  ['claude.test', 'https://claude.test.', true],
  ['claude.test', 'https://api.claude.test', true],
  ['claude.test', 'https://notclaude.test', false],
  ['laude.test', 'https://claude.test', false],
  ['claude.test.org', 'https://claude.test', false],
  ['claude.test:443', 'https://claude.test', true],
  ['claude.test:443', 'https://claude.test:8443', false],
  ['claude.test:8443', 'https://claude.test:8443', true],
  ['claude.test:80', 'http://claude.test', true],
  ['.test:8443', 'https://claude.test:8443', true],
  ['a.test;claude.test', 'https://claude.test', true],
  ['a.test|claude.test', 'https://claude.test', true],
  ['"a.test,claude.test"', 'https://claude.test', true],
  ['https://claude.test/', 'https://claude.test', true],
  ['*claude.test', 'https://notclaude.test', true],
  ['api.*.test', 'https://api.claude.test', true],
  ['api.*.test', 'https://api.claude.test.org', false],
  ['a*.test', 'https://claude.test', false],
  ['10.*', 'https://10.1.2.3', true],
  ['10.*', 'https://11.10.1.2', false],
  ['*:8443', 'https://claude.test', false],
  ['[fd00::]/8', 'https://[fd12::1]', true],
  ['[fd00::]/8', 'https://[fe12::1]', false],
  ['10.1.2.3', 'https://10.1.2.3', true],
  ['10.1.2.3:8443', 'https://10.1.2.3', false],
  ['10.0.0.0/8', 'https://10.1.2.3', true],
  ['10.0.0.0/8', 'https://11.1.2.3', false],
  ['10.0.0.0/99', 'https://10.1.2.3', false],
  ['0.2.3', 'https://10.1.0.2', false],
  ['fd00::/8', 'https://[fd12::1]', true],
  ['[fd12::1]', 'https://[fd12::1]', true],
  ['[fd12::1]:443', 'https://[fd12::1]', true],
  ['[fd12::1]:443', 'https://[fd12::1]:444', false],
  ['fd12:0:0:0:0:0:0:1', 'https://[fd12::1]', true],
  ['', 'https://claude.test', false],
  [',, ,', 'https://claude.test', false],
])('NO_PROXY %j and %s: %s', (list, target, isDirect) => {
  const env = { HTTPS_PROXY: PROXY, HTTP_PROXY: PROXY }
  expect(proxyFor({ ...env, NO_PROXY: list }, target) === null).toBe(isDirect)
  expect(proxyFor({ ...env, no_proxy: list }, target) === null).toBe(isDirect)
})

test.each([
  ['localhost', true],
  ['LOCALHOST', true],
  ['127.0.0.1', true],
  ['127.1', true],
  ['127.9.8.7', true],
  ['2130706433', true],
  ['[::1]', true],
  ['[0:0:0:0:0:0:0:1]', true],
  ['[::ffff:127.0.0.1]', true],
  ['127.0.0.1.example', false],
  ['localhost.example', false],
  ['example.localhost', false],
  ['10.0.0.1', false],
  ['0.0.0.0', false],
  ['[::2]', false],
  ['[::ffff:128.0.0.1]', false],
  ['host.docker.internal', false],
])('%s can only be this computer: %s', (host, isOurs) => {
  expect(isLoopback(new URL(`http://${host}`).hostname)).toBe(isOurs)
  expect(isExposed(`http://${host}:8787/base`)).toBe(!isOurs)
  expect(isExposed(`https://${host}`)).toBe(false)
  if (isOurs) expect(proxyFor({ HTTP_PROXY: PROXY }, `http://${host}:9`)).toBeNull()
})

test('the route is described without credentials', () => {
  const routes = openRoutes({
    https_proxy: 'http://ada:secret@proxy.test:3128',
    NO_PROXY: 'b.test',
  })
  expect(routes(new URL('https://a.test'))).toMatchObject({
    words: 'through the proxy http://proxy.test:3128 (https_proxy)',
    variable: 'https_proxy',
  })
  expect(routes(new URL('https://b.test')).words).toBe('without a proxy: NO_PROXY names it')
  expect(routes(new URL('http://b.test')).words).toBe('without a proxy: none is set')
  expect(routes(new URL('http://127.0.0.1')).words).toBe('without a proxy: it is this computer')
  expect(routes(new URL('http://app.localhost')).words).toContain('this computer')
})

test.each([
  'socks5://user:secret@p.test',
  'http://',
  'http://user:secret@',
  'ftp://secret.test',
  // What a URL takes for a host and its port is the user and half of the password.
  'http://user:12#secret@p.test',
  'http://user:12/secret@p.test',
  'http://user:12?secret@p.test',
  'http://p.test/secret.pac',
])('a proxy that is none is refused without being quoted: %s', (HTTPS_PROXY) => {
  const opening = () => openRoutes({ HTTPS_PROXY })
  expect(opening).toThrow(expect.objectContaining({ code: 'E_USAGE' }))
  expect(opening).toThrow(/^HTTPS_PROXY expects/)
  expect(opening).not.toThrow(/secret/)
})
