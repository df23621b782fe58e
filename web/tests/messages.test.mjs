// What becomes of a message after it was said: other words, its earlier ones, and other rooms.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Proxy } from '../sdk/tests/kit/proxy.js';
import { until } from './kit/browser.mjs';
import { makeRoom, stage } from './kit/stage.mjs';

const all = stage();

test('earlier versions of a message are there to be read', async () => {
  const [ada, bob] = [await all.person(), await all.person()];
  await ada.register('ada', 'Ada Edits');
  await bob.register('bob', 'Bob Reads');
  await makeRoom(ada, 'Drafts', ['Bob Reads']);
  await bob.open('Drafts');
  await ada.say('We meet at four');
  for (const words of ['We meet at five', 'We meet at six']) {
    await ada.page.locator('.timeline article [data-progress]').first().waitFor();
    await ada.act('We meet at', 'Edit');
    await ada.say(words);
    await bob.message(words).waitFor();
  }
  await bob.message('We meet at six').getByRole('button', { name: 'edited' }).click();
  const dialog = bob.page.getByRole('dialog', { name: 'Earlier versions' });
  await dialog.getByText('We meet at four').waitFor();
  assert.deepEqual((await dialog.locator('.version').allInnerTexts()).sort(), ['We meet at five', 'We meet at four']);
  await bob.escape();
  // A sentence that quotes it follows.
  await bob.message('We meet at six').hover();
  await bob.message('We meet at six').getByRole('button', { name: 'Reply' }).click();
  await bob.say('Fine');
  await ada.message('Fine').locator('.quote', { hasText: 'We meet at six' }).waitFor();
  await ada.act('We meet at six', 'Edit');
  await ada.say('We meet at seven');
  await bob.message('Fine').locator('.quote', { hasText: 'We meet at seven' }).waitFor();
  assert.deepEqual([ada.complaints, bob.complaints], [[], []]);
});

test('a message is forwarded to another room, and says whose it was', async () => {
  const [ada, bob] = [await all.person(), await all.person()];
  await ada.register('ada2', 'Ada Passes');
  await bob.register('bob2', 'Bob Gets');
  await makeRoom(ada, 'Source', ['Bob Gets']);
  await makeRoom(bob, 'Goal', ['Ada Passes']);
  await ada.open('Source');
  await ada.say('The *recipe*');
  await ada.message('The recipe').locator('[data-progress]').waitFor();
  await ada.act('The recipe', 'Forward');
  const dialog = ada.page.getByRole('dialog', { name: 'Forward' });
  await dialog.getByLabel('Find a conversation').fill('no such');
  await dialog.getByText('No conversation of yours has this name.').waitFor();
  await dialog.getByLabel('Find a conversation').fill('goa');
  await dialog.getByRole('button', { name: 'Goal' }).click();
  await ada.page.locator('.toast', { hasText: 'Forwarded to Goal.' }).getByRole('button', { name: 'Open' }).click();
  await ada.page.locator('.room h1', { hasText: 'Goal' }).waitFor();
  await bob.message('The recipe').getByText('Forwarded from Ada Passes').waitFor();
  await bob.message('The recipe').locator('em', { hasText: 'recipe' }).waitFor();
  assert.deepEqual([ada.complaints, bob.complaints], [[], []]);
});

test('other words for a message outlive a broken connection, another room and the page', async (t) => {
  const proxy = await Proxy.before(all.server);
  // Also after a failure: an open proxy would keep the run from ending.
  t.after(() => proxy.close());
  const [ada, bob] = [await all.person({}, proxy.url), await all.person()];
  await ada.register('ada3', 'Ada Rewords');
  await bob.register('bob3', 'Bob Waits');
  await makeRoom(ada, 'Other place', []);
  await makeRoom(ada, 'Workshop', ['Bob Waits']);
  await bob.open('Workshop');
  await ada.say('It is blue');
  await ada.page.locator('.timeline article [data-progress]').waitFor();
  const box = ada.page.locator('.room textarea');
  const holds = (text) => until(async () => (await box.inputValue()) === text, `the box holds "${text}"`);
  await box.fill('a new thought');
  await ada.act('It is blue', 'Edit');
  await holds('It is blue');
  await box.fill('It is green');

  // Refused for want of a connection, it stays to be saved again.
  proxy.refuse();
  proxy.cut();
  await ada.page.locator('.sidebar [data-connection="online"]').waitFor({ state: 'detached' });
  await box.press('Enter');
  await ada.toast('The server was not reached.');
  await holds('It is green');
  proxy.heal();
  await ada.connected();
  await ada.open('Other place');
  await ada.open('Workshop');
  await ada.page.locator('.composer-context', { hasText: 'Edit message' }).waitFor();
  await holds('It is green');
  await ada.page.waitForFunction(() => Object.values(localStorage).some((text) => text.includes('It is green')));
  await ada.page.reload();
  await ada.message('It is blue').waitFor();
  await holds('a new thought');
  await ada.act('It is blue', 'Edit');
  await holds('It is green');
  await box.press('Enter');
  await bob.message('It is green').waitFor();
  await holds('a new thought');
  // What is given up is forgotten.
  await ada.act('It is green', 'Edit');
  await box.fill('It is red');
  await box.press('Escape');
  await ada.act('It is green', 'Edit');
  await holds('It is green');
  assert.deepEqual([ada.complaints, bob.complaints], [[], []]);
});

test('a name is completed by keys, and everybody here is named at once', async () => {
  const [ada, bob, cat] = [await all.person(), await all.person(), await all.person()];
  await ada.register('ada4', 'Ada Names');
  await bob.register('bob4', 'Bob Named');
  await cat.register('cat4', 'Cat Named');
  await makeRoom(ada, 'Roll call', ['Bob Named', 'Cat Named']);
  const box = ada.page.locator('.room textarea');
  await box.pressSequentially('Hello @name');
  const options = ada.page.getByRole('option');
  await options.nth(1).waitFor();
  await ada.page.keyboard.press('ArrowDown');
  const chosen = await ada.page.locator('[role=option][aria-selected=true] .muted').innerText();
  assert.equal(await box.getAttribute('aria-activedescendant'), await ada.page.locator('[role=option][aria-selected=true]').getAttribute('id'));
  await ada.page.keyboard.press('Tab');
  await until(async () => (await box.inputValue()) === `Hello ${chosen} `, 'the name is there');
  await box.fill('');
  await box.pressSequentially('@her');
  await ada.page.getByRole('option', { name: 'Everybody in the room' }).click();
  await box.pressSequentially('supper is ready');
  await box.press('Enter');
  for (const person of [bob, cat]) {
    await person.page.locator('a.conversation', { hasText: 'Roll call' }).getByTitle('1 message mentions you').waitFor();
  }
  assert.deepEqual([ada.complaints, bob.complaints, cat.complaints], [[], [], []]);
});
