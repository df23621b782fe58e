// For everybody: by keyboard alone, to a screen reader, on a phone, in the dark, in any script.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seriousFindings } from './kit/audit.mjs';
import { until } from './kit/browser.mjs';
import { makeRoom, stage } from './kit/stage.mjs';

const all = stage();
const PHONE = { viewport: { width: 390, height: 780 }, hasTouch: true, isMobile: true };

test('a conversation by keyboard alone', async () => {
  const [ada, bob] = [await all.person(), await all.person()];
  await bob.register('bobk', 'Bob Keys');
  const { page } = ada;
  const { keyboard } = page;
  const isOn = (/** @type {string} */ name) => page.waitForFunction((wanted) => {
    const element = document.activeElement;
    const label = element?.getAttribute('aria-label') ?? element?.textContent ?? '';
    const labelled = element?.id ? document.querySelector(`label[for="${element.id}"]`)?.textContent : '';
    return label.includes(wanted) || labelled === wanted;
  }, name);

  // Signing up: the focus is where one begins.
  await isOn('Username or e-mail');
  await keyboard.press('Shift+Tab');
  await keyboard.press('ArrowRight');
  await isOn('Username');
  await keyboard.type('adak');
  await keyboard.press('Tab');
  await keyboard.type('Ada Keys');
  await keyboard.press('Tab');
  await keyboard.press('Tab');
  await keyboard.type('correct horse battery staple');
  await keyboard.press('Enter');
  await ada.connected();

  // Finding somebody to talk to, by the list's own field.
  await keyboard.press('Control+k');
  await isOn('Find a conversation');
  await keyboard.type('bobk');
  const found = page.locator('button.conversation', { hasText: 'Bob Keys' });
  await found.waitFor();
  await found.focus();
  await keyboard.press('Enter');
  await page.locator('.room h1', { hasText: 'Bob Keys' }).waitFor();
  await isOn('Message Bob Keys');
  await keyboard.type('By keys alone :thumbs up');
  await keyboard.press('Escape');
  await keyboard.press('Enter');
  await ada.arrived('By keys alone');

  // To the message above, what can be done with it, and back.
  await page.locator('.timeline').focus();
  await keyboard.press('ArrowUp');
  await page.waitForFunction(() => document.activeElement?.matches('article'));
  await keyboard.press('Enter');
  await page.getByRole('menu').waitFor();
  await keyboard.press('ArrowDown');
  await keyboard.press('Escape');
  await page.getByRole('menu').waitFor({ state: 'detached' });
  await page.waitForFunction(() => document.activeElement?.matches('article'));
  await keyboard.press('r');
  await page.locator('.composer-context', { hasText: 'Reply to' }).waitFor();
  await isOn('Message Bob Keys');
  await keyboard.press('Escape');
  await page.locator('.composer-context').waitFor({ state: 'detached' });

  // A dialog keeps the focus and gives it back.
  await keyboard.press('Control+/');
  await page.getByRole('dialog', { name: 'Keyboard shortcuts' }).waitFor();
  await keyboard.press('Escape');
  await page.getByRole('dialog').waitFor({ state: 'detached' });
  await isOn('Message Bob Keys');

  // A screen reader hears what is said.
  await bob.open('Ada Keys');
  await bob.say('I hear you');
  await page.locator('[aria-live="polite"]', { hasText: 'Bob Keys: I hear you' }).waitFor({ state: 'attached' });
  assert.deepEqual(ada.complaints, []);
});

