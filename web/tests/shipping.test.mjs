// What goes over the wire before the page is there, and below whatever path it is.
import assert from 'node:assert/strict';
import { createServer, request } from 'node:http';
import { connect } from 'node:net';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { stage } from './kit/stage.mjs';

const all = stage();
const BYTES_MAX = 150_000;

test('all JavaScript that is shipped is under 150 KB compressed', async () => {
  const ada = await all.person();
  /** @type {Map<string, number>} */
  const sizes = new Map();
  ada.page.on('response', async (response) => {
    if (response.headers()['content-type']?.startsWith('text/javascript')) {
      sizes.set(new URL(response.url()).pathname, gzipSync(await response.body()).length);
    }
  });
  await ada.page.reload();
  await ada.register('ada', 'Ada');
  // What is fetched when it is first needed counts too.
  await ada.page.getByRole('button', { name: 'Developer drawer' }).click();
  await ada.page.locator('.drawer').waitFor();
  await ada.page.evaluate(async () => {
    const base = document.querySelector('script[type=module]').src;
    const names = ['new_conversation', 'settings', 'room_settings', 'small_dialogs', 'emoji', 'drawer'];
    await Promise.all(names.map((name) => import(new URL(`views/${name}.js`, base).href)));
  });
  await ada.page.waitForLoadState('networkidle');
  const total = [...sizes.values()].reduce((sum, size) => sum + size, 0);
  assert.ok(sizes.size > 60, `only ${sizes.size} modules were seen`);
  assert.ok(total < BYTES_MAX, `${total} bytes`);
  assert.ok([...sizes.keys()].every((path) => path.startsWith('/assets/')));
});

test('nothing waits for something else, everything is compressed, and kept for good', async () => {
  const ada = await all.person();
  /** @type {Map<string, Record<string, string>>} */
  const answers = new Map();
  ada.page.on('response', (response) => answers.set(new URL(response.url()).pathname, response.headers()));
  await ada.page.reload({ waitUntil: 'networkidle' });
  const asked = await ada.page.evaluate(() => ({
    named: [...document.querySelectorAll(/** @type {'link'} */ ('head link[href]'))].map((link) => new URL(link.href).pathname),
    first: new URL(/** @type {HTMLScriptElement} */ (document.querySelector('script[type=module]')).src).pathname,
  }));
  const scripts = [...answers].filter(([, headers]) => headers['content-type']?.startsWith('text/javascript')).map(([path]) => path);
  // Each is named by the page itself: no module is found out about by another one's arrival.
  assert.deepEqual(scripts.filter((path) => path !== asked.first && !asked.named.includes(path)), []);
  for (const [path, headers] of answers) {
    if (path.startsWith('/assets/')) assert.match(headers['cache-control'], /immutable/, path);
    // What is small would grow.
    if (/\/(?:chat|room|en|composer|shell)\.(?:js|css)$/.test(path)) assert.equal(headers['content-encoding'], 'gzip', path);
    assert.equal(headers['x-content-type-options'], 'nosniff', path);
  }
  // A second start asks for the page and for what is of the day, not for a file again.
  answers.clear();
  await ada.page.goto('about:blank');
  await ada.page.goto(all.server.url, { waitUntil: 'networkidle' });
  const again = await ada.page.evaluate(() => performance.getEntriesByType('resource').filter((one) => one.name.includes('/assets/') && /** @type {PerformanceResourceTiming} */ (one).transferSize > 0).map(({ name }) => name));
  assert.deepEqual(again, []);
});

test('the page says what it is, to machines and to those who zoom', async () => {
  const ada = await all.person();
  const said = await ada.page.evaluate(() => ({
    doctype: document.doctype?.name,
    lang: document.documentElement.lang,
    title: document.title,
    description: document.querySelector(/** @type {'meta'} */ ('meta[name=description]'))?.content ?? '',
    viewport: document.querySelector(/** @type {'meta'} */ ('meta[name=viewport]'))?.content ?? '',
    icon: document.querySelector(/** @type {'link'} */ ('link[rel=icon]'))?.href,
    unnamed: [...document.images].filter((image) => !image.hasAttribute('alt')).length,
    charset: document.characterSet,
    small: [...document.querySelectorAll('body *')].filter((one) => one.childNodes.length > 0 && parseFloat(getComputedStyle(one).fontSize) < 11).map((one) => one.className),
  }));
  assert.deepEqual([said.doctype, said.lang, said.title, said.charset, said.unnamed, said.small], ['html', 'en', 'Confab', 'UTF-8', 0, []]);
  assert.match(said.description, /.{30,160}/);
  assert.match(said.viewport, /width=device-width/);
  assert.doesNotMatch(said.viewport, /user-scalable|maximum-scale/);
  assert.equal((await fetch(said.icon ?? '')).headers.get('content-type'), 'image/svg+xml');
  const { headers } = await fetch(all.server.url);
  assert.match(headers.get('content-security-policy') ?? '', /default-src 'none'/);
  // The words for those without scripts are there without scripts.
  const bare = await all.person({ javaScriptEnabled: false });
  await bare.page.locator('noscript p').waitFor();
  const place = await bare.page.locator('noscript p').boundingBox();
  assert.ok(place && place.y > 0 && place.y + place.height < 800, 'they are in sight');
});

test('the page works below a path that a proxy gives it', async () => {
  const target = { host: '127.0.0.1', port: all.server.port };
  const proxy = createServer((asked, answer) => {
    if (!asked.url?.startsWith('/team/chat/')) return answer.writeHead(404).end();
    const passed = request({ ...target, method: asked.method, path: asked.url.slice('/team/chat'.length), headers: asked.headers }, (given) => {
      answer.writeHead(given.statusCode ?? 500, given.headers);
      given.pipe(answer);
    });
    return asked.pipe(passed);
  });
  proxy.on('upgrade', (asked, socket, head) => {
    const upstream = connect(target, () => {
      const headers = Object.entries(asked.headers).map(([name, value]) => `${name}: ${value}`);
      upstream.write([`GET ${asked.url.slice('/team/chat'.length)} HTTP/1.1`, ...headers, '', ''].join('\r\n'));
      upstream.write(head);
      socket.pipe(upstream).pipe(socket);
    });
    for (const end of [upstream, socket]) end.on('error', () => [upstream, socket].forEach((one) => one.destroy()));
  });
  await new Promise((resolve) => {
    proxy.listen(0, '127.0.0.1', () => resolve(null));
  });
  const { port } = /** @type {any} */ (proxy.address());
  const ada = await all.person({}, `http://127.0.0.1:${port}/team/chat/`);
  await ada.register('adap', 'Ada Path');
  assert.deepEqual(ada.complaints, []);
  await ada.close();
  proxy.closeAllConnections();
  proxy.close();
});
