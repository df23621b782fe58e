// The way into a room by a link.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { makeRoom, stage } from './kit/stage.mjs';

const all = stage();

test('a link is made, followed by somebody who has no account yet, used up, and taken back', async () => {
  const ada = await all.person();
  await ada.register('ada', 'Ada Hosts');
  await makeRoom(ada, 'Supper club', [], true);
  await ada.showDetails();
  await ada.page.getByRole('button', { name: 'Invite by link' }).click();
  const dialog = ada.page.getByRole('dialog', { name: 'Invite by link' });
  const made = dialog.getByRole('textbox', { name: 'Invite by link' });
  const make = async (/** @type {string} */ uses) => {
    await dialog.getByLabel('How often it may be used').fill(uses);
    const before = (await made.count()) > 0 ? await made.inputValue() : '';
    await dialog.getByRole('button', { name: 'Make a link' }).click();
    await ada.page.waitForFunction((known) => {
      const field = /** @type {HTMLInputElement | null} */ (document.querySelector('.copy-line input'));
      return field !== null && field.value !== known;
    }, before);
    return made.inputValue();
  };
  const once = await make('1');
  await dialog.getByText('0 of 1 used').waitFor();

  // It is kept over signing up, and asks before it lets somebody in.
  const bob = await all.person({}, once);
  await bob.page.getByText('You are invited to a room.').waitFor();
  await bob.page.reload();
  await bob.page.getByText('You are invited to a room.').waitFor();
  await bob.register('bob', 'Bob Comes');
  const asked = bob.page.getByRole('dialog', { name: /You are invited to .?Supper club/ });
  await asked.getByText('Private room · 1 member').waitFor();
  await asked.getByRole('button', { name: 'Join' }).click();
  await bob.page.locator('.room h1', { hasText: 'Supper club' }).waitFor();
  await bob.say('I am in');
  await ada.message('I am in').waitFor();

  // Who is in is shown the room; a link that is used up lets nobody else in, and is not listed.
  await bob.page.goto(once);
  await bob.page.locator('.room h1', { hasText: 'Supper club' }).waitFor();
  assert.equal(await bob.page.getByRole('dialog').count(), 0);
  const cat = await all.person({}, once);
  await cat.register('cat', 'Cat Is Late');
  await cat.toast('This invitation does not work any more.');

  const second = await make('0');
  await dialog.getByText('of 1 used').waitFor({ state: 'detached' });
  await dialog.getByText('0 uses').waitFor();
  await dialog.getByRole('button', { name: 'Revoke' }).click();
  await dialog.getByText('0 uses').waitFor({ state: 'detached' });
  const dan = await all.person({}, second);
  await dan.register('dan', 'Dan Is Later');
  await dan.toast('This invitation does not work any more.');
  assert.deepEqual([ada, bob, cat, dan].map((person) => person.complaints), [[], [], [], []]);
});
