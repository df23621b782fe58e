// Waits that keep no process alive, and the wait before another attempt.

/**
 * As `setTimeout`, but a process may end meanwhile.
 *
 * @param {() => void} act
 * @param {number} waitMs
 * @returns {() => void} Calls it off.
 */
export function later(act, waitMs) {
  /** @type {any} */
  const timer = setTimeout(act, Math.min(waitMs, 0x7fff_ffff));
  timer.unref?.();
  return () => clearTimeout(timer);
}

/**
 * @param {number} waitMs
 * @returns {Promise<void>}
 */
export const pause = (waitMs) => new Promise((resolve) => { setTimeout(resolve, waitMs); });

/**
 * Exponential with full jitter: clients that were cut off together do not come back together.
 *
 * @param {number} attempt 0 for the first.
 * @param {{ baseMs: number, capMs: number }} bounds
 */
export function backoff(attempt, { baseMs, capMs }) {
  return Math.random() * Math.min(capMs, baseMs * 2 ** Math.min(attempt, 30));
}
