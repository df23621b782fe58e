// Pictures of people and rooms: chosen, shown wherever initials stood, and taken away.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { until } from './kit/browser.mjs';
import { png } from './kit/pictures.mjs';
import { makeRoom, stage, talkTo } from './kit/stage.mjs';

const all = stage();

/** Whether a picture is there in pixels. @param {import('playwright-core').Locator} place Of the one who is shown. */
async function isShown(place) {
  const image = place.locator('.avatar img').first();
  return (await image.count()) > 0 && image.evaluate((/** @type {HTMLImageElement} */ element) => element.complete && element.naturalWidth > 0);
}

/** @param {import('playwright-core').Locator} place @param {string} name @param {Buffer} buffer */
const choose = (place, name, buffer) => place.locator('.picture-field input[type=file]').setInputFiles({ name, mimeType: 'image/png', buffer });

test('a picture of oneself is seen by who shares a room, at once, until it is taken away', async () => {
  const [ada, bob] = [await all.person(), await all.person()];
  await ada.register('ada', 'Ada Face');
  await bob.register('bob', 'Bob');
  await makeRoom(ada, 'Faces', ['Bob']);
  await ada.say('Look at me');
  await talkTo(ada, 'bob');
  await ada.say('And here');
  await bob.open('Faces');
  await bob.arrived('Look at me');
  const settings = await ada.showSettings();
  await choose(settings, 'no picture.png', Buffer.from('only words'));
  await settings.locator('.picture-field .wrong', { hasText: /\w/ }).waitFor();
  await choose(settings, 'me.png', png(300, 300));
  await until(() => isShown(settings), 'it is shown in the settings');
  await until(() => isShown(ada.page.locator('.me-button')), 'it is shown in the list');
  const places = [bob.message('Look at me'), bob.page.locator('a.conversation', { hasText: 'Ada Face' })];
  for (const [index, place] of places.entries()) await until(() => isShown(place), `the other sees it at place ${index}`);
  // Whoever comes later, too.
  await bob.page.reload();
  for (const place of places) await until(() => isShown(place), 'it is there after a reload');
  await settings.getByRole('button', { name: 'Remove the picture' }).click();
  for (const place of [settings, ada.page.locator('.me-button'), ...places]) {
    await place.locator('.avatar img').first().waitFor({ state: 'detached' });
    await place.locator('.avatar', { hasText: 'AF' }).first().waitFor();
  }
  assert.deepEqual([...ada.complaints, ...bob.complaints], []);
});

test('a picture of a room is seen by who is in it, and by who looks for it', async () => {
  const [ada, bob, cyd] = [await all.person(), await all.person(), await all.person()];
  await ada.register('ada2', 'Ada');
  await bob.register('bob2', 'Bob Room');
  await cyd.register('cyd2', 'Cyd');
  await makeRoom(ada, 'Portraits', ['Bob Room']);
  await bob.open('Portraits');
  await ada.showDetails();
  await ada.page.getByRole('button', { name: 'Room settings' }).click();
  const dialog = ada.page.getByRole('dialog', { name: 'Room settings' });
  await choose(dialog, 'room.png', png(200, 120));
  await until(() => isShown(dialog), 'it is shown in the settings');
  for (const { page } of [ada, bob]) {
    await until(() => isShown(page.locator('a.conversation', { hasText: 'Portraits' })), 'it is shown in the list');
    await until(() => isShown(page.locator('.room-head')), 'it is shown above the room');
  }
  await cyd.page.getByRole('button', { name: 'New conversation' }).first().click();
  await cyd.page.getByRole('tab', { name: 'Rooms' }).click();
  await until(() => isShown(cyd.page.locator('dialog .person', { hasText: 'Portraits' })), 'it is shown to who looks for a room');
  await dialog.getByRole('button', { name: 'Remove the picture' }).click();
  await bob.page.locator('.room-head .avatar img').waitFor({ state: 'detached' });
  assert.deepEqual([...ada.complaints, ...bob.complaints, ...cyd.complaints], []);
});
