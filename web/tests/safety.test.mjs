// What strangers write is shown as they wrote it, and does nothing.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { until } from './kit/browser.mjs';
import { makeRoom, stage } from './kit/stage.mjs';

const all = stage();

/** Each would leave a mark in the page if any of it ran. */
const ATTACKS = [
  '<img src=x onerror="document.title=\'hit\'">',
  '<script>document.title="hit"</script>',
  '"><svg onload=document.title="hit">',
  "'-document.title='hit'-'",
  '{{constructor.constructor("document.title=\'hit\'")()}}',
];
const MARKDOWN = [
  '[x](javascript:document.title="hit")',
  '[x](JAVASCRIPT:document.title="hit")',
  '[x](data:text/html,<script>document.title="hit"</script>)',
  '![x](https://elsewhere.example/pixel.png)',
  '[x](https://a.example" onmouseover="document.title=\'hit\')',
  '<https://a.example/"onclick=document.title="hit">',
  '```"><img src=x onerror=document.title="hit">\n</code></pre><script>document.title="hit"</script>\n```',
  '`<script>document.title="hit"</script>`',
  '<iframe srcdoc="<script>parent.document.title=1</script>"></iframe>',
  'https://a.example/<script>document.title="hit"</script>',
  '@<b>ada</b> **<u>x</u>**',
];

/** Nothing ran, nothing was made but what views make, and no address leads astray. @param {import('playwright-core').Page} page */
async function assertHarmless(page) {
  const found = await page.evaluate(() => ({
    title: document.title,
    foreign: [...document.querySelectorAll('script, iframe, object, embed, base, link, style, form[action], [onerror], [onload], [onclick], [onmouseover]')]
      .filter((element) => !(document.head.contains(element) && (element.tagName === 'LINK' || element.tagName === 'SCRIPT')))
      .map((element) => element.outerHTML.slice(0, 100)),
    addresses: [...document.querySelectorAll('a[href]')].map((link) => link.href).filter((href) => !/^(https?|mailto):/.test(href)),
    unguarded: [...document.querySelectorAll('.timeline a[href]')].filter((link) => !/noopener.*nofollow/.test(link.rel)).length,
    pictures: [...document.querySelectorAll('img')].map((image) => image.src).filter((src) => !src.startsWith(location.origin) && !src.startsWith('blob:')),
  }));
  assert.doesNotMatch(found.title, /hit/);
  assert.deepEqual({ ...found, title: '' }, { title: '', foreign: [], addresses: [], unguarded: 0, pictures: [] });
}

test('names, rooms, descriptions, messages, markdown and metadata of strangers do nothing', async () => {
  const [ada, eve] = [await all.person(), await all.person()];
  /** @type {string[]} */
  const requests = [];
  ada.page.on('request', (request) => requests.push(request.url()));
  await ada.register('ada', 'Ada');
  await eve.register('eve', ATTACKS[0]);
  const room = ATTACKS[2];
  await makeRoom(eve, room, ['Ada']);
  await eve.page.evaluate(
    async ({ attacks, markdown, description }) => {
      const { client } = await import(new URL('model/client.js', document.querySelector('script[type=module]').src).href);
      const room_id = location.hash.slice('#/room/'.length);
      await client.rest.updateRoom({ room_id, body: { description, metadata: { '<b>': description } } });
      for (const content of [...attacks, ...markdown]) {
        for (const content_type of ['text/markdown', 'text/plain']) {
          await client.settled(client.send(room_id, { content, content_type, metadata: { '<script>': content } }).client_id);
        }
      }
    },
    { attacks: ATTACKS, markdown: MARKDOWN, description: ATTACKS[1] },
  );
  await ada.open('onload');
  await ada.page.locator('.room h1', { hasText: room }).waitFor();
  await assertHarmless(ada.page);
  await ada.page.getByRole('button', { name: 'Latest' }).or(ada.page.getByRole('button', { name: 'new messages' })).click();
  await ada.page.getByText(MARKDOWN.at(-1), { exact: true }).last().waitFor();
  await assertHarmless(ada.page);

  // Beside the room, in the list, in a dialog, in the drawer, and where a message is quoted.
  await ada.page.getByRole('button', { name: 'Details', exact: true }).click();
  await ada.page.locator('.panel', { hasText: ATTACKS[1] }).waitFor();
  await assertHarmless(ada.page);
  await ada.page.locator('.panel .person-open').filter({ hasText: '@eve' }).click();
  await ada.page.locator('.panel .profile-card', { hasText: ATTACKS[0] }).waitFor();
  await assertHarmless(ada.page);
  const last = ada.page.locator('.timeline article').last();
  await last.hover();
  await last.getByRole('button', { name: 'Reply' }).click();
  await ada.say(ATTACKS[3]);
  await ada.page.locator('.timeline .quote').last().waitFor();
  await ada.page.getByRole('button', { name: 'Developer drawer' }).click();
  await ada.page.locator('.frame').last().click();
  await assertHarmless(ada.page);
  await ada.page.getByLabel('Find a conversation').fill('onload');
  await ada.page.locator('a.conversation', { hasText: room }).waitFor();
  await assertHarmless(ada.page);

  const origin = new URL(all.server.url).origin;
  assert.deepEqual(requests.filter((url) => !url.startsWith(origin) && !url.startsWith('blob:')), []);
  // The policy had nothing to stop.
  assert.deepEqual([ada.complaints, eve.complaints], [[], []]);
});

