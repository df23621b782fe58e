// What people do with messages beside saying them: reacting, pinning, finding, showing pictures.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { until } from './kit/browser.mjs';
import { makeRoom, stage } from './kit/stage.mjs';

const all = stage();

test('reactions come and go in both windows', async () => {
  const [ada, bob] = [await all.person(), await all.person()];
  await ada.register('ada', 'Ada Lovelace');
  await bob.register('bob', 'Bob Ross');
  await makeRoom(ada, 'Studio', ['Bob Ross']);
  await ada.say('A happy little tree');
  await bob.open('Studio');
  await bob.message('happy little').hover();
  await bob.message('happy little').getByRole('button', { name: 'React', exact: true }).click();
  await bob.page.getByLabel('Find an emoji').fill('evergreen');
  await bob.page.getByRole('button', { name: 'evergreen tree' }).click();
  await ada.message('happy little').getByRole('button', { name: '🌲, 1 person', exact: true }).click();
  await bob.message('happy little').getByRole('button', { name: '🌲, 2 people, you too' }).waitFor();
  await ada.message('happy little').getByRole('button', { name: '🌲, 2 people, you too' }).click();
  await bob.message('happy little').getByRole('button', { name: '🌲, 1 person, you too' }).waitFor();

  // Who it was.
  await ada.message('happy little').hover();
  await ada.message('happy little').getByRole('button', { name: 'More actions' }).click();
  await ada.page.getByRole('menuitem', { name: 'Reactions' }).click();
  await ada.page.getByRole('dialog').getByText('Bob Ross').waitFor();
  await ada.page.keyboard.press('Escape');
  // What is mine is known after a reload as well.
  await bob.page.reload();
  await bob.message('happy little').getByRole('button', { name: '🌲, 1 person, you too' }).click();
  await ada.message('happy little').locator('.reaction').waitFor({ state: 'detached' });
  assert.deepEqual([ada.complaints, bob.complaints], [[], []]);
});

test('a pinned message is found by all, and unpinned', async () => {
  const [ada, bob] = [await all.person(), await all.person()];
  await ada.register('ada2', 'Ada Pins');
  await bob.register('bob2', 'Bob Pins');
  await makeRoom(ada, 'Board', ['Bob Pins']);
  await bob.open('Board');
  await ada.say('The rules of the house');
  await ada.message('The rules').hover();
  await ada.message('The rules').getByRole('button', { name: 'More actions' }).click();
  await ada.page.getByRole('menuitem', { name: 'Pin' }).click();
  await bob.message('The rules').getByText('Pinned').waitFor({ state: 'attached' });
  await bob.page.getByRole('button', { name: 'Pinned messages' }).click();
  await bob.page.locator('.panel .hit', { hasText: 'The rules' }).click();
  await bob.page.locator('.message.found', { hasText: 'The rules' }).waitFor();
  // A member may look, not pin.
  await bob.message('The rules').hover();
  await bob.message('The rules').getByRole('button', { name: 'More actions' }).click();
  assert.equal(await bob.page.getByRole('menuitem', { name: 'Unpin' }).count(), 0);
  await bob.page.keyboard.press('Escape');
  await ada.message('The rules').hover();
  await ada.message('The rules').getByRole('button', { name: 'More actions' }).click();
  await ada.page.getByRole('menuitem', { name: 'Unpin' }).click();
  await bob.message('The rules').getByText('Pinned').waitFor({ state: 'detached' });
});

test('a message is found by its words and shown where it stands', async () => {
  const ada = await all.person();
  await ada.register('ada3', 'Ada Finds');
  await makeRoom(ada, 'Library', []);
  await ada.say('The **quick** brown fox');
  await ada.say('sleeps');
  await ada.message('sleeps').locator('[data-progress="sent"]').waitFor();
  await ada.page.keyboard.press('Control+Shift+f');
  const words = ada.page.getByLabel('Words to look for');
  const hit = ada.page.locator('.panel .hit', { hasText: 'brown fox' });
  // What was just said is found a moment later: asked again until it is.
  await until(async () => {
    await words.fill('');
    await ada.page.getByText('Nothing found.').waitFor({ state: 'detached' });
    await words.fill('quick');
    await hit.or(ada.page.getByText('Nothing found.')).first().waitFor();
    return (await hit.count()) > 0;
  }, 'it is found');
  await hit.locator('mark', { hasText: 'quick' }).waitFor();
  await hit.click();
  await ada.page.locator('.message.found', { hasText: 'brown fox' }).waitFor();
  assert.deepEqual(ada.complaints, []);
});

test('what happens to a room while it is being fetched is not lost', async () => {
  const [ada, bob] = [await all.person(), await all.person()];
  await ada.register('ada7', 'Ada Renames');
  await bob.register('bob7', 'Bob Is Slow');
  /** @type {(value?: unknown) => void} */
  let release = () => {};
  const held = new Promise((resolve) => {
    release = resolve;
  });
  let isAsked = false;
  await bob.page.route(/\/rooms\/[0-9a-f-]{36}$/, async (route) => {
    const response = await route.fetch();
    isAsked = true;
    await held;
    await route.fulfill({ response });
  });
  await makeRoom(ada, 'Quick change', ['Bob Is Slow']);
  await until(() => isAsked, 'it is asked for');
  const { id, last_seq } = await ada.page.evaluate(async () => {
    const { client } = await import(new URL('model/client.js', document.querySelector('script[type=module]').src).href);
    return client.rest.updateRoom({ room_id: location.hash.slice('#/room/'.length), body: { description: 'as it is now' } });
  });
  await until(() => bob.page.evaluate(async ({ id, last_seq }) => {
    const { client } = await import(new URL('model/client.js', document.querySelector('script[type=module]').src).href);
    return client.seqOf(id) >= last_seq;
  }, { id, last_seq }), 'the change has come');
  release();
  await bob.open('Quick change');
  await bob.page.locator('.room-title', { hasText: 'as it is now' }).waitFor();
  assert.deepEqual([ada.complaints, bob.complaints], [[], []]);
});

