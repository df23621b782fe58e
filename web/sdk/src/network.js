// Notices that the network or the page has come back.

/**
 * Calls back when there is reason to look whether a connection is still there; does nothing where there is no page.
 *
 * @param {() => void} nudge
 * @returns {() => void} Ends it.
 */
export function watchNetwork(nudge) {
  const { document } = /** @type {any} */ (globalThis);
  if (!document || typeof globalThis.addEventListener !== 'function') return () => {};
  const shown = () => {
    if (document.visibilityState === 'visible') nudge();
  };
  globalThis.addEventListener('online', nudge);
  // The page comes back out of the browser's cache with its connection gone.
  globalThis.addEventListener('pageshow', nudge);
  document.addEventListener('visibilitychange', shown);
  return () => {
    globalThis.removeEventListener('online', nudge);
    globalThis.removeEventListener('pageshow', nudge);
    document.removeEventListener('visibilitychange', shown);
  };
}
