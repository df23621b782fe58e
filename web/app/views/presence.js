// How somebody is, in words.
import { shortly } from '../lib/time.js';
import { t } from '../strings/index.js';

/** @param {{ status: string, last_seen_at?: string | null, status_text?: string | null }} presence @param {string | null} [lastSeenAt] */
export function presenceWords(presence, lastSeenAt = null) {
  const words = /** @type {Record<string, string>} */ (t.presence)[presence.status] ?? '';
  if (presence.status !== 'offline') return presence.status_text ? `${words} · ${presence.status_text}` : words;
  const seen = presence.last_seen_at ?? lastSeenAt;
  return seen ? t.lastSeen(shortly(seen)) : words;
}
