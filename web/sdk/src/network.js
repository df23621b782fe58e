// Notices that the network is gone, and that it or the page has come back.

/**
 * Calls back when there is reason to look whether a connection is still there; does nothing where there is no page.
 *
 * @param {() => void} nudge
 * @param {() => void} lost
 * @returns {() => void} Ends it.
 */
export function watchNetwork(nudge, lost) {
  const { document } = /** @type {any} */ (globalThis);
  if (!document || typeof globalThis.addEventListener !== 'function') return () => {};
  const shown = () => {
    if (document.visibilityState === 'visible') nudge();
  };
  globalThis.addEventListener('online', nudge);
  globalThis.addEventListener('offline', lost);
  // The page comes back out of the browser's cache with its connection gone.
  globalThis.addEventListener('pageshow', nudge);
  document.addEventListener('visibilitychange', shown);
  return () => {
    globalThis.removeEventListener('online', nudge);
    globalThis.removeEventListener('offline', lost);
    globalThis.removeEventListener('pageshow', nudge);
    document.removeEventListener('visibilitychange', shown);
  };
}
