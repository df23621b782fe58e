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
