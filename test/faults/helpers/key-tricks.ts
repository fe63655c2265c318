import type { RawRequest } from './raw-http.js';

/** The right admin key, in mixed case: a comparison that ignores case fails the tests. */
export const ADMIN_KEY = 'Admin-Key-7aB';
export const CALLBACK_TOKEN = 'Callback-Token-3cD';

type Trick = (route: { method: string; path: string }) => RawRequest;

const BASIC = btoa(`admin:${ADMIN_KEY}`);
const half = ADMIN_KEY.slice(0, -1);

/** Makes a request with these header lines. */
const head =
  (...headers: string[]): Trick =>
  ({ method, path }) => ({ method, target: path, headers });

/** Makes a request with this Authorization header. */
const auth = (authorization: string): Trick => head(`Authorization: ${authorization}`);

/** Makes a request to another spelling of the path, without authorization. */
const spelled =
  (respell: (path: string) => string): Trick =>
  ({ method, path }) => ({ method, target: respell(path), headers: [] });

/** Makes a request with another method, without authorization. */
const by =
  (other: string, ...headers: string[]): Trick =>
  ({ path }) => ({ method: other, target: path, headers });

const withQuery = (path: string, query: string): string => `${path}${path.includes('?') ? '&' : '?'}${query}`;

/** Requests to an admin route that lack the right key in the right form. */
export const KEY_TRICKS: Readonly<Record<string, Trick>> = {
  'no header': head(),
  'an empty header': auth(''),
  'the key without a scheme': auth(ADMIN_KEY),
  'another scheme': auth(`Token ${ADMIN_KEY}`),
  'the key as the password of Basic': auth(`Basic ${BASIC}`),
  'Basic of the key alone': auth(`Basic ${btoa(ADMIN_KEY)}`),
  'the key of Basic as a Bearer': auth(`Bearer ${BASIC}`),
  Digest: auth(`Digest username="admin", response="${ADMIN_KEY}"`),
  'Bearer alone': auth('Bearer'),
  'Bearer and a space': auth('Bearer '),
  'Bearer and no space': auth(`Bearer${ADMIN_KEY}`),
  'Bearer twice': auth(`Bearer Bearer ${ADMIN_KEY}`),
  'a colon': auth(`Bearer: ${ADMIN_KEY}`),
  'a tab': auth(`Bearer\t${ADMIN_KEY}`),
  'a no-break space': auth(`Bearer\u00a0${ADMIN_KEY}`),
  'lower case': auth(`Bearer ${ADMIN_KEY.toLowerCase()}`),
  'upper case': auth(`Bearer ${ADMIN_KEY.toUpperCase()}`),
  'a suffix': auth(`Bearer ${ADMIN_KEY}x`),
  'a prefix': auth(`Bearer x${ADMIN_KEY}`),
  'the beginning of the key': auth(`Bearer ${half}`),
  'the key and more behind a space': auth(`Bearer ${ADMIN_KEY} x`),
  'a space in the key': auth(`Bearer ${half} ${ADMIN_KEY.slice(-1)}`),
  'NUL behind the key': auth(`Bearer ${ADMIN_KEY}\0`),
  'NUL in the key': auth(`Bearer ${half}\0${ADMIN_KEY.slice(-1)}`),
  'quotes around the key': auth(`Bearer "${ADMIN_KEY}"`),
  'a list, the key first': auth(`Bearer ${ADMIN_KEY},x`),
  'a list, the key last': auth(`Bearer x,${ADMIN_KEY}`),
  'a list of schemes': auth(`Basic eDp4, Bearer ${ADMIN_KEY}`),
  'the name of the setting': auth('Bearer ADMIN_API_KEY'),
  'the key url-encoded': auth(`Bearer ${ADMIN_KEY.replaceAll('-', '%2D')}`),
  'undefined as the key': auth('Bearer undefined'),
  'a comma as the key': auth('Bearer ,'),
  'two headers, the key last': head('Authorization: Bearer x', `Authorization: Bearer ${ADMIN_KEY}`),
  'two headers, one empty': head('Authorization:', `Authorization: Bearer ${ADMIN_KEY}`),
  'a folded header': head('Authorization: Bearer', ` ${ADMIN_KEY}`),
  'a space before the colon': head(`Authorization : Bearer ${ADMIN_KEY}`),
  'the callback token': auth(`Bearer ${CALLBACK_TOKEN}`),
  'the callback token as Basic': auth(`Basic ${btoa(`openim:${CALLBACK_TOKEN}`)}`),
  'a huge header': auth(`Bearer ${'x'.repeat(40_000)}`),
  'a long header': auth(`Bearer ${ADMIN_KEY.repeat(500)}`),
  'a cookie': head(`Cookie: key=${ADMIN_KEY}; authorization=Bearer ${ADMIN_KEY}; ADMIN_API_KEY=${ADMIN_KEY}`),
  'other headers for keys': head(
    `X-API-Key: ${ADMIN_KEY}`,
    `X-Authorization: Bearer ${ADMIN_KEY}`,
    `Proxy-Authorization: Bearer ${ADMIN_KEY}`,
    `Token: ${ADMIN_KEY}`,
  ),
  'the key in the query': ({ method, path }) => ({
    method,
    target: withQuery(path, `key=${ADMIN_KEY}&access_token=${ADMIN_KEY}&ADMIN_API_KEY=${ADMIN_KEY}`),
    headers: [],
  }),
  'the header in the query': spelled((path) => withQuery(path, `authorization=Bearer%20${ADMIN_KEY}`)),
  'another url in the head': head('X-Original-URL: /health/live', 'X-Rewrite-URL: /health/live'),
  'a trusted proxy': head(
    'X-Forwarded-For: 127.0.0.1',
    'X-Real-IP: 127.0.0.1',
    'X-Forwarded-Host: localhost',
    'X-Forwarded-User: admin',
    'Forwarded: for=127.0.0.1',
  ),
  'another prefix': head('X-Forwarded-Prefix: /health', 'X-Forwarded-Path: /health/live'),
  'another method in the head': head('X-HTTP-Method-Override: HEAD', 'X-Method-Override: OPTIONS'),
  'the path url-encoded': spelled((path) => path.replace('/admin', '/%61dmin')),
  'the path encoded twice': spelled((path) => path.replace('/admin', '/%2561dmin')),
  'an encoded slash': spelled((path) => path.replace('/admin/', '/admin%2f')),
  'two slashes': spelled((path) => `/${path}`),
  'two slashes within': spelled((path) => path.replace('/admin/', '/admin//')),
  'upper case in the path': spelled((path) => path.replace('/admin', '/ADMIN')),
  'a dot in the path': spelled((path) => `/.${path}`),
  'through an open path': spelled((path) => `/health/..${path}`),
  'through an open path, encoded': spelled((path) => `/health/%2e%2e${path}`),
  'through the callbacks': spelled((path) => `/callback/..${path}`),
  'a backslash': spelled((path) => path.replace('/admin/', '/admin\\')),
  'matrix parameters': spelled((path) => path.replace('/admin', '/admin;key=x')),
  'matrix parameters at the end': spelled((path) => `${path};.js`),
  'a slash at the end': spelled((path) => `${path}/`),
  'an extension': spelled((path) => `${path}.json`),
  'a fragment': spelled((path) => `${path}#/health/live`),
  'NUL in the path': spelled((path) => `${path}%00`),
  'an absolute url': spelled((path) => `http://service${path}`),
  'an absolute url of another host': spelled((path) => `http://x/health/live${path}`),
  HEAD: by('HEAD'),
  OPTIONS: by('OPTIONS'),
  'a preflight': by('OPTIONS', 'Origin: http://x', 'Access-Control-Request-Method: GET'),
  TRACE: by('TRACE'),
  'a method in lower case': ({ method, path }) => ({
    method: method.toLowerCase(),
    target: path,
    headers: [],
  }),
  GET: by('GET'),
  POST: by('POST', 'X-HTTP-Method-Override: GET'),
};
