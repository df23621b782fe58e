// Every screen, panel, menu and dialog, in both themes, on a phone and from right to left: axe finds nothing serious,
// nothing sticks out, and a picture is taken for people to look at (target/web-tests/screens).
import assert from 'node:assert/strict';
import { mkdir } from 'node:fs/promises';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { seriousFindings, sticksOut } from './kit/audit.mjs';
import { png } from './kit/pictures.mjs';
import { makeRoom, stage, talkTo } from './kit/stage.mjs';

const all = stage();
const folder = fileURLToPath(new URL('../../target/web-tests/screens/', import.meta.url));
const PHONE = { viewport: { width: 390, height: 780 }, hasTouch: true, isMobile: true };

/** @param {string} look @param {import('playwright-core').Page} page @param {{ isTouch?: boolean }} [options] */
function auditor(look, page, options = {}) {
  /** @type {string[]} */
  const found = [];
  return {
    found,
    /** @param {string} name */
    async look(name) {
      // What moves is looked at once it stands.
      await page.evaluate(() => Promise.all(document.getAnimations().filter((one) => one.effect?.getTiming().iterations !== Infinity).map((one) => one.finished.catch(() => {}))));
      await page.screenshot({ path: `${folder}${look}-${name}.png`, caret: 'hide' });
      found.push(...(await seriousFindings(page, options)).map((finding) => `${look}, ${name}: ${finding}`));
      found.push(...(await sticksOut(page)).map((element) => `${look}, ${name}: ${element} is too wide`));
    },
  };
}

/** Opens what is named, whatever leads there. @param {import('playwright-core').Page} page @param {'ask' | 'show'} how @param {Record<string, any>} what */
const open = (page, how, what) =>
  page.evaluate(
    async ({ how, what }) => {
      const script = /** @type {HTMLScriptElement} */ (document.querySelector('script[type=module]'));
      const { chat } = await import(new URL('model/chat.js', script.src).href);
      const { ui } = await import(new URL('model/ui.js', script.src).href);
      const room = chat.openRoom;
      const message = room.messages.find((/** @type {any} */ one) => one.content?.startsWith('The plan'));
      const file = room.messages.flatMap((/** @type {any} */ one) => one.attachments).find((/** @type {any} */ one) => one.thumbnail_url);
      const member = [...room.members.values()].find((one) => one.user_id !== chat.me.id);
      const preview = { room_id: room.id, name: room.title, description: room.data.description, kind: room.kind, member_count: 2, is_member: false, expires_at: null, avatar_url: null };
      if (how === 'ask') ui.ask({ room, message, file, member, token: 'x', preview, ...what });
      else ui.show({ messageId: message.id, userId: member.user_id, ...what });
    },
    { how, what },
  );

const DIALOGS = ['new', 'add', 'settings', 'room', 'invite', 'shortcuts', 'picture', 'delete', 'leave', 'remove', 'ban', 'owner', 'report', 'forward', 'reactions', 'receipts', 'history', 'invitation', 'reports', 'deactivate'];
const PANELS = ['details', 'thread', 'search', 'pins', 'files', 'mentions', 'profile'];
const LOOKS = [
  { look: 'light', options: {} },
  { look: 'dark', options: { colorScheme: /** @type {const} */ ('dark') } },
  { look: 'phone', options: PHONE },
];

