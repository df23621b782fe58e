// What strangers write is shown as they wrote it, and does nothing.
import assert from 'node:assert/strict';
import { test } from 'node:test';
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