test('by keys one also reacts, edits, goes from room to room, and finds the focus where it was', async () => {
  const ada = await all.person();
  await ada.register('adaf', 'Ada Focus');
  await makeRoom(ada, 'Left', []);
  await makeRoom(ada, 'Right', []);
  const { page } = ada;
  const { keyboard } = page;
  /** @param {string} selector */
  const isOn = (selector) => page.waitForFunction((wanted) => document.activeElement?.matches(wanted), selector);
  await isOn('.room textarea');
  await keyboard.type('Keys');
  await keyboard.press('Enter');
  await ada.arrived('Keys');

  // A reaction: the first entries of a message's menu.
  await page.locator('.timeline').focus();
  await keyboard.press('ArrowUp');
  await isOn('article');
  await keyboard.press('Enter');
  await isOn('[role=menuitem]');
  await keyboard.press('Enter');
  await ada.message('Keys').getByRole('button', { name: '👍, 1 person, you too' }).waitFor();
  await isOn('article');

  // A dialog from the menu gives the focus back to the message.
  await keyboard.press('Enter');
  await isOn('[role=menuitem]');
  await keyboard.press('End');
  await keyboard.press('Enter');
  await page.getByRole('dialog', { name: 'Delete this message?' }).waitFor();
  await keyboard.press('Escape');
  await page.getByRole('dialog').waitFor({ state: 'detached' });
  await isOn('article');

  // Other words for what was said last.
  await page.locator('.room textarea').focus();
  await keyboard.press('ArrowUp');
  await page.locator('.composer-context', { hasText: 'Edit message' }).waitFor();
  await page.waitForFunction(() => {
    const box = /** @type {HTMLTextAreaElement} */ (document.activeElement);
    return box.value === 'Keys' && box.selectionStart === 4;
  });
  await keyboard.type(' and more keys');
  await keyboard.press('Enter');
  await ada.message('Keys and more keys').waitFor();
  await isOn('.room textarea');

  // What stands beside the room takes the focus, and gives it back.
  const details = page.locator('.room-head').getByRole('button', { name: 'Details', exact: true });
  await details.focus();
  await keyboard.press('Enter');
  await isOn('.panel h2');
  await keyboard.press('Escape');
  await page.locator('.panel').waitFor({ state: 'detached' });
  await until(() => details.evaluate((button) => button === document.activeElement), 'the button has the focus');
  await keyboard.press('Control+Shift+f');
  await isOn('.panel input[type=search]');
  await keyboard.press('Escape');
  await page.locator('.panel').waitFor({ state: 'detached' });

  // From room to room, and into the writing.
  await keyboard.press('Alt+ArrowDown');
  await page.locator('.room h1', { hasText: 'Left' }).waitFor();
  await isOn('.room textarea');
  await keyboard.press('Alt+ArrowUp');
  await page.locator('.room h1', { hasText: 'Right' }).waitFor();
  await isOn('.room textarea');
  assert.deepEqual(ada.complaints, []);
});

test('a dialog is closed by a click beside it, not by a selection that ends there', async () => {
  const ada = await all.person();
  await ada.register('adad', 'Ada Drags');
  const { page } = ada;
  await page.getByRole('button', { name: 'New conversation' }).first().click();
  const field = page.getByLabel('Find people by name');
  await field.fill('half a name');
  const box = /** @type {{ x: number, y: number, height: number }} */ (await field.boundingBox());
  await page.mouse.move(box.x + 60, box.y + box.height / 2);
  await page.mouse.down();
  await page.mouse.move(20, 400);
  await page.mouse.up();
  assert.equal(await field.inputValue(), 'half a name');
  await page.mouse.click(20, 400);
  await page.getByRole('dialog').waitFor({ state: 'detached' });
  assert.deepEqual(ada.complaints, []);
});

test('on a phone one thing is shown at a time, and nothing sticks out', async () => {
  const [ada, bob] = [await all.person(PHONE), await all.person()];
  await ada.register('adap', 'Ada Phone');
  await bob.register('bobp', 'Bob Phone');
  await makeRoom(bob, 'Pocket', ['Ada Phone']);
  await bob.say(`A very ${'long'.repeat(80)} word, and\n\n\`\`\`\n${'code '.repeat(60)}\n\`\`\``);
  await bob.say('שלום לכולם, מה שלומכם היום?');
  await ada.open('Pocket');
  await ada.page.locator('.sidebar').waitFor({ state: 'hidden' });
  await ada.message('שלום').waitFor();
  const isWide = () => ada.page.evaluate(() => {
    const timeline = document.querySelector('.timeline');
    return document.documentElement.scrollWidth > innerWidth || timeline.scrollWidth > timeline.clientWidth;
  });
  assert.equal(await isWide(), false);
  const direction = await ada.message('שלום').locator('.text p').evaluate((element) => getComputedStyle(element).direction);
  assert.equal(direction, 'rtl');
  await ada.page.locator('.room-title').click();
  await ada.page.locator('.panel').waitFor();
  assert.deepEqual(await seriousFindings(ada.page), []);
  await ada.page.locator('.panel').getByRole('button', { name: 'Close' }).click();
  await ada.page.getByRole('button', { name: 'Back' }).click();
  await ada.page.locator('.sidebar').waitFor();
  await ada.page.locator('.room').waitFor({ state: 'hidden' });
  // The system's own way back and forth works as well.
  await ada.page.goBack();
  await ada.page.locator('.room h1', { hasText: 'Pocket' }).waitFor();
  assert.deepEqual(ada.complaints, []);
});

test('the theme follows the system, or the switch', async () => {
  const ada = await all.person({ colorScheme: 'dark' });
  await ada.register('adat', 'Ada');
  const brightness = () => ada.page.evaluate(() => {
    const [red, green, blue] = getComputedStyle(document.body).backgroundColor.match(/\d+/g).map(Number);
    return red + green + blue > 382 ? 'light' : 'dark';
  });
  assert.equal(await brightness(), 'dark');
  await ada.page.getByRole('button', { name: 'Profile and settings' }).click();
  await ada.page.getByRole('radio', { name: 'Light' }).check();
  assert.equal(await brightness(), 'light');
  await ada.page.reload();
  await ada.connected();
  assert.equal(await brightness(), 'light');
});
