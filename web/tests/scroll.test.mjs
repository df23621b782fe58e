// Long histories: read backwards without a jump, around a found place, and ten thousand at once.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { until } from './kit/browser.mjs';
import { makeRoom, stage } from './kit/stage.mjs';

const all = stage();
const COUNT = 330;

/** A room with so many messages, one after the other. @param {import('playwright-core').Page} page @param {string} name @param {number} count */
const fill = (page, name, count) =>
  page.evaluate(
    async (given) => {
      const { client } = await import(new URL('model/client.js', document.querySelector('script[type=module]').src).href);
      const room = await client.rest.createRoom({ body: { kind: 'public', name: given.name } });
      for (let number = 1; number <= given.count; number += 1) {
        const content = `number ${number}. ${'and some more words '.repeat(number % 7)}`;
        await client.rest.sendMessage({ room_id: room.id, body: { content } });
      }
      return room.id;
    },
    { name, count },
  );

/** How many messages of the open room are here. @param {import('playwright-core').Page} page */
const loaded = (page) =>
  page.evaluate(async () => {
    const { chat } = await import(new URL('model/chat.js', document.querySelector('script[type=module]').src).href);
    return chat.openRoom.messages.length;
  });

/** So many more in the open room, which the server never had. @param {import('playwright-core').Page} page @param {number} count */
const swell = (page, count) =>
  page.evaluate(async (wanted) => {
    const { chat } = await import(new URL('model/chat.js', document.querySelector('script[type=module]').src).href);
    const { openRoom } = chat;
    const pattern = openRoom.messages[0];
    const items = Array.from({ length: wanted }, (_, index) => ({
      ...pattern,
      id: crypto.randomUUID(),
      client_id: `made-${index + 2}`,
      number: index + 2,
      seq: pattern.seq + index + 1,
      updated_seq: pattern.seq + index + 1,
      content: `made ${index + 2}. ${'and some more words '.repeat(index % 9)}`,
    }));
    openRoom.timeline.merge({ items, has_older: true, has_newer: false, as_of: { epoch: '', seq: 0 }, next_cursor: null, has_more: false });
    openRoom.timelineChanged();
    return openRoom.messages.length;
  }, count);

/** What is at the top of the view, and where. @param {import('playwright-core').Page} page */
const topRow = (page) =>
  page.evaluate(() => {
    const list = document.querySelector('.timeline');
    const edge = list.getBoundingClientRect().top;
    for (const row of list.querySelectorAll('[data-key]')) {
      const box = row.getBoundingClientRect();
      if (box.top >= edge && row.querySelector('[data-message]')) return { key: row.dataset.key, top: box.top };
    }
    return null;
  });

test('reading back loads what is older, and what one looks at stays where it is', async () => {
  const ada = await all.person();
  const { page } = ada;
  await ada.register('ada', 'Ada');
  const id = await fill(page, 'Long', COUNT);
  await page.reload();
  await ada.open('Long');
  await ada.message(`number ${COUNT}. `).waitFor();
  const list = page.locator('.timeline');
  await list.hover();
  while ((await loaded(page)) < COUNT) {
    const before = await loaded(page);
    // To where more is asked for, then no further: from here on nothing may move.
    await list.evaluate(async (element) => {
      element.scrollTop = 900;
      // Until the rows of this place are drawn, those of the last one are found.
      await new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
    });
    const row = await topRow(page);
    await until(async () => (await loaded(page)) > before, 'older messages are there');
    await page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))));
    const now = await page.locator(`[data-key="${row.key}"]`).evaluate((element) => element.getBoundingClientRect().top);
    assert.ok(Math.abs(now - row.top) < 3, `it jumped by ${now - row.top} px`);
  }
  await list.evaluate((element) => {
    element.scrollTop = 0;
  });
  await page.getByText('This is the beginning of the room.').waitFor();
  await ada.message('number 1. ').waitFor();

  // A new message does not tear the reader away, one's own does.
  await page.getByRole('button', { name: 'Latest' }).click();
  await ada.message(`number ${COUNT}. `).waitFor();

  // Around a place in the middle, by its address; and on to the end without a gap.
  const seq = await page.evaluate(async () => {
    const { chat } = await import(new URL('model/chat.js', document.querySelector('script[type=module]').src).href);
    return chat.openRoom.messages.find(({ number }) => number === 40).seq;
  });
  await page.goto('about:blank');
  await page.goto(`${all.server.url}#/room/${id}/${seq}`);
  await page.locator('.message.found', { hasText: 'number 40. ' }).waitFor();
  assert.ok(await ada.message('number 40. ').isVisible());
  const seen = new Set();
  await until(async () => {
    const numbers = await page.locator('.timeline .text').allInnerTexts();
    for (const text of numbers) seen.add(Number(/number (\d+)/.exec(text)?.[1]));
    await list.evaluate((element) => {
      element.scrollTop += element.clientHeight * 0.8;
    });
    return seen.has(COUNT);
  }, 'the end is reached');
  for (let number = 40; number <= COUNT; number += 1) assert.ok(seen.has(number), `${number} was never shown`);
  assert.deepEqual(ada.complaints, []);
});

