// A real browser, and people in windows of it.
import { chromium } from 'playwright-core';

/** @import { Browser } from 'playwright-core' */

const PASSWORD = 'correct horse battery staple';
const ARGUMENTS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--disable-dev-shm-usage',
];
/** For states that come as soon as a busy machine lets them. */
const PATIENCE_MS = 30_000;

/** Debian's, or the one that CHROMIUM names. */
export function launch() {
  return chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ARGUMENTS });
}

/**
 * A person with a window of their own; whatever the page complains of is kept.
 */
export class Person {
  /** @type {string[]} */
  complaints = [];
  username = '';

  /** @param {import('playwright-core').BrowserContext} context @param {import('playwright-core').Page} page */
  constructor(context, page) {
    this.context = context;
    this.page = page;
  }


  /**
   * @param {Browser} browser
   * @param {string} url
   * @param {import('playwright-core').BrowserContextOptions} [options]
   */
  static async at(browser, url, options = {}) {
    const context = await browser.newContext({ locale: 'en-GB', timezoneId: 'Europe/Berlin', viewport: { width: 1280, height: 800 }, ...options });
    context.setDefaultTimeout(PATIENCE_MS);
    await context.addInitScript(() => {
      document.addEventListener('securitypolicyviolation', (event) => console.error(`the policy stopped ${event.effectiveDirective}: ${event.blockedURI}`));
    });
    const person = new Person(context, await context.newPage());
    person.page.on('console', (message) => {
      if (message.type() === 'error' && !isOfTheNetwork(message.text())) person.complaints.push(message.text());
    });
    person.page.on('dialog', (dialog) => {
      person.complaints.push(`a dialog of the browser: ${dialog.message()}`);
      void dialog.dismiss();
    });
    person.page.on('pageerror', (error) => person.complaints.push(String(error)));
    await person.page.goto(url);
    return person;
  }

  /** @param {string} username @param {string} [displayName] */
  async register(username, displayName = '') {
    this.username = username;
    await this.page.getByRole('tab', { name: 'Create account' }).click();
    await this.page.getByLabel('Username', { exact: true }).fill(username);
    if (displayName) await this.page.getByLabel('Name that others see').fill(displayName);
    await this.page.getByLabel('Password', { exact: true }).fill(PASSWORD);
    await this.page.getByRole('button', { name: 'Create account' }).click();
    await this.connected();
  }

  /** @param {string} username */
  async signIn(username) {
    this.username = username;
    await this.page.getByLabel('Username or e-mail').fill(username);
    await this.page.getByLabel('Password', { exact: true }).fill(PASSWORD);
    await this.page.getByRole('button', { name: 'Sign in' }).click();
    await this.connected();
  }

  async connected() {
    await this.page.locator('.sidebar [data-connection="online"]').waitFor();
  }

  /** @param {string} text */
  async say(text) {
    const box = this.page.locator('.room textarea');
    await box.fill(text);
    // On a phone Enter is a new line.
    if (await this.page.evaluate(() => matchMedia('(hover: none)').matches)) {
      await this.page.locator('.room').getByRole('button', { name: 'Send' }).click();
    } else {
      await box.press('Enter');
    }
  }

  /** The row of a message that has this text. @param {string} text */
  message(text) {
    return this.page.locator('.timeline article').filter({ has: this.page.locator('.text', { hasText: text }) });
  }

  /** Chooses from what can be done with a message. @param {string} text @param {string} item */
  async act(text, item) {
    const row = this.message(text).first();
    await row.hover();
    await row.getByRole('button', { name: 'More actions' }).click();
    await this.page.getByRole('menuitem', { name: item, exact: true }).click();
  }

  /** Chooses from what can be done with a member of the open room. @param {string} name As it is shown. @param {string} item */
  async actOnMember(name, item) {
    await this.showDetails();
    await this.page.getByRole('button', { name: `Actions for ${name}` }).click();
    await this.page.getByRole('menuitem', { name: item, exact: true }).click();
  }

  async showDetails() {
    const button = this.page.locator('.room-head').getByRole('button', { name: 'Details', exact: true });
    if ((await button.getAttribute('aria-pressed')) !== 'true') await button.click();
    await this.page.getByRole('complementary', { name: 'Details' }).waitFor();
  }

  async showSettings() {
    await this.page.getByRole('button', { name: 'Profile and settings' }).click();
    return this.page.getByRole('dialog', { name: 'Settings' });
  }

  /** The open dialog is closed as a person would. */
  async escape() {
    await this.page.keyboard.press('Escape');
    await this.page.getByRole('dialog').waitFor({ state: 'detached' });
  }

  /** @param {string} words */
  async toast(words) {
    await this.page.locator('.toast', { hasText: words }).waitFor();
  }

  /** Waits until what I said is a message like any other. @param {string} text */
  async arrived(text) {
    await this.page.locator('.timeline article[data-message]').filter({ hasText: text }).waitFor();
  }

  /** @param {string} name */
  async open(name) {
    // By its name: who wrote last in another one is named there, too.
    await this.page.locator('a.conversation').filter({ has: this.page.locator('.name', { hasText: name }) }).first().click();
    await this.page.locator('.room h1', { hasText: name }).waitFor();
  }

  async close() {
    await this.context.close();
  }
}

/** What a browser says by itself when an answer is a refusal or the server is away: expected, and shown by the page. @param {string} text */
const isOfTheNetwork = (text) => /Failed to load resource|WebSocket connection to|net::ERR_/.test(text);

/**
 * Waits until it holds.
 *
 * @param {() => Promise<boolean> | boolean} holds
 * @param {string} what
 */
export async function until(holds, what) {
  const deadline = Date.now() + PATIENCE_MS;
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error(`waited in vain until ${what}`);
    await new Promise((resolve) => {
      setTimeout(resolve, 30);
    });
  }
}
