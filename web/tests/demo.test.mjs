// The first run: an empty server offers a demo, and the page is never empty.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { stage } from './kit/stage.mjs';

const all = stage();

test('an empty server is filled with a click, and one looks around as somebody', async () => {
  const guest = await all.person();
  const { page } = guest;
  await page.getByRole('button', { name: 'Fill it with a demo' }).click();
  await page.locator('.demo-people button').first().click();
  await guest.connected();
  await page.locator('a.conversation').first().click();
  await page.locator('.timeline article').first().waitFor();
  assert.ok((await page.locator('a.conversation').count()) > 1);
  // It is offered while nothing is there, and never again.
  const late = await all.person();
  await late.page.getByLabel('Username or e-mail').waitFor();
  await late.page.evaluate(() => fetch('capabilities').then((answer) => answer.json())).then(({ features }) => assert.ok(!features.includes('demo')));
  assert.equal(await late.page.getByRole('button', { name: 'Fill it with a demo' }).count(), 0);
  assert.deepEqual([guest.complaints, late.complaints], [[], []]);
});