test('a conversation is pinned, muted and put away, on all windows of a person', async () => {
  const [ada, bob] = [await all.person(), await all.person()];
  await ada.register('ada4', 'Ada Sorts');
  await bob.register('bob4', 'Bob Sorts');
  await makeRoom(ada, 'First room', ['Bob Sorts']);
  await makeRoom(ada, 'Second room', ['Bob Sorts']);
  const other = await all.person();
  await other.signIn('ada4');
  const names = (/** @type {import('./kit/browser.mjs').Person} */ person) => person.page.locator('a.conversation .name').allInnerTexts();
  const menu = async (/** @type {string} */ room, /** @type {string} */ item) => {
    await ada.open(room);
    await ada.page.locator('.room-head').getByRole('button', { name: 'More actions' }).click();
    await ada.page.getByRole('menuitem', { name: item, exact: true }).click();
  };
  await ada.page.locator('a.conversation', { hasText: 'Second room' }).waitFor();
  await menu('First room', 'Pin to the top');
  await until(async () => (await names(other)).join() === 'First room,Second room', 'it is at the top in the other window');

  await menu('Second room', 'Mute');
  await other.page.locator('a.conversation', { hasText: 'Second room' }).getByText('Muted').waitFor({ state: 'attached' });
  await bob.open('Second room');
  await bob.say('not so loud');
  await other.page.locator('a.conversation', { hasText: 'Second room' }).locator('.badge.quiet[data-unread="1"]').waitFor();
  assert.equal(await other.page.title(), 'Confab');

  await menu('First room', 'Archive');
  await other.page.getByRole('button', { name: 'Archived (1)' }).waitFor();
  await until(async () => (await names(other)).join() === 'Second room', 'it is out of the way');
  // It comes back by itself when something is said.
  await bob.open('First room');
  await bob.say('knock knock');
  await until(async () => (await names(other)).includes('First room'), 'it is back');
  // All of it is the server's word: a new page shows the same.
  await ada.page.reload();
  await ada.connected();
  await ada.page.locator('a.conversation', { hasText: 'Second room' }).getByText('Muted').waitFor({ state: 'attached' });
  assert.deepEqual([ada.complaints, bob.complaints, other.complaints], [[], [], []]);
});

test('what somebody says of themselves is seen by who shares a room', async () => {
  const [ada, bob] = [await all.person(), await all.person()];
  await ada.register('ada5', 'Ada Says');
  await bob.register('bob5', 'Bob Says');
  await ada.page.getByRole('button', { name: 'New conversation' }).first().click();
  await ada.page.getByLabel('Find people by name').fill('bob5');
  await ada.page.locator('dialog .person-open').filter({ hasText: 'Bob Says' }).click();
  await ada.page.locator('.room-title', { hasText: 'Online' }).waitFor();
  await bob.page.getByRole('button', { name: 'Profile and settings' }).click();
  await bob.page.getByLabel('What you are up to').fill('<b>Painting</b>');
  await bob.page.locator('dialog form').filter({ has: bob.page.getByLabel('What you are up to') }).getByRole('button', { name: 'Save' }).click();
  await ada.page.locator('.room-title', { hasText: '<b>Painting</b>' }).waitFor();
  await bob.page.getByRole('radio', { name: 'Busy' }).check();
  await ada.page.locator('.room-title', { hasText: 'Busy · <b>Painting</b>' }).waitFor();
  assert.deepEqual([ada.complaints, bob.complaints], [[], []]);
});

test('a thread is answered beside the room, and a name that is mentioned is told so', async () => {
  const [ada, bob] = [await all.person(), await all.person()];
  await ada.register('ada6', 'Ada Threads');
  await bob.register('bob6', 'Bob Threads');
  await makeRoom(ada, 'Loom', ['Bob Threads']);
  await bob.open('Loom');
  await ada.say('Which colour?');
  await bob.message('Which colour?').hover();
  await bob.message('Which colour?').getByRole('button', { name: 'Open thread' }).click();
  const panel = bob.page.locator('.panel');
  await panel.locator('textarea').fill('Green');
  await panel.locator('textarea').press('Enter');
  await panel.locator('article', { hasText: 'Green' }).waitFor();
  await ada.message('Which colour?').getByRole('button', { name: '1 reply' }).click();
  await ada.page.locator('.panel article', { hasText: 'Green' }).waitFor();
  await ada.page.locator('.panel').getByRole('button', { name: 'Close' }).click();

  // The name is completed as it is typed.
  await makeRoom(ada, 'Elsewhere', []);
  await bob.page.locator('.room textarea').pressSequentially('See this, @ada6');
  await bob.page.getByRole('option', { name: 'Ada Threads' }).waitFor();
  await bob.page.keyboard.press('Enter');
  await bob.page.keyboard.press('Enter');
  await ada.page.locator('a.conversation', { hasText: 'Loom' }).getByText('@', { exact: true }).waitFor();
  await ada.open('Loom');
  await ada.page.locator('.mentions-me .mention.me', { hasText: '@ada6' }).waitFor();
  assert.deepEqual([ada.complaints, bob.complaints], [[], []]);
});