test('ten thousand messages are a handful of rows', async () => {
  const ada = await all.person();
  const { page } = ada;
  await ada.register('ada2', 'Ada');
  await fill(page, 'Endless', 1);
  await page.reload();
  await ada.open('Endless');
  await ada.message('number 1. ').waitFor();
  const total = await swell(page, 10_000);
  assert.equal(total, 10_001);
  const list = page.locator('.timeline');
  await ada.message('made 10001. ').waitFor();
  const rows = () => page.locator('.timeline [data-key]').count();
  assert.ok((await rows()) < 120, `${await rows()} rows`);
  // Anywhere: the rows that belong there are there, and few.
  for (const part of [0.5, 0.1, 0.9]) {
    await list.evaluate((element, where) => {
      element.scrollTop = element.scrollHeight * where;
    }, part);
    await until(async () => {
      const inView = await page.evaluate(() => {
        const list = document.querySelector('.timeline').getBoundingClientRect();
        const middle = document.elementFromPoint(list.left + list.width - 200, list.top + list.height / 2);
        return middle?.closest('[data-key]') !== null;
      });
      return inView;
    }, 'rows are in view');
    assert.ok((await rows()) < 120);
  }
  await list.evaluate((element) => {
    element.scrollTop = 0;
  });
  await ada.message('number 1. ').waitFor();
  await page.getByRole('button', { name: 'Latest' }).click();
  await ada.message('made 10001. ').waitFor();
  assert.deepEqual(ada.complaints, []);
});

/** Said by a client of nobody's window, one after the other. @param {import('playwright-core').Page} page @param {string} id @param {string[]} texts */
const sayMany = (page, id, texts) =>
  page.evaluate(
    async (given) => {
      const { client } = await import(new URL('model/client.js', document.querySelector('script[type=module]').src).href);
      for (const content of given.texts) await client.rest.sendMessage({ room_id: given.id, body: { content } });
    },
    { id, texts },
  );

test('who opens a room at its unread line, and is at the end with it, stays at the end', async () => {
  const [ada, bob] = [await all.person(), await all.person()];
  await ada.register('ada3', 'Ada');
  await bob.register('bob3', 'Bob');
  await makeRoom(ada, 'Followed', ['Bob']);
  const id = await ada.page.locator('[data-open-room]').getAttribute('data-open-room');
  await bob.open('Followed');
  await bob.page.getByText('This is the beginning of the room.').waitFor();
  await sayMany(ada.page, id, Array.from({ length: 30 }, (_, index) => `before ${index}.`));
  await bob.message('before 29.').waitFor();
  await bob.page.evaluate(() => {
    location.hash = '#/';
  });
  await bob.page.locator('.timeline').waitFor({ state: 'detached' });
  await sayMany(ada.page, id, ['the one unread.']);
  const entry = bob.page.locator('a.conversation').filter({ hasText: 'Followed' });
  await entry.locator('[data-unread="1"]').waitFor();
  await bob.open('Followed');
  await bob.page.locator('.unread-line').waitFor();
  await bob.message('the one unread.').waitFor();
  // From here on nothing is touched.
  await sayMany(ada.page, id, Array.from({ length: 25 }, (_, index) => `after ${index}.`));
  await bob.message('after 24.').waitFor();
  await entry.locator('[data-unread]').waitFor({ state: 'detached' });
  assert.equal(await bob.page.locator('.to-latest').count(), 0);
  assert.deepEqual([ada.complaints, bob.complaints], [[], []]);
});

test('a room that is left while it scrolls is left in peace', async () => {
  const ada = await all.person();
  await ada.register('ada4', 'Ada');
  await fill(ada.page, 'Left', 3);
  await ada.page.reload();
  await ada.open('Left');
  await ada.message('number 3. ').waitFor();
  await ada.page.evaluate(async () => {
    const list = document.querySelector('.timeline');
    location.hash = '#/';
    while (list.isConnected) await new Promise((resolve) => requestAnimationFrame(resolve));
    list.dispatchEvent(new Event('scroll'));
  });
  assert.deepEqual(ada.complaints, []);
});
