// Files: by button, by paste and by drop; on their way, refused, broken off, and at the other's.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { until } from './kit/browser.mjs';
import { png } from './kit/pictures.mjs';
import { makeRoom, stage } from './kit/stage.mjs';

/** @import { Person } from './kit/browser.mjs' */

const all = stage({ FILE_BYTES_MAX: '40000', IMAGE_BYTES_MAX: '40000' });

/** @param {Person} person @param {string} name @param {string | Buffer} content @param {string} [mimeType] */
const attach = ({ page }, name, content, mimeType = 'text/plain') =>
  page.locator('.room input[type=file]').setInputFiles({ name, mimeType, buffer: Buffer.from(content) });

/** Whether a picture is there in pixels. @param {import('playwright-core').Locator} image */
const isShown = (image) => image.evaluate((/** @type {HTMLImageElement} */ element) => element.complete && element.naturalWidth > 0);

/** @param {Person} person @param {() => Promise<void>} act What begins it. */
async function saved({ page }, act) {
  const [download] = await Promise.all([page.waitForEvent('download'), act()]);
  return { name: download.suggestedFilename(), bytes: await readFile(await download.path()) };
}

/** A transfer of files, as the system hands it over. @param {Person} person @param {string} selector @param {string[]} events @param {Record<string, string>} files */
const hand = ({ page }, selector, events, files) =>
  page.evaluate(
    ({ selector, events, files }) => {
      const transfer = new DataTransfer();
      for (const [name, text] of Object.entries(files)) transfer.items.add(new File([text], name, { type: 'text/plain' }));
      const target = /** @type {Element} */ (document.querySelector(selector));
      for (const type of events) {
        const more = { bubbles: true, cancelable: true };
        target.dispatchEvent(type === 'paste' ? new ClipboardEvent(type, { ...more, clipboardData: transfer }) : new DragEvent(type, { ...more, dataTransfer: transfer }));
      }
    },
    { selector, events, files },
  );

test('files go by button, paste and drop, are looked at and saved by the other', async () => {
  const [ada, bob] = [await all.person(), await all.person()];
  await ada.register('ada', 'Ada Files');
  await bob.register('bob', 'Bob Files');
  await makeRoom(ada, 'Darkroom', ['Bob Files']);
  await bob.open('Darkroom');

  // By button, with a preview and words to it; its name does nothing, here and there.
  await attach(ada, '"><img src=x onerror=document.title=`hit`>.png', png(320, 200), 'image/png');
  await until(() => isShown(ada.page.locator('.upload img')), 'the preview is shown');
  await ada.page.locator('.upload progress').waitFor({ state: 'detached' });
  await ada.say('Look **here**');
  const picture = bob.message('Look here').locator('.image-button img');
  await until(() => isShown(picture), 'the picture is there');
  assert.equal(await ada.page.locator('.upload').count(), 0);
  await picture.click();
  const whole = bob.page.locator('dialog img.whole-picture');
  await until(() => isShown(whole), 'the whole picture is there');
  const image = await saved(bob, () => bob.page.getByRole('dialog').getByRole('button', { name: 'Save' }).click());
  assert.deepEqual([...image.bytes.subarray(1, 4)], [...Buffer.from('PNG')]);
  assert.match(image.name, /img src=x onerror=document\.title=`hit`_\.png$/);
  await bob.escape();

  // By paste and by drop, without words.
  await hand(ada, '.room textarea', ['paste'], { 'pasted.txt': 'from the clipboard' });
  await hand(ada, 'main.room', ['dragenter', 'dragover'], { 'dropped.txt': 'from the desk' });
  await ada.page.locator('.drop-hint', { hasText: 'Drop the files' }).waitFor();
  await hand(ada, 'main.room', ['drop'], { 'dropped.txt': 'from the desk' });
  await ada.page.locator('.drop-hint').waitFor({ state: 'detached' });
  await ada.page.locator('.upload').nth(1).waitFor();
  await ada.page.locator('.room').getByRole('button', { name: 'Send' }).click();
  for (const [name, text] of [['pasted.txt', 'from the clipboard'], ['dropped.txt', 'from the desk']]) {
    const file = await saved(bob, () => bob.page.locator('.timeline .file', { hasText: name }).click());
    assert.deepEqual([file.name, file.bytes.toString()], [name, text]);
  }
  // One message bears both.
  assert.equal(await bob.page.locator('.timeline article').count(), 2);
  // The list names what there are no words for.
  await bob.page.locator('a.conversation', { hasText: 'Darkroom' }).locator('.last', { hasText: '2 files' }).waitFor();
  assert.doesNotMatch(await bob.page.title(), /hit/);
  assert.deepEqual([ada.complaints, bob.complaints], [[], []]);
});

