// The figures of docs/performance.md that are about the page: on a cold cache, in a real browser, against the binary
// that CONFAB_BIN names (target/debug/confab otherwise).
import { gzipSync } from 'node:zlib';
import { Server } from '../sdk/tests/kit/server.js';
import { Person, launch } from '../tests/kit/browser.mjs';

const STARTS = 9;
const MESSAGES = 10_000;
/** What each is to stay below. */
const AIMS = { readyMs: 1_000, bytes: 150_000, frameMs: 16.7 };

const server = await Server.start();
const browser = await launch();
try {
  /** @type {number[]} */
  const outside = [];
  /** @type {number[]} */
  const inside = [];
  let bytes = 0;
  let files = 0;
  const first = await Person.at(browser, server.url);
  await first.register('bench', 'Bench');
  const room = await first.page.evaluate(async () => {
    const { client } = await import(new URL('model/client.js', /** @type {any} */ (document.querySelector('script[type=module]')).src).href);
    const made = await client.rest.createRoom({ body: { kind: 'public', name: 'Bench' } });
    for (let number = 1; number <= 60; number += 1) {
      await client.rest.sendMessage({ room_id: made.id, body: { content: `**number** ${number}`, content_type: 'text/markdown' } });
    }
    return made.id;
  });
  const login = await first.context.storageState();
  for (let start = 0; start < STARTS; start += 1) {
    // A context of its own has a cache of its own.
    outside.push(await timed({}, '', 'form'));
    inside.push(await timed({ storageState: login }, `#/room/${room}`, '.timeline article'));
  }
  const counted = await browser.newContext();
  const page = await counted.newPage();
  page.on('response', async (response) => {
    if (!response.headers()['content-type']?.startsWith('text/javascript')) return;
    const size = gzipSync(await response.body()).length;
    bytes += size;
    files += 1;
  });
  await page.goto(server.url, { waitUntil: 'networkidle' });
  report('page ready, signing in (cold cache)', outside, AIMS.readyMs);
  report('page ready, a room with its messages (cold cache)', inside, AIMS.readyMs);
  console.log(`JavaScript before the page runs: ${(bytes / 1000).toFixed(1)} KB compressed in ${files} files; aim: below ${AIMS.bytes / 1000} KB`);
  report(`a frame while scrolling through ${MESSAGES} messages`, await scrolled(first), AIMS.frameMs);
} finally {
  await browser.close();
  await server.remove();
}

/** Milliseconds from the navigation until it is there. @param {any} options @param {string} hash @param {string} selector */
async function timed(options, hash, selector) {
  const context = await browser.newContext(options);
  await context.addInitScript((wanted) => {
    const look = () => {
      if (document.querySelector(wanted)) /** @type {any} */ (globalThis).readyAt = performance.now();
      else requestAnimationFrame(look);
    };
    look();
  }, selector);
  const page = await context.newPage();
  await page.goto(server.url + hash);
  const at = await page.waitForFunction(() => /** @type {any} */ (globalThis).readyAt);
  const milliseconds = /** @type {number} */ (await at.jsonValue());
  await context.close();
  return milliseconds;
}

/** Milliseconds of each frame. @param {Person} person @returns {Promise<number[]>} */
async function scrolled({ page }) {
  await page.reload();
  await page.locator('a.conversation').first().click();
  await page.locator('.timeline article').first().waitFor();
  return page.evaluate(async (count) => {
    const { chat } = await import(new URL('model/chat.js', /** @type {any} */ (document.querySelector('script[type=module]')).src).href);
    const pattern = chat.openRoom.messages.at(-1);
    const items = Array.from({ length: count }, (_, index) => ({
      ...pattern,
      id: crypto.randomUUID(),
      client_id: `made-${index}`,
      number: pattern.number + index + 1,
      seq: pattern.seq + index + 1,
      updated_seq: pattern.seq + index + 1,
      content: `made **${index}** ${'and some more words '.repeat(index % 9)}`,
    }));
    chat.openRoom.timeline.merge({ items, has_older: true, has_newer: false, as_of: { epoch: '', seq: 0 }, next_cursor: null, has_more: false });
    chat.openRoom.timelineChanged();
    const frame = () => new Promise((resolve) => requestAnimationFrame(resolve));
    await frame();
    const list = /** @type {Element} */ (document.querySelector('.timeline'));
    const frames = [];
    let before = performance.now();
    for (let step = 0; step < 300; step += 1) {
      list.scrollTop -= 240;
      await frame();
      const now = performance.now();
      frames.push(now - before);
      before = now;
    }
    return frames;
  }, MESSAGES);
}

/** @param {string} what @param {number[]} milliseconds @param {number} aim For the median. */
function report(what, milliseconds, aim) {
  const sorted = [...milliseconds].sort((a, b) => a - b);
  const at = (/** @type {number} */ part) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))].toFixed(0);
  console.log(`${what}: median ${at(0.5)} ms, 95 % within ${at(0.95)} ms, worst ${at(1)} ms; aim: a median below ${aim} ms`);
}
