// Where the tokens of a login are kept.

/** @import { TokenStore, Tokens } from './types/client.js' */

/**
 * For one process and its life.
 *
 * @returns {TokenStore}
 */
export function memoryTokens() {
  /** @type {Tokens | null} */
  let kept = null;
  return {
    load: () => kept,
    save: (tokens) => { kept = tokens; },
  };
}

/** @param {string} name Of what needs it. @returns {Storage} */
export function storageOfPage(name) {
  const storage = globalThis.document && globalThis.localStorage;
  if (!storage) throw new TypeError(`${name}() keeps things in a browser's localStorage: here leave it out, or pass a Storage`);
  return storage;
}

/**
 * In a browser's `localStorage` or `sessionStorage`; the tabs of a page share a login by it.
 *
 * @param {Storage} [storage]
 * @param {string} [key]
 * @returns {TokenStore}
 */
export function webTokens(storage = storageOfPage('webTokens'), key = 'confab.tokens') {
  return {
    name: key,
    load: () => {
      try {
        const tokens = JSON.parse(storage.getItem(key) ?? 'null');
        return typeof tokens?.refresh_token === 'string' && typeof tokens?.access_token === 'string' ? tokens : null;
      } catch {
        return null;
      }
    },
    save: (tokens) => {
      if (tokens) storage.setItem(key, JSON.stringify(tokens));
      else storage.removeItem(key);
    },
    watch: (changed) => {
      const heard = (/** @type {StorageEvent} */ event) => {
        if (event.storageArea === storage && (event.key === key || event.key === null)) changed();
      };
      globalThis.addEventListener('storage', heard);
      return () => globalThis.removeEventListener('storage', heard);
    },
  };
}
