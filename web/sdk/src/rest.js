// The operations of REST, by their names in the OpenAPI document.
import { OPERATIONS } from './generated/operations.js';
import { Problem } from './problem.js';

/** @import { CallOptions, Rest } from './generated/types.js' */
/** @import { Credentials } from './types/client.js' */
/** @import { RestParts } from './types/parts.js' */

/** How long an answer may take. */
const TIMEOUT_MS = 15_000;

/** @param {RestParts} parts @returns {Rest} */
export function createRest({ address, fetch, credentials }) {
  /** @type {Record<string, unknown>} */
  const rest = {};
  for (const [name, [method, path, isOpen]] of Object.entries(OPERATIONS)) {
    rest[name] = (/** @type {Record<string, any>} */ input = {}, /** @type {CallOptions} */ options = {}) => {
      const { body, ...query } = input;
      const filled = path.replace(/\{(\w+)\}/g, (_, parameter) => {
        const value = query[parameter];
        if (value === undefined || value === null || value === '') throw new TypeError(`${name} needs ${parameter}`);
        delete query[parameter];
        return encodeURIComponent(value);
      });
      const url = address.http(filled, query);
      return authorized(isOpen ? null : credentials, (token) => call(fetch, method, url, token, body, options));
    };
  }
  return /** @type {any} */ (rest);
}

/**
 * Makes a call, once more with a new token when the first is refused: the server's clock may differ from ours.
 *
 * @template Answer
 * @param {Credentials | null} credentials
 * @param {(token: string | null) => Promise<Answer>} make
 * @returns {Promise<Answer>}
 */
export async function authorized(credentials, make) {
  const token = (await credentials?.accessToken()) ?? null;
  try {
    return await make(token);
  } catch (error) {
    if (!credentials || token === null || !(error instanceof Problem) || error.status !== 401) throw error;
    const other = await credentials.renewed(token);
    if (other === null) throw error;
    return make(other);
  }
}

/**
 * @param {typeof globalThis.fetch} fetch
 * @param {string} method
 * @param {string} url
 * @param {string | null} token
 * @param {unknown} body
 * @param {CallOptions} options
 */
async function call(fetch, method, url, token, body, { signal, timeoutMs = TIMEOUT_MS, headers = {} }) {
  const ending = new AbortController();
  const timer = setTimeout(() => ending.abort(new Problem('timeout', `no answer within ${timeoutMs} ms`)), timeoutMs);
  const aborted = () => ending.abort(new Problem('aborted', 'the caller ended the call'));
  if (signal?.aborted) aborted();
  signal?.addEventListener('abort', aborted, { once: true });
  try {
    const response = await fetch(url, {
      method,
      headers: {
        accept: 'application/json',
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...(token === null ? {} : { authorization: `Bearer ${token}` }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: ending.signal,
      // The token is all that tells who calls.
      credentials: 'omit',
      cache: 'no-store',
    });
    if (!response.ok) throw await Problem.fromResponse(response);
    if (response.status === 204) return undefined;
    return await response.json();
  } catch (error) {
    if (ending.signal.aborted && !(error instanceof Problem)) throw ending.signal.reason;
    if (error instanceof Problem) throw error;
    throw new Problem('offline', 'the server was not reached', { cause: error });
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', aborted);
  }
}
