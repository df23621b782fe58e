// The pictures of the documents: made here, looked at by people, kept small.
import assert from 'node:assert/strict';
import { copyFile, mkdir, stat } from 'node:fs/promises';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { makeRoom, stage } from './kit/stage.mjs';

const all = stage();
const folder = fileURLToPath(new URL('../../target/web-tests/pictures/', import.meta.url));
/** With PICTURES=keep they take the place of those in the documents. */
const kept = fileURLToPath(new URL('../../docs/images/', import.meta.url));
const BYTES_MAX = 150_000;

/** @param {import('playwright-core').Page} page @param {string} name */
async function take(page, name) {
  await mkdir(folder, { recursive: true });
  const path = `${folder}${name}.png`;
  await page.evaluate(() => document.fonts.ready.then(() => {}));
  await page.screenshot({ path, animations: 'disabled', caret: 'hide' });
  assert.ok((await stat(path)).size < BYTES_MAX, `${name} is too large for the documents`);
  if (process.env.PICTURES === 'keep' && name !== 'web-sign-in') {
    await mkdir(kept, { recursive: true });
    await copyFile(path, `${kept}${name}.png`);
  }
}

test('a day in a few rooms', async () => {
  const size = { viewport: { width: 1120, height: 700 } };
  const [iris, tomas, noa] = [await all.person(size), await all.person({ ...size, colorScheme: 'dark' }), await all.person({ viewport: { width: 390, height: 780 }, isMobile: true, hasTouch: true })];
  await take(iris.page, 'web-sign-in');
  await iris.register('iris', 'Iris Winter');
  await tomas.register('tomas', 'Tomás Silva');
  await noa.register('noa', 'נועה לוי');
  await makeRoom(tomas, 'Harvest fair', ['Iris Winter', 'נועה לוי']);
  await makeRoom(iris, 'Greenhouse', ['Tomás Silva', 'נועה לוי']);
  await tomas.open('Harvest fair');
  await tomas.say('The stand is booked. **Saturday, 9:00**, right by the fountain.');
  await noa.open('Greenhouse');
  await noa.say('בוקר טוב! העגבניות כבר אדומות 🍅');
  await tomas.open('Greenhouse');
  await tomas.say('Bom dia! How was the night?\n- water: 40 l\n- lowest: `11.5 °C`');
  await iris.message('lowest').waitFor();
  await iris.message('lowest').hover();
  await iris.message('lowest').getByRole('button', { name: 'Reply' }).click();
  await iris.say('Warmer than we thought. I moved the seedlings *outside*, see https://example.org/seedlings');
  await iris.say('```python\nif night.lowest > 10:\n    seedlings.move("outside")\n```');
  await noa.message('seedlings.move').waitFor();
  await noa.say('🎉');
  await tomas.message('seedlings.move').waitFor();
  await tomas.say('Great, then we bring twenty to the fair.');
  await iris.message('twenty').waitFor();
  await iris.message('seedlings.move').locator('[data-progress="read"]').waitFor();
  await iris.page.mouse.move(160, 450);
  await take(iris.page, 'web-light');
  await tomas.page.getByRole('button', { name: 'Developer drawer' }).click();
  await tomas.page.locator('.frame', { hasText: 'message_created' }).last().click();
  await tomas.page.locator('[data-round-trip]', { hasText: /\d ms/ }).waitFor();
  await take(tomas.page, 'web-developer');
  await tomas.page.getByRole('button', { name: 'Developer drawer' }).click();
  await tomas.page.getByRole('button', { name: 'Details', exact: true }).click();
  await tomas.page.setViewportSize({ width: 1240, height: 700 });
  await tomas.page.locator('.panel .person').nth(2).waitFor();
  await take(tomas.page, 'web-dark');
  await noa.message('twenty').waitFor();
  await take(noa.page, 'web-phone');
  assert.deepEqual([iris.complaints, tomas.complaints, noa.complaints], [[], [], []]);
});