for (const { look, options } of LOOKS) {
  test(`every screen is fit to be seen: ${look}`, async () => {
    await mkdir(folder, { recursive: true });
    const isTouch = look === 'phone';
    const [ada, bob] = [await all.person(options), await all.person()];
    const { page } = ada;
    const { look: see, found } = auditor(look, page, { isTouch });
    await see('sign-in');
    await page.getByRole('tab', { name: 'Create account' }).click();
    await see('sign-up');
    await page.getByLabel('Username', { exact: true }).fill('a b');
    await page.getByLabel('Password', { exact: true }).fill('short');
    await page.getByRole('button', { name: 'Create account' }).click();
    await page.locator('.field .wrong').nth(1).waitFor();
    await see('sign-up-refused');
    await page.reload();
    await ada.register(`ada-${look}`, `Ada ${look}`);
    await bob.register(`bob-${look}`, 'Bob Ross');
    await see('nothing-yet');
    await makeRoom(bob, `Garden ${look}`, [`Ada ${look}`]);
    await bob.page.evaluate(async ({ picture, ada }) => {
      const script = /** @type {HTMLScriptElement} */ (document.querySelector('script[type=module]'));
      const { client } = await import(new URL('model/client.js', script.src).href);
      const room_id = location.hash.slice('#/room/'.length);
      const say = (/** @type {any} */ draft) => client.settled(client.send(room_id, { content_type: 'text/markdown', ...draft }).client_id);
      await client.setPicture(new File([Uint8Array.from(picture)], 'me.png'));
      await client.rest.updateRoom({ room_id, body: { description: 'Beds, seeds, and who waters them', slow_mode_seconds: 5 } });
      const { items } = await client.rest.listMembers({ room_id });
      const member = items.find((/** @type {any} */ one) => one.user.username === ada);
      await client.rest.changeRole({ room_id, user_id: member.user_id, body: { role: 'admin' } });
      const plan = await say({ content: `The plan, @${ada}:\n\n- [beds](https://example.org/beds) by **Friday**\n- \`seeds.csv\` is in the _shed_\n\n> Sow beans in May` });
      await client.edit(plan.message_id, `The plan, @${ada}:\n\n1. [beds](https://example.org/beds) by **Friday**\n2. \`seeds.csv\` is in the _shed_\n\n> Sow beans in May`);
      await client.react(plan.message_id, '🌱');
      await client.pin(room_id, plan.message_id);
      const upload = await client.upload(new File([Uint8Array.from(picture)], 'bed three.png'));
      const text = await client.upload(new File(['tea'], 'a-very-long-name-of-a-file-that-nobody-would-ever-type.txt'));
      await say({ content: 'This is how it looks', attachments: [upload.id, text.id] });
      await say({ content: 'And who waters?', reply_to: plan.message_id });
      await say({ content: '```js\nfor (const bed of beds) water(bed, { litres: 12, at: "six o\'clock in the morning", unless: "it rains" });\n```' });
      await say({ content: 'שלום לכולם, מה שלומכם היום?' });
      await say({ content: `Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft${'h'.repeat(80)}` });
      const gone = await say({ content: 'never mind' });
      await client.delete(gone.message_id);
      await say({ content: '🎉' });
    }, { picture: [...png(480, 320)], ada: `ada-${look}` });
    const entry = page.locator('a.conversation', { hasText: `Garden ${look}` });
    await entry.locator('.badge').first().waitFor();
    await see('list');
    await ada.open(`Garden ${look}`);
    await page.locator('.image-button img').waitFor();
    await ada.say('I do, on Mondays');
    await ada.message('I do, on').locator('[data-progress="read"], [data-progress="delivered"]').waitFor();
    await see('room');
    await page.locator('.timeline').evaluate((element) => {
      element.scrollTop = 0;
    });
    await ada.message('The plan').waitFor();
    await see('room-beginning');
    if (!isTouch) {
      await ada.message('The plan').hover();
      await see('message-actions');
      await page.locator('.timeline').focus();
    }
    await open(page, 'ask', { kind: 'shortcuts' });
    await page.getByRole('dialog').waitFor();
    await ada.escape();
    for (const kind of PANELS) {
      await open(page, 'show', { kind });
      await page.locator('.panel').waitFor();
      if (kind === 'search') {
        await page.getByLabel('Words to look for').fill('zzz');
        await page.getByText('Nothing found.').waitFor();
      }
      if (kind === 'thread') await page.locator('.panel article', { hasText: 'who waters' }).waitFor();
      if (kind === 'pins' || kind === 'mentions') await page.locator('.panel .hit').first().waitFor();
      if (kind === 'files') {
        await page.getByRole('radio', { name: 'Others' }).check();
        await page.locator('.panel .person').waitFor();
        await see('panel-files-others');
        await page.getByRole('radio', { name: 'Pictures' }).check();
        await page.locator('.panel .picture-grid img').waitFor();
      }
      if (kind === 'details') await page.locator('.panel .person').nth(1).waitFor();
      await see(`panel-${kind}`);
    }
    await page.locator('.panel').getByRole('button', { name: 'Close' }).click();
    for (const kind of DIALOGS) {
      await open(page, 'ask', { kind });
      await page.getByRole('dialog').waitFor();
      await page.locator('dialog .spinner').waitFor({ state: 'detached' });
      if (kind === 'settings') await page.locator('dialog .person').first().waitFor();
      if (kind === 'new') {
        await page.locator('dialog .person').first().waitFor();
        await see('dialog-new-people');
        await page.getByRole('tab', { name: 'Rooms' }).click();
        await page.locator('dialog .person').first().waitFor();
        await see('dialog-new-rooms');
        await page.getByRole('tab', { name: 'New room' }).click();
        await page.locator('dialog .person').first().waitFor();
      }
      await see(`dialog-${kind}`);
      if (kind === 'settings') {
        await page.locator('dialog .dialog-body').evaluate((element) => element.scrollTo(0, element.scrollHeight));
        await see('dialog-settings-end');
      }
      await ada.escape();
    }
    await page.locator('.room-head').getByRole('button', { name: 'More actions' }).click();
    await page.getByRole('menu').waitFor();
    await see('menu');
    await page.getByRole('menuitem', { name: 'Mark as unread' }).click();
    if (isTouch) await page.locator('.room-head').getByRole('button', { name: 'Back' }).click();
    await entry.locator('[data-marked]').waitFor();
    await see('list-marked');
    await entry.click();
    await entry.locator('[data-marked]').waitFor({ state: 'detached' });
    await page.locator('.room textarea').waitFor();
    await page.locator('.room').getByRole('button', { name: 'Emoji', exact: true }).click();
    await page.getByRole('button', { name: 'grinning face', exact: true }).waitFor();
    await see('emoji');
    await page.keyboard.press('Escape');
    await page.locator('.room input[type=file]').setInputFiles([
      { name: 'tree.png', mimeType: 'image/png', buffer: png(64, 64) },
      { name: 'nothing-at-all-in-a-file-with-a-long-name.txt', mimeType: 'text/plain', buffer: Buffer.alloc(0) },
    ]);
    await page.getByText('Not uploaded. It is empty.').waitFor();
    await page.locator('.room textarea').fill('@bo');
    await page.locator('.room textarea').press('End');
    await page.getByRole('option').first().waitFor();
    await see('writing');
    await page.locator('.room textarea').fill('');
    for (const name of ['tree.png', 'nothing-at-all-in-a-file-with-a-long-name.txt']) await page.getByRole('button', { name: `Remove ${name}` }).click();
    await page.locator('.room textarea').blur();
    if (!isTouch) {
      await page.getByRole('button', { name: 'Developer drawer' }).click();
      await page.locator('.frame').last().click();
      await see('drawer');
      await page.getByRole('button', { name: 'Developer drawer' }).click();
    }
    assert.deepEqual(found, []);
    assert.deepEqual([ada.complaints, bob.complaints], [[], []]);
  });
}

