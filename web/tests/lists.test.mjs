// Lists that lead to messages and people: files of a room, mentions, pins, members of a room that is not read whole.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { until } from './kit/browser.mjs';
import { png } from './kit/pictures.mjs';
import { makeRoom, stage } from './kit/stage.mjs';

const all = stage();

/** @param {import('./kit/browser.mjs').Person} person @param {string} name @param {string | Buffer} content @param {string} words */
async function send(person, name, content, words) {
  await person.page.locator('.room input[type=file]').setInputFiles({ name, mimeType: name.endsWith('.png') ? 'image/png' : 'text/plain', buffer: Buffer.from(content) });
  await person.page.locator('.upload progress').waitFor({ state: 'detached' });
  await person.say(words);
  await person.arrived(words);
}

test('files of a room are listed by their kind, and lead to their messages', async () => {
  const [ada, bob] = [await all.person(), await all.person()];
  const { page } = ada;
  await ada.register('ada', 'Ada');
  await bob.register('bob', 'Bob Files');
  await makeRoom(ada, 'Archive', ['Bob Files']);
  await bob.open('Archive');
  await send(bob, 'oak.png', png(80, 60), 'The oak');
  await send(bob, 'list.txt', 'oak, elm', 'What grows here');
  await ada.showDetails();
  await page.locator('.panel').getByRole('button', { name: 'Files', exact: true }).click();
  const panel = page.getByRole('complementary', { name: 'Files' });
  const pictures = panel.locator('.picture-grid img');
  await pictures.waitFor();
  assert.equal(await pictures.count(), 1);
  // What comes is there as it comes.
  await send(bob, 'elm.png', png(60, 80), 'The elm');
  await until(async () => (await pictures.count()) === 2, 'the second picture is there');
  await panel.getByRole('button', { name: 'Open picture oak.png' }).click();
  await page.getByRole('dialog').locator('img.whole-picture').waitFor();
  await page.getByRole('dialog').getByRole('button', { name: 'Show message' }).click();
  await page.locator('.message.found', { hasText: 'The oak' }).waitFor();

  await panel.getByRole('radio', { name: 'Others' }).check();
  const line = panel.locator('.person', { hasText: 'list.txt' });
  await line.getByText('Bob Files').waitFor();
  const [download] = await Promise.all([page.waitForEvent('download'), line.getByRole('button', { name: 'Save list.txt' }).click()]);
  assert.equal(download.suggestedFilename(), 'list.txt');
  await line.getByRole('button', { name: /^list\.txt/ }).click();
  await page.locator('.message.found', { hasText: 'What grows here' }).waitFor();
  // It goes with its message.
  await bob.act('What grows here', 'Delete');
  await bob.page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
  await panel.getByText('No such files were sent here.').waitFor();
  // A list is read a page after the other; of this one each bears a file.
  await page.route(/\/files\?/, (route) => route.continue({ url: route.request().url().replace('limit=50', 'limit=1') }));
  await panel.getByRole('radio', { name: 'Pictures' }).check();
  await panel.getByRole('button', { name: 'Open picture elm.png' }).waitFor();
  assert.equal(await panel.locator('.picture-grid button').count(), 1);
  await panel.getByRole('button', { name: 'Show more' }).dblclick();
  await panel.getByRole('button', { name: 'Open picture oak.png' }).waitFor();
  await panel.getByRole('button', { name: 'Show more' }).waitFor({ state: 'detached' });
  assert.equal(await panel.locator('.picture-grid button').count(), 2);
  assert.deepEqual([...ada.complaints, ...bob.complaints], []);
});

