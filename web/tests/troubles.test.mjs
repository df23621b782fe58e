// What fails on the way is said where one looks, and is over as soon as its cause is.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Server } from '../sdk/tests/kit/server.js';
import { makeRoom, stage } from './kit/stage.mjs';

const all = stage();

test('what cannot be fetched says so, closes, and is there at the next click', async () => {
  const ada = await all.person();
  const { page } = ada;
  await ada.register('ada', 'Ada');
  await makeRoom(ada, 'Far away', []);
  await ada.say('Take me away');
  await ada.arrived('Take me away');
  const isLazy = /\/app\/(?:views\/(?:settings|small_dialogs|drawer|emoji)|data\/emoji)\.js/;
  await page.route(isLazy, (route) => route.abort());
  let failures = 0;
  const failed = () => page.locator('.toast', { hasText: 'could not be opened' }).nth(failures++).waitFor();
  await page.getByRole('button', { name: 'Profile and settings' }).click();
  await failed();
  await ada.act('Take me away', 'Delete');
  await failed();
  await page.getByRole('button', { name: 'Developer drawer' }).click();
  await failed();
  await page.locator('.composer').getByRole('button', { name: 'Emoji' }).click();
  await page.locator('.emoji-picker').waitFor({ state: 'detached' });
  // Nothing is in the way of the key that closes.
  await ada.showDetails();
  await page.keyboard.press('Escape');
  await page.getByRole('complementary', { name: 'Details' }).waitFor({ state: 'detached' });

  await page.unroute(isLazy);
  await (await ada.showSettings()).waitFor();
  await ada.escape();
  await ada.act('Take me away', 'Delete');
  await page.getByRole('dialog', { name: 'Delete this message?' }).waitFor();
  await ada.escape();
  await page.locator('.composer').getByRole('button', { name: 'Emoji' }).click();
  // The heart that is meant is the first.
  await page.getByLabel('Find an emoji').fill('heart');
  await page.locator('.emoji-grid button').first().and(page.getByTitle('red heart', { exact: true })).waitFor();
  await page.getByLabel('Find an emoji').fill('germany');
  await page.getByTitle('flag Germany').waitFor();
  await page.keyboard.press('Escape');
  await page.getByRole('button', { name: 'Developer drawer' }).click();
  await page.locator('.drawer').waitFor();
  assert.deepEqual(ada.complaints, []);
});

test('a network that is gone shows at once', async () => {
  const ada = await all.person();
  await ada.register('ada2', 'Ada');
  await ada.context.setOffline(true);
  // Long before any sign of life is missed.
  await ada.page.locator('.sidebar [data-connection="waiting"]').waitFor({ timeout: 4_000 });
  await ada.context.setOffline(false);
  await ada.connected();
});

test('a double click does once what it asks for', async () => {
  const ada = await all.person();
  const { page } = ada;
  await ada.register('ada3', 'Ada');
  /** @type {string[]} */
  const asked = [];
  // Slow enough for the second click to come first.
  await page.route(/\/(?:rooms|invitations)(?:\/[\w-]+)?$/, async (route) => {
    const method = route.request().method();
    if (method === 'GET') return route.continue();
    asked.push(`${method} ${new URL(route.request().url()).pathname.replace(/[0-9a-f-]{36}/, 'id')}`);
    const answer = await route.fetch();
    await page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))));
    return route.fulfill({ response: answer });
  });
  await page.getByRole('button', { name: 'New conversation' }).first().click();
  await page.getByRole('tab', { name: 'New room' }).click();
  await page.getByLabel('Name', { exact: true }).fill('Only one');
  await page.getByRole('button', { name: 'Create room' }).dblclick();
  await page.locator('.room h1', { hasText: 'Only one' }).waitFor();
  await ada.showDetails();
  await page.getByRole('button', { name: 'Invite by link' }).click();
  await page.getByRole('button', { name: 'Make a link' }).dblclick();
  await page.getByRole('button', { name: 'Copy', exact: true }).waitFor();
  await page.getByText('Links that work').waitFor();
  await ada.escape();
  await page.getByRole('button', { name: 'Room settings' }).click();
  await page.getByLabel(/I know that this deletes/).check();
  await page.getByRole('button', { name: 'Delete room' }).dblclick();
  await page.getByRole('dialog').waitFor({ state: 'detached' });
  await page.locator('a.conversation', { hasText: 'Only one' }).waitFor({ state: 'detached' });
  assert.deepEqual(asked, ['POST /rooms', 'POST /rooms/id/invitations', 'DELETE /rooms/id']);
});

