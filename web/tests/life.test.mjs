// Two people in two windows, through the whole life of a conversation, with the network and the server against them.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Proxy } from '../sdk/tests/kit/proxy.js';
import { until } from './kit/browser.mjs';
import { makeRoom, stage } from './kit/stage.mjs';

const all = stage();

/** The texts of the messages that are in sight, from the oldest on. @param {import('./kit/browser.mjs').Person} person */
const texts = (person) => person.page.locator('.timeline article .text').allInnerTexts();

test('they meet, talk, edit, delete, answer, and part', async () => {
  const [ada, bob] = [await all.person(), await all.person()];
  await ada.register('ada', 'Ada Lovelace');
  await bob.register('bob', 'Bob Ross');
  await makeRoom(ada, 'Engine room', ['Bob Ross']);

  // It turns up at the other's by itself, counts what is unread, and is read when it is looked at.
  await ada.say('Hello **Bob**');
  const entry = bob.page.locator('a.conversation').filter({ hasText: 'Engine room' });
  await entry.locator('[data-unread="1"]').waitFor();
  await bob.page.waitForFunction(() => document.title === '(1) Confab');
  await ada.message('Hello Bob').locator('[data-progress="delivered"]').waitFor();
  await bob.open('Engine room');
  await bob.message('Hello Bob').locator('strong', { hasText: 'Bob' }).waitFor();
  await ada.message('Hello Bob').locator('[data-progress="read"]').waitFor();
  await entry.locator('[data-unread]').waitFor({ state: 'detached' });

  // Typing shows while it lasts.
  await bob.page.locator('.room textarea').pressSequentially('Hi');
  await ada.page.locator('.typing-line', { hasText: /Bob Ross.? is typing/ }).waitFor();
  await bob.page.keyboard.press('Enter');
  await ada.message('Hi').first().waitFor();
  await ada.page.locator('.typing-line', { hasText: 'typing' }).waitFor({ state: 'detached' });

  // Other words, by the arrow key; then none.
  await bob.page.locator('.room textarea').press('ArrowUp');
  await bob.page.locator('.composer-context', { hasText: 'Edit message' }).waitFor();
  await bob.page.locator('.room textarea').fill('Hi Ada');
  await bob.page.keyboard.press('Enter');
  await ada.message('Hi Ada').getByRole('button', { name: 'edited' }).waitFor();

  // An answer quotes what it answers, and follows its deletion.
  await ada.message('Hi Ada').hover();
  await ada.message('Hi Ada').getByRole('button', { name: 'Reply' }).click();
  await ada.page.locator('.composer-context', { hasText: 'Reply to Bob Ross' }).waitFor();
  await ada.say('So you are here');
  await bob.message('So you are here').locator('.quote', { hasText: 'Hi Ada' }).waitFor();
  await bob.message('Hi Ada').first().hover();
  await bob.message('Hi Ada').first().getByRole('button', { name: 'More actions' }).click();
  await bob.page.getByRole('menuitem', { name: 'Delete' }).click();
  await bob.page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
  await ada.page.locator('.message.deleted').waitFor();
  await ada.message('So you are here').locator('.quote', { hasText: 'Message deleted' }).waitFor();

  // Alone together.
  await ada.page.getByRole('button', { name: 'New conversation' }).first().click();
  await ada.page.getByLabel('Find people by name').fill('bob');
  await ada.page.locator('dialog .person-open').filter({ hasText: 'Bob Ross' }).click();
  await ada.page.locator('.room h1', { hasText: 'Bob Ross' }).waitFor();
  await ada.say('Just us');
  await bob.open('Ada Lovelace');
  await bob.message('Just us').waitFor();

  // Put out: the room goes away at once.
  await ada.open('Engine room');
  await bob.open('Engine room');
  await ada.page.getByRole('button', { name: 'Details', exact: true }).click();
  await ada.page.getByRole('button', { name: 'Actions for Bob Ross' }).click();
  await ada.page.getByRole('menuitem', { name: 'Remove' }).click();
  await ada.page.getByRole('dialog').getByRole('button', { name: 'Remove' }).click();
  await bob.page.getByText('You were removed from Engine room.').waitFor();
  await entry.waitFor({ state: 'detached' });
  assert.deepEqual([ada.complaints, bob.complaints], [[], []]);
});

test('nothing is lost and nothing is there twice when connections break', async (t) => {
  const proxy = await Proxy.before(all.server);
  // Also after a failure: an open proxy would keep the run from ending.
  t.after(() => proxy.close());
  const [ada, bob] = [await all.person({}, proxy.url), await all.person()];
  await ada.register('ada2', 'Ada Two');
  await bob.register('bob2', 'Bob Two');
  await makeRoom(ada, 'Storm', ['Bob Two']);
  await bob.open('Storm');
  await ada.say('before');
  await bob.message('before').waitFor();

  // Acks and events no longer arrive; what is sent still does. Then the link breaks.
  proxy.swallow();
  await ada.say('into the dark');
  await bob.message('into the dark').waitFor();
  await ada.page.locator('[data-outgoing="pending"]', { hasText: 'into the dark' }).waitFor();
  await bob.say('can you hear me?');
  proxy.cut();
  proxy.heal();
  await ada.message('can you hear me?').waitFor();
  await until(async () => (await ada.page.locator('[data-outgoing]').count()) === 0, 'all is acknowledged');

  // The drawer cuts it too.
  await ada.page.getByRole('button', { name: 'Developer drawer' }).click();
  await ada.page.getByRole('button', { name: 'Cut the connection' }).click();
  await ada.say('after the cut');
  await bob.message('after the cut').waitFor();
  await ada.connected();
  await until(async () => (await ada.page.locator('[data-outgoing]').count()) === 0, 'all is acknowledged');

  const wanted = ['before', 'into the dark', 'can you hear me?', 'after the cut'];
  assert.deepEqual(await texts(ada), wanted);
  assert.deepEqual(await texts(bob), wanted);
});