test('what strangers call themselves, their files and rooms, and say in passing does nothing', async () => {
  const [ada, eve, fay] = [await all.person(), await all.person(), await all.person()];
  const [NAME, STATUS, ROOM, ABOUT] = ATTACKS;
  /** @type {string[]} */
  const requests = [];
  for (const { page } of [ada, eve, fay]) page.on('request', (request) => requests.push(request.url()));
  await ada.register('ada7', 'Ada Seven');
  await eve.register('eve7', NAME);
  const ids = await ada.page.evaluate(async () => {
    const { chat } = await import(new URL('model/chat.js', document.querySelector('script[type=module]').src).href);
    return { ada: chat.me.id };
  });
  const { room, token, reactions } = await eve.page.evaluate(
    async ({ ada, name, status, roomName, about }) => {
      const { client } = await import(new URL('model/client.js', document.querySelector('script[type=module]').src).href);
      await client.updateProfile({ status: { text: status, emoji: null, until: null }, avatar_url: 'https://elsewhere.example/pixel.png' });
      const made = await client.rest.createRoom({
        body: { kind: 'private', name: 'Before', description: about, avatar_url: 'https://elsewhere.example/pixel.png', system_messages: true, member_ids: [ada] },
      });
      await client.rest.updateRoom({ room_id: made.id, body: { name: roomName } });
      // Files that would run if they were opened in place, under a name that would, too.
      const script = '<script>document.title="hit"<\/script>';
      const files = [
        new File([`<svg xmlns="http://www.w3.org/2000/svg" onload="document.title='hit'">${script}</svg>`], `${name}.svg`, { type: 'image/svg+xml' }),
        new File([`<!DOCTYPE html>${script}`], `"><b>${name}.html`, { type: 'text/html' }),
      ];
      const attachments = [];
      for (const file of files) attachments.push((await client.upload(file)).id);
      await client.settled(client.send(made.id, { content: `needle ${name} needle`, attachments }).client_id);
      // What is no emoji is none.
      const { items } = await client.rest.listMessages({ room_id: made.id });
      const reactions = await client.react(items[0].id, '<b>').then(() => 'taken', ({ code }) => code);
      const { token } = await client.rest.invite({ room_id: made.id, body: {} });
      return { room: made.id, token, reactions };
    },
    { ada: ids.ada, name: NAME, status: STATUS, roomName: ROOM, about: ABOUT },
  );
  assert.equal(reactions, 'invalid');
  await ada.open('onload');
  await ada.page.locator('.system', { hasText: ROOM }).waitFor();
  await ada.message('needle').locator('.file').nth(1).waitFor();
  await assertHarmless(ada.page);
  // They are saved, not opened.
  for (const index of [0, 1]) {
    const [download] = await Promise.all([ada.page.waitForEvent('download'), ada.message('needle').locator('.file').nth(index).click()]);
    assert.doesNotMatch(download.suggestedFilename(), /[<>"]/);
  }
  assert.equal(ada.page.url().startsWith(all.server.url), true);

  // Found, completed, typed, and on the person's card.
  await ada.page.keyboard.press('Control+Shift+f');
  const hit = ada.page.locator('.panel .hit mark').first();
  await until(async () => {
    await ada.page.getByLabel('Words to look for').fill('');
    await ada.page.getByText('Nothing found.').waitFor({ state: 'detached' });
    await ada.page.getByLabel('Words to look for').fill('needle');
    await hit.or(ada.page.getByText('Nothing found.')).first().waitFor();
    return (await hit.count()) > 0;
  }, 'it is found');
  await assertHarmless(ada.page);
  await ada.page.locator('.panel').getByRole('button', { name: 'Close' }).click();
  await eve.open('onload');
  await eve.page.locator('.room textarea').pressSequentially('typing');
  await ada.page.locator('.typing-line', { hasText: NAME }).waitFor();
  await ada.page.locator('.room textarea').pressSequentially('@eve');
  await ada.page.getByRole('option', { name: NAME }).waitFor();
  await assertHarmless(ada.page);
  await ada.page.keyboard.press('Escape');
  await ada.page.locator('.room textarea').fill('');
  await ada.showDetails();
  await ada.page.locator('.panel .person-open').filter({ hasText: '@eve7' }).click();
  await ada.page.locator('.panel .profile-card', { hasText: STATUS }).waitFor();
  await assertHarmless(ada.page);

  // Forwarded, reported, and in a link.
  await ada.act('needle', 'Forward');
  await ada.page.getByRole('dialog', { name: 'Forward' }).getByRole('button', { name: ROOM }).waitFor();
  await assertHarmless(ada.page);
  await ada.escape();
  await ada.act('needle', 'Report to the moderators');
  await ada.page.getByLabel('What is wrong with it').fill(NAME);
  await ada.page.getByRole('dialog').getByRole('button', { name: 'Report' }).click();
  await eve.showDetails();
  await eve.page.getByRole('button', { name: 'Reports', exact: true }).click();
  await eve.page.getByRole('dialog', { name: 'Reports' }).getByText(NAME).nth(1).waitFor();
  await assertHarmless(eve.page);
  await eve.escape();
  await fay.page.goto(`${all.server.url}#/invitation/${token}`);
  await fay.register('fay7', 'Fay Seven');
  await fay.page.getByRole('dialog').getByText(ABOUT).waitFor();
  await fay.page.getByRole('dialog').getByText(ROOM).waitFor();
  await assertHarmless(fay.page);
  await fay.escape();

  // Put out: the notice names the room.
  await eve.page.evaluate(
    async ({ room, ada }) => {
      const { client } = await import(new URL('model/client.js', document.querySelector('script[type=module]').src).href);
      await client.rest.removeMember({ room_id: room, user_id: ada });
    },
    { room, ada: ids.ada },
  );
  await ada.toast(ROOM);
  await assertHarmless(ada.page);
  const origin = new URL(all.server.url).origin;
  assert.deepEqual(requests.filter((url) => !url.startsWith(origin) && !url.startsWith('blob:')), []);
  assert.deepEqual([ada.complaints, eve.complaints, fay.complaints], [[], [], []]);
});

test('the policy would stop what slipped through', async () => {
  const ada = await all.person();
  const stopped = await ada.page.evaluate(async () => {
    const violations = [];
    document.addEventListener('securitypolicyviolation', (event) => violations.push(event.effectiveDirective));
    const add = (tag, change) => document.body.append(Object.assign(document.createElement(tag), change));
    add('script', { textContent: 'document.title="hit"' });
    add('img', { src: 'https://elsewhere.example/x.png' });
    add('iframe', { src: 'https://elsewhere.example/' });
    await fetch('https://elsewhere.example/').catch(() => {});
    // They are told as events, in their own turn.
    while (new Set(violations).size < 4) await new Promise((resolve) => requestAnimationFrame(resolve));
    return violations;
  });
  assert.deepEqual([...new Set(stopped)].sort(), ['connect-src', 'frame-src', 'img-src', 'script-src-elem']);
  assert.notEqual(await ada.page.title(), 'hit');
});