test('a list that cannot be had says so, and is asked for again', async () => {
  const ada = await all.person();
  const { page } = ada;
  await ada.register('ada4', 'Ada');
  await makeRoom(ada, 'Lists', []);
  await page.route('**/pins*', (route) => route.abort());
  await page.getByRole('button', { name: 'Pinned messages' }).click();
  const panel = page.locator('.panel');
  await panel.getByText('The server was not reached.').waitFor();
  assert.equal(await panel.getByText('Nothing is pinned here.').count(), 0);
  await page.unroute('**/pins*');
  await panel.getByRole('button', { name: 'Try again' }).click();
  await panel.getByText('Nothing is pinned here.').waitFor();

  await ada.say('What do you say?');
  await ada.arrived('What do you say?');
  await page.route('**/replies*', (route) => route.abort());
  await ada.act('What do you say?', 'Open thread');
  await page.getByRole('complementary', { name: 'Thread' }).getByText('The server was not reached.').waitFor();
  await page.unroute('**/replies*');
  await page.getByRole('complementary', { name: 'Thread' }).getByRole('button', { name: 'Try again' }).click();
  await page.getByRole('complementary', { name: 'Thread' }).getByText('The server was not reached.').waitFor({ state: 'detached' });

  await page.route(/\/reports(?:\?|$)/, (route) => route.abort());
  await ada.showDetails();
  await page.getByRole('button', { name: 'Reports' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByText('The server was not reached.').waitFor();
  assert.equal(await dialog.getByText('Nothing is reported.').count(), 0);
  await page.unroute(/\/reports(?:\?|$)/);
  await dialog.getByRole('button', { name: 'Try again' }).click();
  await dialog.getByText('Nothing is reported.').waitFor();
});

test('a file that cannot be sent says what to do before the words can', async () => {
  const ada = await all.person();
  const { page } = ada;
  await ada.register('ada5', 'Ada');
  await makeRoom(ada, 'Files', []);
  await page.locator('.composer input[type=file]').setInputFiles({ name: 'nothing.txt', mimeType: 'text/plain', buffer: Buffer.alloc(0) });
  await page.locator('.composer').getByText(/remove the file or try it again/).waitFor();
  await page.getByRole('button', { name: 'Remove nothing.txt' }).click();
  await page.locator('.composer').getByText(/remove the file or try it again/).waitFor({ state: 'detached' });
  await ada.say('Only words');
  await ada.arrived('Only words');
});

test('who blocked somebody reads so, and takes it back there', async () => {
  const [ada, eve] = [await all.person(), await all.person()];
  const { page } = ada;
  await ada.register('ada6', 'Ada');
  await eve.register('eve6', 'Eve');
  // Found by the name as it is written in a message, too.
  await page.getByRole('button', { name: 'New conversation' }).first().click();
  await page.getByLabel('Find people by name').fill('@eve');
  await page.locator('dialog .person-open').filter({ hasText: '@eve6' }).click();
  await page.getByRole('dialog').waitFor({ state: 'detached' });
  await ada.say('Good day');
  await ada.arrived('Good day');
  await ada.showDetails();
  await page.getByRole('button', { name: 'Block', exact: true }).click();
  const words = page.locator('.cannot-write', { hasText: /You blocked .*Eve/ });
  await words.waitFor();
  // It is known after a reload as well.
  await page.reload();
  await words.getByRole('button', { name: 'Unblock' }).click();
  await ada.say('Good day again');
  await ada.arrived('Good day again');
  assert.deepEqual(ada.complaints, []);
});

test('a message that came too soon says when it is sent', async () => {
  const strict = await Server.start({ LIMIT_ROOM_SENDS: '2/10s' });
  try {
    const ada = await all.person({}, strict.url);
    await ada.register('ada7', 'Ada');
    await makeRoom(ada, 'Haste', []);
    for (const text of ['one', 'two', 'three', 'four']) await ada.say(text);
    await ada.page.locator('[data-outgoing="pending"]', { hasText: /Too many at once: sent in \d+ seconds?/ }).first().waitFor();
    await ada.arrived('four');
    assert.deepEqual(await ada.page.locator('.timeline article .text').allInnerTexts(), ['one', 'two', 'three', 'four']);
  } finally {
    await strict.remove();
  }
});

test('a draft outlives what another window sends', async () => {
  const ada = await all.person();
  await ada.register('ada8', 'Ada');
  await makeRoom(ada, 'Two windows', []);
  const id = await ada.page.locator('[data-open-room]').getAttribute('data-open-room');
  const other = await ada.context.newPage();
  await other.goto(`${all.server.url}#/room/${id}`);
  await other.locator('.room textarea').waitFor();
  await ada.page.locator('.room textarea').fill('not finished yet');
  await other.waitForFunction(() => Object.entries(localStorage).some(([name, text]) => name.includes('.draft.') && text.includes('not finished')));
  await other.locator('.room textarea').fill('Hello');
  await other.waitForFunction(() => Object.entries(localStorage).some(([name, text]) => name.includes('.draft.') && text.includes('Hello')));
  await other.locator('.room textarea').press('Enter');
  await ada.arrived('Hello');
  await other.waitForFunction(() => !Object.keys(localStorage).some((name) => name.includes('.draft.')));
  await ada.page.reload();
  await ada.page.waitForFunction(() => document.querySelector('.room textarea')?.value === 'not finished yet');
});

test('words and names keep their direction beside each other', async () => {
  const [ada, bob] = [await all.person(), await all.person()];
  await ada.register('ada9', 'Ada');
  await bob.register('bob9', 'Bob');
  await makeRoom(ada, 'Directions', ['Bob']);
  await ada.say('مرحبا! 1');
  const line = bob.page.locator('a.conversation', { hasText: 'Directions' }).locator('.last');
  await line.getByText('مرحبا').waitFor();
  /** Where a letter of an element stands. @param {import('playwright-core').Locator} element @param {string} letter */
  const at = (element, letter) =>
    element.evaluate((root, wanted) => {
      const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
      for (let node = walker.nextNode(); node; node = walker.nextNode()) {
        const index = node.data.indexOf(wanted);
        if (index < 0) continue;
        const range = document.createRange();
        range.setStart(node, index);
        range.setEnd(node, index + 1);
        return range.getBoundingClientRect().left;
      }
      throw new Error(`no ${wanted}`);
    }, letter);
  // In the sentence of an English page the name is before the words, whose mark and number are at their end.
  assert.ok((await at(line, 'A')) < (await at(line, '1')));
  assert.ok((await at(line, '1')) < (await at(line, 'م')));
  await bob.page.evaluate(() => {
    document.documentElement.dir = 'rtl';
  });
  await bob.open('Directions');
  await bob.showDetails();
  const name = bob.page.locator('.panel .person', { hasText: '@ada9' }).locator('p');
  assert.ok((await at(name, '@')) < (await at(name, '9')));
  assert.ok((await at(line, 'A')) > (await at(line, 'م')));
});

test('what is written is in sight whatever the width, and what is deleted bears no pin', async () => {
  const ada = await all.person();
  const { page } = ada;
  await ada.register('ada10', 'Ada');
  await makeRoom(ada, 'Widths', []);
  await ada.say('Pinned and gone');
  await ada.arrived('Pinned and gone');
  await ada.act('Pinned and gone', 'Pin');
  await ada.message('Pinned and gone').getByText('Pinned', { exact: true }).waitFor({ state: 'attached' });
  await ada.act('Pinned and gone', 'Delete');
  await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
  await page.locator('.message.deleted').waitFor();
  assert.equal(await page.locator('.message.deleted .meta').getByText('Pinned', { exact: true }).count(), 0);

  await page.locator('.room textarea').fill('some more words '.repeat(9));
  const isWhole = () => {
    const area = document.querySelector('.room textarea');
    return area.scrollHeight <= area.clientHeight + 2 && area.clientHeight > 0;
  };
  await page.waitForFunction(isWhole);
  await page.setViewportSize({ width: 420, height: 800 });
  await page.waitForFunction(() => document.querySelector('.room textarea').clientWidth < 400);
  await page.waitForFunction(isWhole);
});

test('a search that cannot be had says so where one searches', async () => {
  const [ada, bob] = [await all.person(), await all.person()];
  const { page } = ada;
  await ada.register('ada11', 'Ada');
  await bob.register('bob11', 'Bob Eleven');
  await makeRoom(ada, 'Searches', []);
  const isSearch = /\/(?:users|rooms|search)\?/;
  /** @param {import('playwright-core').Locator} place @param {() => Promise<unknown>} ask @param {import('playwright-core').Locator} found */
  const heals = async (place, ask, found) => {
    await page.route(isSearch, (route) => route.abort());
    await ask();
    await place.getByText('The server was not reached.').waitFor();
    await page.unroute(isSearch);
    await place.getByRole('button', { name: 'Try again' }).click();
    await found.waitFor();
    await place.getByText('The server was not reached.').waitFor({ state: 'detached' });
  };
  const list = page.locator('.conversations');
  await heals(list, () => page.getByLabel('Find a conversation').fill('Bob Eleven'), list.getByRole('button', { name: /@bob11/ }));
  await page.getByLabel('Find a conversation').fill('');

  const dialog = page.getByRole('dialog');
  await page.getByRole('button', { name: 'New conversation' }).first().click();
  await heals(dialog, () => page.getByLabel('Find people by name').fill('bob11'), dialog.locator('.person-open', { hasText: '@bob11' }));
  await page.getByRole('tab', { name: 'Rooms' }).click();
  await heals(dialog, () => page.getByLabel('Find public rooms').fill('Searc'), dialog.locator('.person-open', { hasText: 'Searches' }));
  await ada.escape();

  await page.getByRole('button', { name: 'Search', exact: true }).click();
  const panel = page.locator('.panel');
  await heals(panel, () => page.getByLabel('Words to look for').fill('nothing like it'), panel.getByText('Nothing found.'));
  assert.equal(await page.locator('.toast').count(), 0);
});

test('a form is sent once, however often it is asked for', async () => {
  const [ada, bob] = [await all.person(), await all.person()];
  const { page } = ada;
  await ada.register('ada12', 'Ada');
  await bob.register('bob12', 'Robert');
  await makeRoom(ada, 'Forms', ['Robert']);
  await bob.open('Forms');
  await bob.say('Something bad');
  await ada.arrived('Something bad');
  await ada.act('Something bad', 'Report to the moderators');
  await page.getByLabel('What is wrong with it').fill('All of it');
  /** @type {string[]} */
  const asked = [];
  await page.route(/\/(?:me|me\/password|reports?|reports\/[\w-]+|rooms\/[\w-]{36}|report)$/, async (route) => {
    const method = route.request().method();
    if (method === 'GET') return route.continue();
    asked.push(`${method} ${new URL(route.request().url()).pathname.replaceAll(/[0-9a-f-]{36}/g, 'id')}`);
    const answer = await route.fetch();
    await page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))));
    return route.fulfill({ response: answer });
  });
  await page.getByRole('button', { name: 'Report', exact: true }).dblclick();
  await ada.toast('The moderators were told.');
  await ada.showDetails();
  await page.getByRole('button', { name: 'Reports' }).click();
  await page.getByRole('button', { name: 'Done', exact: true }).dblclick();
  await page.getByText('Nothing is reported.').waitFor();
  await ada.escape();
  await page.getByRole('button', { name: 'Room settings' }).click();
  await page.getByLabel('What it is for').fill('To be filled in');
  await page.getByRole('button', { name: 'Save' }).dblclick();
  await page.getByText('Saved.').waitFor();
  await ada.escape();
  const settings = await ada.showSettings();
  const save = settings.getByRole('button', { name: 'Save' });
  await settings.getByLabel('Name that others see').fill('Ada L.');
  await save.first().dblclick();
  await settings.getByText('Saved.').waitFor();
  await settings.getByLabel('Current password').fill('not it');
  await settings.getByLabel('New password').fill('correct horse battery staple 2');
  await save.last().dblclick();
  await settings.getByText('The current password is not right.').waitFor();
  assert.deepEqual(
    asked.map((one) => one.replace('/messages/id', '')),
    ['POST /report', 'DELETE /rooms/id/reports/id', 'PATCH /rooms/id', 'PATCH /me', 'PUT /me/password'],
  );
});

test('who types without a pause keeps the words when the page is lost', async () => {
  const ada = await all.person();
  await ada.register('ada13', 'Ada');
  await makeRoom(ada, 'Crashes', []);
  const { page } = ada;
  const draft = () => page.evaluate(() => Object.entries(localStorage).find(([name]) => name.includes('.draft.'))?.[1] ?? '');
  // Never as long without a letter as a draft waits for.
  let letters = 0;
  while ((await draft()) === '') {
    assert.ok(letters < 200, 'nothing was kept');
    await page.locator('.room textarea').pressSequentially('a');
    letters += 1;
  }
  const [id, kept] = [await page.locator('[data-open-room]').getAttribute('data-open-room'), JSON.parse(await draft())];
  // A page that crashes has no last word.
  const session = await ada.context.newCDPSession(page);
  const crashed = page.waitForEvent('crash');
  void session.send('Page.crash').catch(() => {});
  await crashed;
  const again = await ada.context.newPage();
  await again.goto(`${all.server.url}#/room/${id}`);
  await again.waitForFunction((words) => document.querySelector('.room textarea')?.value.startsWith(words), kept);
});
