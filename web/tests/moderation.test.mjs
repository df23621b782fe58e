// Who looks after a room, and what they can do there; what people can do for themselves.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { until } from './kit/browser.mjs';
import { makeRoom, stage, talkTo } from './kit/stage.mjs';

const all = stage();

test('roles, mutes and the hand-over of a room are seen in every window', async () => {
  const [ada, bob, cat] = [await all.person(), await all.person(), await all.person()];
  await ada.register('ada', 'Ada Owns');
  await bob.register('bob', 'Bob Helps');
  await cat.register('cat', 'Cat Talks');
  await makeRoom(ada, 'Square', ['Bob Helps', 'Cat Talks']);
  await bob.open('Square');
  await cat.open('Square');
  await cat.say('Good morning');

  // A member may not; who was made a moderator may at once.
  await bob.showDetails();
  assert.equal(await bob.page.getByRole('button', { name: 'Actions for Cat Talks' }).count(), 0);
  await ada.actOnMember('Bob Helps', 'Make moderator');
  await bob.page.locator('.panel .person', { hasText: 'Bob Helps' }).getByText('Moderator').waitFor();
  await bob.actOnMember('Cat Talks', 'Mute for an hour');
  await cat.page.getByText('A moderator has muted you until').waitFor();
  await ada.page.locator('.panel .person', { hasText: 'Cat Talks' }).getByText('Muted').waitFor();
  await bob.actOnMember('Cat Talks', 'Unmute');
  await cat.page.locator('.room textarea').waitFor();
  await bob.act('Good morning', 'Pin');
  await cat.message('Good morning').getByText('Pinned').waitFor({ state: 'attached' });

  // The room has another owner; the former one stays as an admin.
  await ada.actOnMember('Bob Helps', 'Make owner');
  await ada.page.getByRole('dialog').getByRole('button', { name: 'Hand over' }).click();
  await ada.page.locator('.panel .person', { hasText: 'Bob Helps' }).getByText('Owner').waitFor();
  await ada.page.locator('.panel .person', { hasText: 'Ada Owns' }).getByText('Admin').waitFor();
  await bob.page.getByRole('button', { name: 'Room settings' }).click();
  await bob.page.getByRole('dialog').getByRole('heading', { name: 'Delete room' }).waitFor();
  await bob.escape();
  await ada.page.getByRole('button', { name: 'Room settings' }).click();
  await ada.page.getByRole('dialog', { name: 'Room settings' }).waitFor();
  assert.equal(await ada.page.getByRole('heading', { name: 'Delete room' }).count(), 0);
  assert.deepEqual([ada.complaints, bob.complaints, cat.complaints], [[], [], []]);
});

test('who is banned is out, stays out, and is let in again', async () => {
  const [ada, bob] = [await all.person(), await all.person()];
  await ada.register('ada2', 'Ada Bans');
  await bob.register('bob2', 'Bob Shouts');
  await makeRoom(ada, 'Library', ['Bob Shouts']);
  await bob.open('Library');
  await bob.say('LOUD');
  await ada.message('LOUD').waitFor();
  await ada.actOnMember('Bob Shouts', 'Ban');
  await ada.page.getByLabel('Reason (optional)').fill('shouting');
  await ada.page.getByRole('dialog').getByRole('button', { name: 'Ban', exact: true }).click();
  await bob.toast('You were banned from Library.');
  const join = async () => {
    await bob.page.getByRole('button', { name: 'New conversation' }).first().click();
    await bob.page.getByRole('tab', { name: 'Rooms' }).click();
    await bob.page.getByLabel('Find public rooms').fill('Library');
    await bob.page.locator('dialog .person-open', { hasText: 'Library' }).click();
    await bob.page.getByRole('button', { name: 'Join' }).click();
  };
  await join();
  await bob.toast('You may not do this.');
  await ada.page.getByRole('button', { name: 'Room settings' }).click();
  const banned = ada.page.getByRole('dialog').locator('.person', { hasText: 'Bob Shouts' });
  await banned.getByText('shouting').waitFor();
  await banned.getByRole('button', { name: 'Unban' }).click();
  await banned.waitFor({ state: 'detached' });
  await bob.page.getByRole('button', { name: 'Join' }).click();
  await bob.message('LOUD').waitFor();
  assert.deepEqual([ada.complaints, bob.complaints], [[], []]);
});

