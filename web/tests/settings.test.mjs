// Who somebody is, what they want to be told of, and where they are signed in.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { until } from './kit/browser.mjs';
import { makeRoom, stage, talkTo } from './kit/stage.mjs';

/** @import { Person } from './kit/browser.mjs' */

const all = stage();

/** The form of the settings with a field of this label. @param {Person} person @param {string} label */
const formOf = ({ page }, label) => page.locator('dialog form').filter({ has: page.getByLabel(label, { exact: true }) });

test('a profile and a status are kept, and seen by others', async () => {
  const [ada, bob] = [await all.person(), await all.person()];
  await ada.register('ada', 'Ada First');
  await bob.register('bob', 'Bob Looks');
  await ada.showSettings();
  await ada.page.getByLabel('Name that others see').fill('Ada Second');
  await ada.page.getByLabel('E-mail').fill('ada@example.org');
  await formOf(ada, 'Name that others see').getByRole('button', { name: 'Save' }).click();
  await formOf(ada, 'Name that others see').getByText('Saved.').waitFor();
  await ada.page.locator('.me-button', { hasText: 'Ada Second' }).waitFor();
  await ada.page.getByLabel('E-mail').fill('no address@');
  await formOf(ada, 'E-mail').getByRole('button', { name: 'Save' }).click();
  assert.equal(await ada.page.getByLabel('E-mail').evaluate((/** @type {HTMLInputElement} */ field) => field.validity.valid), false);
  await ada.page.getByLabel('E-mail').fill('ada@example.org');
  await ada.page.getByLabel('Emoji', { exact: true }).fill('🌱');
  await ada.page.getByLabel('What you are up to').fill('Sowing');
  await formOf(ada, 'What you are up to').getByRole('button', { name: 'Save' }).click();
  await ada.page.locator('.me-button', { hasText: '🌱 Sowing' }).waitFor();
  await ada.page.getByRole('radio', { name: 'Away' }).check();
  await talkTo(bob, 'ada');
  await bob.page.locator('.room-title', { hasText: 'Ada Second' }).waitFor();
  await bob.page.locator('.room-title', { hasText: 'Away · 🌱 Sowing' }).waitFor();
  await ada.page.getByRole('radio', { name: 'Online' }).check();
  await bob.page.locator('.room-title', { hasText: 'Online · 🌱 Sowing' }).waitFor();
  // It is taken back by saying nothing.
  await ada.page.getByLabel('Emoji', { exact: true }).fill('');
  await ada.page.getByLabel('What you are up to').fill('');
  await formOf(ada, 'What you are up to').getByRole('button', { name: 'Save' }).click();
  await bob.page.locator('.room-title .subtitle', { hasText: /^Online$/ }).waitFor();
  await ada.page.reload();
  await ada.connected();
  await ada.showSettings();
  assert.equal(await ada.page.getByLabel('E-mail').inputValue(), 'ada@example.org');
  assert.deepEqual([ada.complaints, bob.complaints], [[], []]);
});

test('a password is changed by who knows the present one', async () => {
  const ada = await all.person();
  await ada.register('ada2', 'Ada Locks');
  await ada.showSettings();
  const change = async (/** @type {string} */ now, /** @type {string} */ next) => {
    await ada.page.getByLabel('Current password').fill(now);
    await ada.page.getByLabel('New password').fill(next);
    await formOf(ada, 'New password').getByRole('button', { name: 'Save' }).click();
  };
  await change('not this one', 'a new and long password');
  await formOf(ada, 'New password').getByText('The current password is not right.').waitFor();
  await change('correct horse battery staple', 'short');
  await formOf(ada, 'New password').getByText(/^The new password must/).waitFor();
  await change('correct horse battery staple', 'a new and long password');
  await formOf(ada, 'New password').getByText('Saved.').waitFor();
  assert.equal(await ada.page.getByLabel('Current password').inputValue(), '');
  // The one who changed it stays.
  await ada.page.reload();
  await ada.connected();
  const other = await all.person();
  await other.page.getByLabel('Username or e-mail').fill('ada2');
  await other.page.getByLabel('Password', { exact: true }).fill('correct horse battery staple');
  await other.page.getByRole('button', { name: 'Sign in' }).click();
  await other.page.getByText('This username and password do not fit together.').waitFor();
  await other.page.getByLabel('Password', { exact: true }).fill('a new and long password');
  await other.page.getByRole('button', { name: 'Sign in' }).click();
  await other.connected();
  assert.deepEqual([ada.complaints, other.complaints], [[], []]);
});

test('another window of mine is signed out from here, one or all', async () => {
  const ada = await all.person();
  await ada.register('ada3', 'Ada Travels');
  const [phone, cafe] = [await all.person(), await all.person()];
  await phone.signIn('ada3');
  await ada.showSettings();
  const sessions = ada.page.locator('dialog section').filter({ has: ada.page.getByRole('heading', { name: 'Where you are signed in' }) });
  await sessions.locator('.person', { hasText: 'Chrome on Linux' }).nth(1).waitFor();
  await sessions.locator('.person', { hasText: 'This device' }).waitFor();
  await sessions.locator('.person').getByRole('button', { name: 'Sign out' }).click();
  await phone.toast('You were signed out. Please sign in again.');
  await phone.page.getByLabel('Username or e-mail').waitFor();
  await sessions.locator('.person').nth(1).waitFor({ state: 'detached' });
  assert.equal(await sessions.getByRole('button', { name: 'Sign out everywhere else' }).count(), 0);

  await phone.signIn('ada3');
  await cafe.signIn('ada3');
  await ada.escape();
  await ada.showSettings();
  await sessions.getByRole('button', { name: 'Sign out everywhere else' }).click();
  for (const person of [phone, cafe]) await person.page.getByLabel('Username or e-mail').waitFor();
  await ada.connected();
  assert.deepEqual([ada.complaints, phone.complaints, cafe.complaints], [[], [], []]);
});