test('the server dies; what was said meanwhile and typed is there when it is back', async () => {
  const [ada, bob] = [await all.person(), await all.person()];
  await ada.register('ada3', 'Ada Three');
  await bob.register('bob3', 'Bob Three');
  await makeRoom(ada, 'Phoenix', ['Bob Three']);
  await bob.open('Phoenix');
  await ada.say('one');
  await bob.message('one').waitFor();

  await all.server.kill();
  await ada.page.locator('.quiet-bar', { hasText: 'No connection at the moment' }).waitFor();
  await ada.say('two');
  await ada.say('three');
  await bob.say('four');
  await ada.page.locator('[data-outgoing="pending"]', { hasText: 'three' }).waitFor();
  await ada.page.locator('.room textarea').fill('half a sentence');

  await all.server.up();
  for (const person of [ada, bob]) {
    await until(async () => (await texts(person)).length === 4, 'all four are there');
    await until(async () => (await person.page.locator('[data-outgoing]').count()) === 0, 'all is acknowledged');
  }
  assert.deepEqual(await texts(ada), await texts(bob));
  assert.deepEqual([...(await texts(ada))].sort(), ['four', 'one', 'three', 'two']);
  await ada.page.locator('.quiet-bar').waitFor({ state: 'detached' });
  assert.equal(await ada.page.locator('.room textarea').inputValue(), 'half a sentence');

  // What was typed outlives the page too, and so does the login.
  await ada.page.waitForFunction(() => Object.values(localStorage).some((text) => text.includes('half a sentence')));
  await ada.page.reload();
  await ada.connected();
  await ada.message('three').waitFor();
  assert.equal(await ada.page.locator('.room textarea').inputValue(), 'half a sentence');
  assert.equal((await texts(ada)).length, 4);
  assert.deepEqual([ada.complaints, bob.complaints], [[], []]);
});

test('while both talk the server dies twice, and each word is there once, in one order', async () => {
  const [ada, bob] = [await all.person(), await all.person()];
  await ada.register('ada6', 'Ada Six');
  await bob.register('bob6', 'Bob Six');
  await makeRoom(ada, 'Thunder', ['Bob Six']);
  await bob.open('Thunder');
  const wanted = [];
  // No more than one window shows at once: what is out of sight is not in the document.
  for (let round = 0; round < 8; round += 1) {
    if (round === 2 || round === 5) await all.server.kill();
    for (const [name, person] of [['ada', ada], ['bob', bob]]) {
      wanted.push(`${name}-${round}`);
      await person.say(`${name}-${round}`);
    }
    if (round === 3 || round === 6) await all.server.up();
  }
  for (const person of [ada, bob]) await person.page.locator('.room textarea').fill('still typing');
  for (const person of [ada, bob]) {
    await until(async () => (await person.page.locator('[data-outgoing]').count()) === 0, 'all is acknowledged');
    await until(async () => (await texts(person)).length === wanted.length, `all is there: ${await texts(person)}`);
    assert.equal(await person.page.locator('.room textarea').inputValue(), 'still typing');
  }
  assert.deepEqual(await texts(ada), await texts(bob));
  assert.deepEqual([...(await texts(ada))].sort(), [...wanted].sort());
  // Nobody's own words overtook each other.
  for (const name of ['ada', 'bob']) {
    const own = wanted.filter((text) => text.startsWith(name));
    assert.deepEqual((await texts(ada)).filter((text) => text.startsWith(name)), own);
  }
  assert.deepEqual([ada.complaints, bob.complaints], [[], []]);
});

test('what was said before a page was closed without a connection is sent by the next', async () => {
  const ada = await all.person();
  await ada.register('ada4', 'Ada Four');
  await makeRoom(ada, 'Desk', []);
  await ada.say('first');
  await ada.message('first').locator('[data-progress="sent"]').waitFor();
  await all.server.kill();
  await ada.say('left behind');
  await ada.page.locator('[data-outgoing="pending"]').waitFor();
  await all.server.up();
  await ada.page.reload();
  await ada.message('left behind').locator('[data-progress="sent"]').waitFor();
  await until(async () => (await texts(ada)).join() === 'first,left behind', 'each is there once');
});

test('a refused message says so, is tried again or discarded', async () => {
  const [ada, bob] = [await all.person(), await all.person()];
  await ada.register('ada5', 'Ada Five');
  await bob.register('bob5', 'Bob Five');
  await makeRoom(ada, 'Gate', ['Bob Five']);
  await bob.open('Gate');
  await bob.page.locator('.room textarea').waitFor();
  // Only the drawer's developer, or a bug, says what the server refuses.
  await bob.page.evaluate(async () => {
    const { client } = await import(new URL('model/client.js', document.querySelector('script[type=module]').src).href);
    client.send(location.hash.slice('#/room/'.length), { content: 'x', reply_to: '018cc251-f400-7000-8000-0000000000c1' });
  });
  const failed = bob.page.locator('[data-outgoing="failed"]');
  await failed.getByRole('button', { name: 'Try again' }).click();
  await failed.getByRole('button', { name: 'Discard' }).click();
  await failed.waitFor({ state: 'detached' });
  assert.equal((await texts(ada)).length, 0);
});
