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
  // Its people are still there after a sign-out, with what one needs to come back by hand.
  const settings = await guest.showSettings();
  await settings.getByRole('button', { name: 'Sign out', exact: true }).last().click();
  await page.getByText(/The password of each is confab-demo/).waitFor();
  await page.locator('.demo-people button', { hasText: '@' }).nth(1).click();
  await guest.connected();
  // In a window of its own nobody knows of it: one asks, and is somebody else.
  const second = await all.person();
  await second.page.getByRole('button', { name: 'Show the people of the demo' }).click();
  await second.page.locator('.demo-people button').nth(2).click();
  await second.connected();
  await second.page.locator('a.conversation').first().waitFor();
  // It is offered while nothing is there, and never again.
  const late = await all.person();
  await late.page.getByLabel('Username or e-mail').waitFor();
  await late.page.evaluate(() => fetch('capabilities').then((answer) => answer.json())).then(({ features }) => assert.ok(!features.includes('demo')));
  assert.equal(await late.page.getByRole('button', { name: 'Fill it with a demo' }).count(), 0);
  assert.deepEqual([guest.complaints, second.complaints, late.complaints], [[], [], []]);
});