test('a file that fails says why, is tried again, and holds its message back', async () => {
  const ada = await all.person();
  await ada.register('ada2', 'Ada Fails');
  await makeRoom(ada, 'Post office', []);
  const { page } = ada;

  // What the server would refuse is known before it is sent, or said in words.
  await attach(ada, 'large.txt', 'x'.repeat(50_000));
  const large = page.locator('.upload', { hasText: 'large.txt' });
  await large.getByText('Not uploaded. At most 40 KB are taken here.').waitFor();
  assert.equal(await large.getByRole('button', { name: 'Upload large.txt again' }).count(), 0);
  await large.getByRole('button', { name: 'Remove large.txt' }).click();
  await attach(ada, 'scan.tiff', Buffer.from([0x49, 0x49, 0x2a, 0, 8, 0, 0, 0, 0, 0, 0, 0, 0, 0]), 'image/tiff');
  await page.getByText('Not uploaded. Files of this type are not taken here.').waitFor();
  await page.getByRole('button', { name: 'Remove scan.tiff' }).click();

  // On its way it shows how far it is; what is said meanwhile waits for it.
  /** @type {(end: 'break' | 'pass') => void} */
  let end = () => {};
  let attempts = 0;
  await page.route('**/uploads', async (route) => {
    attempts += 1;
    const how = await new Promise((resolve) => {
      end = resolve;
    });
    await (how === 'break' ? route.abort('connectionreset') : route.continue());
  });
  await attach(ada, 'letter.txt', 'Dear all');
  await page.getByRole('progressbar', { name: 'Uploading letter.txt' }).waitFor();
  await ada.say('It is in the post');
  await page.getByText('It is sent as soon as the files are there.').waitFor();
  end('break');
  await page.getByText('Not uploaded. The server was not reached.').waitFor();
  assert.equal(await page.locator('.timeline article').count(), 0);
  assert.equal(await page.locator('.room textarea').inputValue(), 'It is in the post');
  await page.getByRole('button', { name: 'Upload letter.txt again' }).click();
  await page.getByRole('progressbar').waitFor();
  await page.locator('.room textarea').press('Enter');
  end('pass');
  await ada.message('It is in the post').locator('.file', { hasText: 'letter.txt' }).waitFor();
  assert.equal(attempts, 2);
  assert.equal(await page.locator('.timeline article').count(), 1);
  assert.deepEqual(ada.complaints, []);
});

test('a message that finds no room in the outbox keeps its words and files', async () => {
  const ada = await all.person();
  await ada.register('ada4', 'Ada Waits');
  await makeRoom(ada, 'Queue', []);
  const { page } = ada;
  await attach(ada, 'kept.txt', 'kept');
  await page.locator('.upload', { hasText: '4 B' }).waitFor();
  await page.evaluate(async () => {
    const script = /** @type {HTMLScriptElement} */ (document.querySelector('script[type=module]'));
    const { client } = await import(new URL('model/client.js', script.src).href);
    const { OUTBOX_MAX } = await import(new URL('../sdk/src/index.js', script.src).href);
    client.disconnect();
    const room_id = location.hash.slice('#/room/'.length);
    for (let count = 0; count < OUTBOX_MAX; count += 1) client.send(room_id, { content: `${count}` });
  });
  await ada.say('the last straw');
  await ada.toast('Too many messages wait to be sent.');
  assert.equal(await page.locator('.room textarea').inputValue(), 'the last straw');
  await page.locator('.upload', { hasText: 'kept.txt' }).waitFor();
  assert.deepEqual(ada.complaints, []);
});

test('a file that is on its way when the server dies arrives once, with its words', async () => {
  const [ada, bob] = [await all.person(), await all.person()];
  await ada.register('ada3', 'Ada Survives');
  await bob.register('bob3', 'Bob Survives');
  await makeRoom(ada, 'Harbour', ['Bob Survives']);
  await bob.open('Harbour');
  await all.server.kill();
  await attach(ada, 'cargo.txt', 'tea');
  await ada.page.locator('.upload', { hasText: 'Waits for the connection' }).waitFor();
  await ada.say('The cargo list');
  await ada.page.getByText('It is sent as soon as the files are there.').waitFor();
  await all.server.up();
  const row = bob.message('The cargo list');
  const file = await saved(bob, () => row.locator('.file', { hasText: 'cargo.txt' }).click());
  assert.equal(file.bytes.toString(), 'tea');
  await ada.message('The cargo list').locator('[data-progress]').waitFor();
  for (const person of [ada, bob]) assert.equal(await person.page.locator('.timeline article').count(), 1);
  assert.deepEqual([ada.complaints, bob.complaints], [[], []]);
});
