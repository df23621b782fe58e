// Ids of our own.

/**
 * Unique, of visible ASCII. Not `crypto.randomUUID`: pages that were not loaded over HTTPS do not have it.
 *
 * @returns {string} 128 random bits.
 */
export function uniqueId() {
  const bytes = new Uint8Array(16);
  if (globalThis.crypto?.getRandomValues) globalThis.crypto.getRandomValues(bytes);
  else for (const place of bytes.keys()) bytes[place] = Math.floor(Math.random() * 256);
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
