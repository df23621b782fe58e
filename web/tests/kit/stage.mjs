// The server, a browser, and people on it; all gone at the end, with a picture of what each saw when a test failed.
import { mkdir } from 'node:fs/promises';
import { after, afterEach, before } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Server } from '../../sdk/tests/kit/server.js';
import { Person, launch } from './browser.mjs';

/** Where pictures go that nobody keeps. */
const failures = fileURLToPath(new URL('../../../target/web-tests/', import.meta.url));

/** @param {Record<string, string>} [settings] */
export function stage(settings = {}) {
  const all = {
    /** @type {any} */ server: null,
    /** @type {import('playwright-core').Browser} */ browser: /** @type {any} */ (null),
    /** @type {Person[]} */ people: [],
    /** @param {import('playwright-core').BrowserContextOptions} [options] @param {string} [url] */
    async person(options, url = all.server.url) {
      const person = await Person.at(all.browser, url, options);
      all.people.push(person);
      return person;
    },
  };
  before(async () => {
    all.server = await Server.start(settings);
    all.browser = await launch();
  });
  afterEach(async (context) => {
    // @ts-expect-error what node:test knows of a test that has ended
    if (context.error || context.passed === false) {
      await mkdir(failures, { recursive: true });
      for (const [index, { page }] of all.people.entries()) {
        await page.screenshot({ path: `${failures}${context.name.replace(/\W+/g, '-')}-${index}.png` }).catch(() => {});
      }
      console.error(all.server.log);
    }
    for (const person of all.people.splice(0)) await person.close().catch(() => {});
  });
  after(async () => {
    await all.browser?.close();
    await all.server?.remove();
  });
  return all;
}

/**
 * The direct conversation with somebody, over the page.
 *
 * @param {Person} person
 * @param {string} username
 */
export async function talkTo({ page }, username) {
  await page.getByRole('button', { name: 'New conversation' }).first().click();
  await page.getByLabel('Find people by name').fill(username);
  await page.locator('dialog .person-open').filter({ hasText: `@${username}` }).click();
  await page.getByRole('dialog').waitFor({ state: 'detached' });
  await page.locator('.room textarea').waitFor();
}

/**
 * A room made by one and joined by the others, over the page of each.
 *
 * @param {Person} owner
 * @param {string} name
 * @param {string[]} others As they are shown.
 * @param {boolean} [isPrivate]
 */
export async function makeRoom(owner, name, others, isPrivate = false) {
  const { page } = owner;
  await page.getByRole('button', { name: 'New conversation' }).first().click();
  await page.getByRole('tab', { name: 'New room' }).click();
  await page.getByLabel('Name', { exact: true }).fill(name);
  for (const other of others) {
    await page.getByLabel('Find people by name').fill(other);
    await page.locator('dialog .person-open').filter({ hasText: other }).click();
  }
  if (isPrivate) await page.getByRole('radio', { name: /Only who is invited/ }).check();
  await page.getByRole('button', { name: 'Create room' }).click();
  await page.locator('.room h1', { hasText: name }).waitFor();
}