test('notices of the system come for what one wants to be told of', async () => {
  const [ada, bob] = [await all.person(), await all.person()];
  await bob.context.grantPermissions(['notifications'], { origin: new URL(all.server.url).origin });
  await bob.context.addInitScript(() => {
    const told = (/** @type {any} */ (globalThis).told = []);
    globalThis.Notification = class extends Notification {
      /** @param {string} title @param {NotificationOptions} options */
      constructor(title, options) {
        super(title, options);
        told.push({ title, body: options.body, notice: this });
      }
    };
  });
  await bob.page.reload();
  await ada.register('ada4', 'Ada Calls');
  await bob.register('bob4', 'Bob Hears');
  await makeRoom(ada, 'Bell tower', ['Bob Hears']);
  await makeRoom(ada, 'Quiet corner', ['Bob Hears']);
  const told = () => bob.page.evaluate(() => /** @type {any} */ (globalThis).told.map((/** @type {any} */ one) => `${one.title}: ${one.body}`));
  const wish = async (/** @type {string} */ name) => {
    await bob.showDetails();
    await bob.page.locator('.panel').getByRole('radio', { name }).check();
  };
  /** @param {string} text */
  const heardBy = async (text) => {
    await ada.say(text);
    await bob.page.locator('a.conversation', { hasText: 'Bell tower' }).locator('.last', { hasText: text.replaceAll('*', '') }).waitFor();
  };
  await ada.open('Bell tower');
  await bob.open('Quiet corner');
  await heardBy('ding **dong**');
  await until(async () => (await told()).length === 1, 'it is told');

  // The notice leads to the room; who looks at it is told nothing.
  await bob.page.evaluate(() => /** @type {any} */ (globalThis).told[0].notice.onclick());
  await bob.message('ding dong').waitFor();
  await wish('Mentions');
  await bob.open('Quiet corner');
  await heardBy('nobody is named');
  await heardBy('@bob4 is named');
  await bob.open('Bell tower');
  await wish('None');
  await bob.open('Quiet corner');
  await heardBy('@bob4 is named in vain');
  await bob.open('Bell tower');
  await wish('All');
  await bob.open('Quiet corner');
  await heardBy('the last');
  await until(async () => (await told()).length === 3, 'the last is told');

  // And with the switch off none at all.
  await bob.showSettings();
  await bob.page.getByLabel(/Show notifications of this system/).uncheck();
  await bob.escape();
  await heardBy('unheard');
  // Whom the browser does not allow it is told so, and the switch stays off.
  await ada.context.clearPermissions();
  await ada.page.evaluate(() => {
    Notification.requestPermission = () => Promise.resolve('denied');
  });
  await ada.showSettings();
  await ada.page.getByLabel(/Show notifications of this system/).click();
  await ada.toast('The browser does not let this page notify you.');
  assert.equal(await ada.page.getByLabel(/Show notifications of this system/).isChecked(), false);
  assert.deepEqual(await told(), ['Ada Calls in Bell tower: ding dong', 'Ada Calls in Bell tower: @bob4 is named', 'Ada Calls in Bell tower: the last']);
  assert.deepEqual([ada.complaints, bob.complaints], [[], []]);
});

test('who deactivates the account is asked for the password, is out everywhere, and does not come in again', async () => {
  const [ada, bob] = [await all.person(), await all.person()];
  await ada.register('ada9', 'Ada Nine');
  await bob.register('bob9', 'Bob Nine');
  await makeRoom(ada, 'Left behind', ['Bob Nine']);
  await ada.say('My last words');
  await ada.arrived('My last words');
  const other = await all.person();
  await other.signIn('ada9');
  const settings = await ada.showSettings();
  await settings.getByRole('button', { name: /Deactivate my account/ }).click();
  const dialog = ada.page.getByRole('dialog', { name: 'Deactivate my account' });
  await dialog.getByText(/nobody can sign in to this account any more/).waitFor();
  await dialog.getByLabel('Current password').fill('not it');
  await dialog.getByRole('button', { name: 'Deactivate my account' }).click();
  await dialog.getByText('The password does not fit.').waitFor();
  await dialog.getByLabel('Current password').fill('correct horse battery staple');
  await dialog.getByRole('button', { name: 'Deactivate my account' }).click();
  await ada.page.getByRole('tab', { name: 'Sign in' }).waitFor();
  await ada.toast('Your account is deactivated.');
  // It was asked for: that is no news to who asked.
  assert.equal(await ada.page.locator('.toast', { hasText: 'You were signed out' }).count(), 0);
  await other.page.getByRole('tab', { name: 'Sign in' }).waitFor();
  await ada.page.getByLabel('Username or e-mail').fill('ada9');
  await ada.page.getByLabel('Password', { exact: true }).fill('correct horse battery staple');
  await ada.page.getByRole('button', { name: 'Sign in' }).click();
  await ada.page.locator('.wrong', { hasText: /\w/ }).waitFor();
  await bob.open('Left behind');
  await bob.arrived('My last words');
  await bob.page.locator('.sender', { hasText: 'Ada Nine' }).waitFor();
  assert.deepEqual([...ada.complaints, ...other.complaints, ...bob.complaints], []);
});