test('from right to left all of it is the other way round, and holds', async () => {
  await mkdir(folder, { recursive: true });
  const [ada, bob] = [await all.person(), await all.person()];
  await ada.context.addInitScript(() => document.addEventListener('DOMContentLoaded', () => {
    document.documentElement.dir = 'rtl';
  }));
  await ada.page.reload();
  await ada.register('ada-rtl', 'נועה לוי');
  await bob.register('bob-rtl', 'Bob Ross');
  await talkTo(bob, 'ada-rtl');
  await bob.say('שלום! Shall we meet at 18:30?');
  await ada.open('Bob Ross');
  await ada.message('שלום').waitFor();
  await ada.say('כן, בשמחה — at the *old* oak.');
  await ada.message('oak').locator('[data-progress="read"], [data-progress="delivered"]').waitFor();
  await ada.showDetails();
  const { look: see, found } = auditor('rtl', ada.page);
  await see('room');
  // Mine stand at the end of the line, which is left now.
  const [mine, theirs] = await Promise.all(['oak', 'שלום'].map((text) => ada.message(text).first().locator('.bubble').boundingBox()));
  assert.ok(mine && theirs && mine.x < theirs.x);
  await ada.page.locator('.panel').getByRole('button', { name: 'Files', exact: true }).click();
  await ada.page.getByText('No such files were sent here.').waitFor();
  await see('files');
  await bob.say('@ada-rtl, at six?');
  await ada.message('at six').waitFor();
  await ada.page.locator('.sidebar-head').getByRole('button', { name: /^Mentions/ }).click();
  await ada.page.locator('.panel .hit').waitFor();
  await see('mentions');
  await (await ada.showSettings()).waitFor();
  await see('settings');
  await ada.escape();
  assert.deepEqual(found, []);
  assert.deepEqual([ada.complaints, bob.complaints], [[], []]);
});