test('a room that is slow says so, and what is said too soon is sent later by itself', async () => {
  const [ada, bob] = [await all.person(), await all.person()];
  await ada.register('ada3', 'Ada Slows');
  await bob.register('bob3', 'Bob Hurries');
  await makeRoom(ada, 'Zen garden', ['Bob Hurries']);
  await bob.open('Zen garden');
  await ada.showDetails();
  await ada.page.getByRole('button', { name: 'Room settings' }).click();
  const settings = ada.page.getByRole('dialog', { name: 'Room settings' });
  await settings.getByLabel('Slow mode').selectOption('5');
  await settings.getByLabel('What it is for').fill('Raking, slowly');
  await settings.getByRole('button', { name: 'Save' }).click();
  await settings.getByText('Saved.').waitFor();
  await bob.page.getByText('Slow mode: one message every 5 seconds').waitFor();
  await bob.page.locator('.room-title', { hasText: 'Raking, slowly' }).waitFor();
  await bob.say('one');
  await bob.say('two');
  await bob.page.locator('[data-outgoing="pending"]', { hasText: 'two' }).waitFor();
  await ada.message('two').waitFor();
  await until(async () => (await bob.page.locator('[data-outgoing]').count()) === 0, 'both are there');
  assert.deepEqual(await ada.page.locator('.timeline article .text').allInnerTexts(), ['one', 'two']);
  assert.deepEqual([ada.complaints, bob.complaints], [[], []]);
});

test('a report reaches the moderators with its reason, and is dealt with', async () => {
  const [ada, bob] = [await all.person(), await all.person()];
  await ada.register('ada4', 'Ada Judges');
  await bob.register('bob4', 'Bob Minds');
  await makeRoom(ada, 'Court', ['Bob Minds']);
  await bob.open('Court');
  await ada.say('Something nasty');
  await bob.act('Something nasty', 'Report to the moderators');
  const dialog = bob.page.getByRole('dialog', { name: 'Report to the moderators' });
  // Without a word of why it is not sent.
  await dialog.getByRole('button', { name: 'Report' }).click();
  await dialog.getByLabel('What is wrong with it').fill('It is nasty');
  await dialog.getByRole('button', { name: 'Report' }).click();
  await bob.toast('The moderators were told.');
  await ada.showDetails();
  await ada.page.getByRole('button', { name: 'Reports', exact: true }).click();
  const reports = ada.page.getByRole('dialog', { name: 'Reports', exact: true });
  await reports.getByText('It is nasty').waitFor();
  await reports.getByText('Something nasty').waitFor();
  await reports.getByRole('button', { name: 'Done' }).click();
  await reports.getByText('Nothing is reported.').waitFor();
  await bob.showDetails();
  assert.equal(await bob.page.getByRole('button', { name: 'Reports', exact: true }).count(), 0);
  assert.deepEqual([ada.complaints, bob.complaints], [[], []]);
});

test('who is blocked is not heard, and is again once that is lifted', async () => {
  const [ada, bob] = [await all.person(), await all.person()];
  await ada.register('ada5', 'Ada Blocks');
  await bob.register('bob5', 'Bob Nags');
  await talkTo(bob, 'ada5');
  await bob.say('Hello?');
  await ada.open('Bob Nags');
  await ada.message('Hello?').waitFor();
  await ada.showDetails();
  await ada.page.getByRole('button', { name: 'Block', exact: true }).click();
  await ada.page.locator('.panel').getByRole('button', { name: 'Unblock' }).waitFor();
  await bob.say('Hello again?');
  await bob.page.locator('[data-outgoing="failed"]', { hasText: 'Not sent' }).waitFor();
  // It is known in another window of hers, too.
  await ada.page.reload();
  await ada.connected();
  await ada.showDetails();
  await ada.page.locator('.panel').getByRole('button', { name: 'Unblock' }).click();
  await ada.page.getByRole('button', { name: 'Block', exact: true }).waitFor();
  await bob.page.getByRole('button', { name: 'Try again' }).click();
  await ada.message('Hello again?').waitFor();
  assert.deepEqual([ada.complaints, bob.complaints], [[], []]);
});

test('in a room of announcements moderators alone write, and others read so', async () => {
  const [ada, bob] = [await all.person(), await all.person()];
  await ada.register('ada9', 'Ada');
  await bob.register('bob9', 'Bob Nine');
  await makeRoom(ada, 'Notices', ['Bob Nine']);
  await bob.open('Notices');
  await bob.page.locator('.room textarea').waitFor();
  await ada.showDetails();
  await ada.page.getByRole('button', { name: 'Room settings' }).click();
  await ada.page.getByLabel('Only moderators may write; all others read').check();
  await ada.page.getByRole('dialog').getByRole('button', { name: 'Save' }).click();
  await ada.page.getByText('Saved.').waitFor();
  await ada.escape();
  await bob.page.getByText('Only moderators write in this room.').waitFor();
  await ada.say('Closed on Monday');
  await bob.arrived('Closed on Monday');
  await ada.actOnMember('Bob Nine', 'Make moderator');
  await bob.say('And on Tuesday');
  await ada.arrived('And on Tuesday');
  assert.deepEqual([...ada.complaints, ...bob.complaints], []);
});
