// How somebody is, in words.
import { shortly } from '../lib/time.js';
import { t } from '../strings/index.js';

/** @import { User } from '../types.js' */

/**
 * @param {{ status: string, last_seen_at?: string | null }} presence
 * @param {User | null} user
 */
export function presenceWords(presence, user) {
  const words = /** @type {Record<string, string>} */ (t.presence)[presence.status] ?? '';
  const seen = presence.last_seen_at ?? user?.last_seen_at;
  const there = presence.status === 'offline' && seen ? t.lastSeen(shortly(seen)) : words;
  const own = statusWords(user);
  return own ? `${there} · ${own}` : there;
}

/** What they say of themselves, as long as it holds. @param {User | null} user */
export function statusWords(user) {
  const status = user?.status;
  if (!status || (status.until && new Date(status.until) < new Date())) return '';
  return [status.emoji, status.text].filter(Boolean).join(' ');
}
