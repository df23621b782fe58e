// What a person's list says of rooms and people, in every window, as it happens.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { makeRoom, stage, talkTo } from './kit/stage.mjs';

const all = stage();

/** Another window of the same person. @param {import('./kit/browser.mjs').Person} person */
async function another(person) {
  const other = await all.person();
  await other.signIn(person.username);
  return other;
}

/** A conversation of the list. @param {import('./kit/browser.mjs').Person} person @param {string} name */
const row = ({ page }, name) => page.locator('a.conversation').filter({ has: page.locator('.name', { hasText: name }) });

/** Chooses from what can be done with a conversation of the list. @param {import('./kit/browser.mjs').Person} person @param {string} name @param {string} item */
async function actOn(person, name, item) {
  await row(person, name).click({ button: 'right' });
  await person.page.getByRole('menuitem', { name: item, exact: true }).click();
}

test('a conversation is marked as unread, in every window, until one comes back to it', async () => {
  const ada = await all.person();
  await ada.register('ada', 'Ada');
  await makeRoom(ada, 'Later', []);
  await ada.say('Think about it');
  await ada.arrived('Think about it');
  await makeRoom(ada, 'Now', []);
  const other = await another(ada);
  await actOn(ada, 'Later', 'Mark as unread');
  for (const window of [ada, other]) {
    await row(window, 'Later').getByText('Marked as unread').waitFor({ state: 'attached' });
    assert.match(await window.page.title(), /^\(1\)/);
  }
  // It outlives the page.
  await other.page.reload();
  await row(other, 'Later').getByText('Marked as unread').waitFor({ state: 'attached' });
  await ada.open('Later');
  for (const window of [ada, other]) await row(window, 'Later').locator('[data-marked]').waitFor({ state: 'detached' });

  // The room that is open stays marked while it is open, and is not any more by a click on it.
  await actOn(ada, 'Later', 'Mark as unread');
  await row(other, 'Later').locator('[data-marked]').waitFor();
  await row(ada, 'Later').click();
  for (const window of [ada, other]) await row(window, 'Later').locator('[data-marked]').waitFor({ state: 'detached' });
  await actOn(ada, 'Now', 'Mark as unread');
  await row(other, 'Now').locator('[data-marked]').waitFor();
  await actOn(ada, 'Now', 'Mark as read');
  for (const window of [ada, other]) await row(window, 'Now').locator('[data-marked]').waitFor({ state: 'detached' });
  assert.deepEqual([...ada.complaints, ...other.complaints], []);
});

test('another name is read everywhere at once', async () => {
  const [ada, bob] = [await all.person(), await all.person()];
  await ada.register('ada2', 'Ada Two');
  await bob.register('bob2', 'Bob Two');
  const second = await another(bob);
  await makeRoom(ada, 'Names', ['Bob Two']);
  await talkTo(ada, 'bob2');
  await bob.open('Names');
  await bob.say('Call me as you like');
  await ada.open('Names');
  await ada.arrived('Call me as you like');
  await ada.showDetails();
  await ada.page.locator('.panel .person', { hasText: 'Bob Two' }).waitFor();
  const settings = await bob.showSettings();
  await settings.getByLabel('Name that others see').fill('Robert Two');
  await settings.getByRole('button', { name: 'Save' }).first().click();
  await settings.getByText('Saved.').waitFor();
  await ada.page.locator('.panel .person', { hasText: 'Robert Two' }).waitFor();
  await ada.page.locator('.timeline .sender', { hasText: 'Robert Two' }).waitFor();
  await row(ada, 'Robert Two').waitFor();
  await row(ada, 'Names').locator('.last', { hasText: 'Robert Two' }).waitFor();
  // Their own other window as well.
  await second.page.locator('.me-button', { hasText: 'Robert Two' }).waitFor();
  assert.deepEqual([...ada.complaints, ...bob.complaints, ...second.complaints], []);
});

test('a block shows in every window of who made it, and is lifted there', async () => {
  const [ada, eve] = [await all.person(), await all.person()];
  await ada.register('ada3', 'Ada');
  await eve.register('eve3', 'Eve Three');
  const other = await another(ada);
  await talkTo(ada, 'eve3');
  await ada.say('Good day');
  await ada.arrived('Good day');
  await other.open('Eve Three');
  await other.showDetails();
  await other.page.getByRole('button', { name: 'Block', exact: true }).waitFor();
  await ada.showDetails();
  await ada.page.getByRole('button', { name: 'Block', exact: true }).click();
  await other.page.locator('.cannot-write', { hasText: /You blocked .*Eve Three/ }).waitFor();
  await other.page.locator('.panel').getByRole('button', { name: 'Unblock' }).click();
  for (const window of [ada, other]) {
    await window.page.locator('.room textarea').waitFor();
    await window.page.locator('.panel').getByRole('button', { name: 'Block', exact: true }).waitFor();
  }
  assert.deepEqual([...ada.complaints, ...other.complaints], []);
});

test('a direct conversation comes to the other with its first word', async () => {
  const [ada, bob] = [await all.person(), await all.person()];
  await ada.register('ada4', 'Ada Four');
  await bob.register('bob4', 'Bob Four');
  await makeRoom(ada, 'Sign', ['Bob Four']);
  await talkTo(ada, 'bob4');
  await row(ada, 'Bob Four').waitFor();
  // What was said later has come: the earlier room would have, too.
  await ada.open('Sign');
  await ada.say('Something is made');
  await row(bob, 'Sign').locator('.last', { hasText: 'Something is made' }).waitFor();
  assert.equal(await row(bob, 'Ada Four').count(), 0);
  await bob.page.reload();
  await row(bob, 'Sign').waitFor();
  assert.equal(await row(bob, 'Ada Four').count(), 0);

  await ada.open('Bob Four');
  await ada.say('Good morning');
  await row(bob, 'Ada Four').locator('[data-unread="1"]').waitFor();
  await bob.open('Ada Four');
  await bob.arrived('Good morning');
  assert.deepEqual([...ada.complaints, ...bob.complaints], []);
});