test('who is named finds it from any room, and what is read is no news', async () => {
  const [ada, bob] = [await all.person(), await all.person()];
  const { page } = ada;
  await ada.register('ada2', 'Ada');
  await bob.register('bob2', 'Bob Names');
  await makeRoom(ada, 'First room', ['Bob Names']);
  await makeRoom(ada, 'Second room', ['Bob Names']);
  const button = page.locator('.sidebar-head').getByRole('button', { name: /^Mentions/ });
  await button.click();
  const panel = page.getByRole('complementary', { name: 'Mentions' });
  await panel.getByText('Nobody has named you yet.').waitFor();
  await bob.open('First room');
  await bob.say('Do you come, @ada2?');
  await panel.locator('.hit', { hasText: 'Do you come' }).getByText('First room').waitFor();
  await page.getByRole('button', { name: 'Mentions: 1 message mentions you' }).waitFor();
  assert.equal(await panel.locator('.hit .dot').count(), 1);
  await bob.open('Second room');
  await bob.say('And here, @here?');
  await panel.locator('.hit', { hasText: 'And here' }).waitFor();
  // From one to the next: the list stays beside the room.
  await panel.locator('.hit', { hasText: 'Do you come' }).click();
  await page.locator('.message.found', { hasText: 'Do you come' }).waitFor();
  await panel.locator('.hit .dot').waitFor({ state: 'detached' });
  await page.getByRole('button', { name: 'Mentions', exact: true }).waitFor();
  assert.equal(await panel.locator('.hit').count(), 2);

  // On a phone it makes room for the message.
  await page.setViewportSize({ width: 390, height: 780 });
  await panel.locator('.hit', { hasText: 'Do you come' }).click();
  await panel.waitFor({ state: 'detached' });
  await page.locator('.message.found', { hasText: 'Do you come' }).waitFor();
  assert.deepEqual([...ada.complaints, ...bob.complaints], []);
});

test('a member of a large room is found and named though not all members are here', async () => {
  const ada = await all.person();
  const { page } = ada;
  await ada.register('ada3', 'Ada');
  const names = Array.from({ length: 11 }, (_, index) => `member${index}`);
  const ids = await Promise.all(
    names.map(async (username) => {
      const answer = await fetch(`${all.server.url}auth/register`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ username, password: 'correct horse battery staple', display_name: `Person ${username.slice(6)}` }),
      });
      return (await answer.json()).user.id;
    }),
  );
  // As in a room that is too large to be read whole: only the first are told.
  await page.route(/\/members\?limit=100/, async (route) => {
    const answer = await route.fetch();
    const { items, ...others } = await answer.json();
    await route.fulfill({ response: answer, json: { ...others, items: items.slice(0, 2), next_cursor: null, has_more: false } });
  });
  await makeRoom(ada, 'Crowd', []);
  await page.evaluate(async (members) => {
    const script = /** @type {HTMLScriptElement} */ (document.querySelector('script[type=module]'));
    const { client } = await import(new URL('model/client.js', script.src).href);
    await client.rest.addMembers({ room_id: location.hash.slice('#/room/'.length), body: { members: members.map((/** @type {string} */ user_id) => ({ user_id })) } });
  }, ids);
  // Those who come while one looks are known.
  await page.reload();
  await page.locator('.room-head').getByText('12 members').waitFor();
  await page.locator('.room textarea').fill('@member7');
  await page.locator('.room textarea').press('End');
  await page.getByRole('option', { name: /Person 7/ }).waitFor();
  await page.locator('.room textarea').fill('');
  await ada.showDetails();
  const panel = page.locator('.panel');
  await panel.getByLabel('Find a member').fill('pers');
  await until(async () => (await panel.locator('.person').count()) === 11, 'all of them are found');
  await panel.getByLabel('Find a member').fill('person 9');
  await until(async () => (await panel.locator('.person').count()) === 1, 'one of them is found');
  await panel.getByRole('button', { name: 'Actions for Person 9' }).click();
  await page.getByRole('menuitem', { name: 'Make moderator' }).click();
  await panel.locator('.person', { hasText: 'Person 9' }).getByText('Moderator').waitFor();
  await panel.getByLabel('Find a member').fill('nobody of that name');
  await panel.getByText('Nobody of this name is here.').waitFor();
  assert.deepEqual(ada.complaints, []);
});

test('a pin says who made it', async () => {
  const [ada, bob] = [await all.person(), await all.person()];
  await ada.register('ada4', 'Ada Pins');
  await bob.register('bob4', 'Bob Pins');
  await makeRoom(ada, 'Pinboard', ['Bob Pins']);
  await bob.open('Pinboard');
  await bob.say('Keep this');
  await ada.arrived('Keep this');
  await ada.act('Keep this', 'Pin');
  await bob.page.getByRole('button', { name: 'Pinned messages' }).first().click();
  await bob.page.locator('.panel .hit', { hasText: 'Keep this' }).getByText(/Pinned by .*Ada Pins/).waitFor();
  await ada.page.getByRole('button', { name: 'Pinned messages' }).first().click();
  await ada.page.locator('.panel .hit', { hasText: 'Keep this' }).getByText(/Pinned by .*You/).waitFor();
  assert.deepEqual([...ada.complaints, ...bob.complaints], []);
});
