// The login: renewed in time, once, by whichever tab; ended when it is over.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { Problem } from '../src/index.js';
import { clientOf, eventually, person, roomOf, until } from './kit/people.js';
import { Server } from './kit/server.js';

let server;
before(async () => { server = await Server.start({ ACCESS_TOKEN_TTL: '1m', REFRESH_GRACE: '0s' }); });
after(() => server.remove());

/** A store that several clients share, as tabs do. */
function sharedTokens() {
  const watchers = new Set();
  let kept = null;
  const tab = () => {
    const own = { changed: null };
    return {
      name: 'shared',
      load: () => structuredClone(kept),
      save: (tokens) => {
        kept = structuredClone(tokens);
        for (const watcher of watchers) if (watcher !== own) queueMicrotask(() => watcher.changed());
      },
      watch: (changed) => {
        own.changed = changed;
        watchers.add(own);
        return () => watchers.delete(own);
      },
    };
  };
  return { tab, get kept() { return kept; }, set kept(tokens) { kept = tokens; } };
}

/** As the browser's locks: one after the other, by name. */
function locks() {
  const last = new Map();
  return (name, act) => {
    const turn = (last.get(name) ?? Promise.resolve()).then(act, act);
    last.set(name, turn.catch(() => {}));
    return turn;
  };
}

/** Counts what a client asks of a path. */
function counting(path) {
  const counter = { calls: 0 };
  counter.fetch = (url, init) => {
    if (new URL(url).pathname === path) counter.calls += 1;
    return fetch(url, init);
  };
  return counter;
}

test('a wrong password and a wrong name are problems with a code', async () => {
  const client = clientOf(server.url);
  await assert.rejects(client.logIn({ username: 'nobody', password: 'nothing at all' }), (problem) => {
    assert.ok(problem instanceof Problem);
    assert.equal(problem.code, 'unauthenticated');
    assert.equal(problem.status, 401);
    assert.ok(problem.requestId);
    return true;
  });
  await assert.rejects(client.register({ username: '!', password: 'short' }), (problem) => {
    assert.equal(problem.code, 'invalid');
    assert.deepEqual(problem.fields.map(({ field }) => field).sort(), ['password', 'username']);
    return true;
  });
  client.close();
});

test('many requests with an old token renew it once', async () => {
  const counter = counting('/auth/refresh');
  const shared = sharedTokens();
  const client = await person(server.url, { fetch: counter.fetch, tokens: shared.tab() });
  client.disconnect();
  const restored = clientOf(server.url, { fetch: counter.fetch, tokens: shared.tab() });
  shared.kept = { ...shared.kept, expires_at: Date.now() - 1 };
  await restored.restore();
  const answers = await Promise.all(Array.from({ length: 10 }, () => restored.rest.me()));
  assert.equal(new Set(answers.map(({ id }) => id)).size, 1);
  assert.equal(counter.calls, 1);
  client.close();
  restored.close();
});

test('tabs that share a login renew it in turn: a spent token is never shown', async () => {
  const counter = counting('/auth/refresh');
  const shared = sharedTokens();
  const lock = locks();
  const first = await person(server.url, { tokens: shared.tab(), lock, fetch: counter.fetch });
  const tabs = [first];
  for (let index = 0; index < 4; index += 1) {
    const tab = clientOf(server.url, { tokens: shared.tab(), lock, fetch: counter.fetch });
    await tab.restore();
    tabs.push(tab);
  }
  for (let round = 0; round < 5; round += 1) {
    counter.calls = 0;
    const { refresh_token } = shared.kept;
    // As the server says 60 s before the end, to all of them at once.
    await Promise.all(tabs.map((tab) => tab.renewTokens()));
    assert.notEqual(shared.kept.refresh_token, refresh_token);
    assert.equal(counter.calls, 1, 'one of them renewed, the others took it over');
  }
  for (const tab of tabs) assert.equal((await tab.rest.me()).id, first.user.id);
  for (const tab of tabs) tab.close();
});

test('the socket outlives its token: renewed in band before the end', async () => {
  // Its first token lasts a minute, of which the server warns at once.
  const ada = await person(server.url);
  const room = await roomOf(ada);
  await eventually(() => ada.frames.some(({ direction, text }) => direction === 'out' && JSON.parse(text).type === 'auth'), 'a renewal in band');
  const connection = ada.state.connectionId;
  await ada.settled(ada.send(room, { content: 'still here' }).client_id);
  assert.equal(ada.state.connectionId, connection);
  ada.close();
});

test('an expired token is renewed before the next attempt', async () => {
  const shared = sharedTokens();
  const ada = await person(server.url, { tokens: shared.tab() });
  ada.disconnect();
  const again = clientOf(server.url, { tokens: shared.tab() });
  shared.kept = { ...shared.kept, expires_at: Date.now() - 60_000 };
  await again.restore();
  again.connect();
  await until(again, 'state', () => again.state.phase === 'online');
  ada.close();
  again.close();
});

test('a session that is revoked elsewhere ends here: 4504, signed out, no coming back', async () => {
  const ada = await person(server.url);
  const other = clientOf(server.url);
  await other.logIn({ username: ada.username, password: 'correct horse battery' });
  const { items } = await other.rest.listSessions();
  const out = ada.next('signedOut');
  const stopped = ada.next('state', ({ phase }) => phase === 'stopped');
  const mine = items.find((session) => !session.is_current && !session.current);
  await other.rest.revokeSession({ session_id: mine.id });
  assert.deepEqual(await out, { reason: 'refused' });
  assert.equal((await stopped).why.code, 4504);
  assert.equal(ada.state.needsLogin, true);
  assert.equal(ada.user, null);
  ada.connect();
  await until(ada, 'state', () => ada.state.phase === 'stopped');
  // And back in.
  await ada.logIn({ username: ada.username, password: 'correct horse battery' });
  ada.connect();
  await until(ada, 'state', () => ada.state.phase === 'online');
  ada.close();
  other.close();
});

test('logging out ends the session at the server and forgets everything here', async () => {
  const shared = sharedTokens();
  const ada = await person(server.url, { tokens: shared.tab() });
  const { access_token } = shared.kept;
  await ada.logOut();
  assert.equal(shared.kept, null);
  assert.equal(ada.user, null);
  assert.equal(ada.state.phase, 'idle');
  await eventually(async () => (await fetch(new URL('me', server.url), { headers: { authorization: `Bearer ${access_token}` } })).status === 401, 'the end of the session');
  await assert.rejects(ada.rest.me(), { code: 'unauthenticated' });
  ada.close();
});

test('tokens from elsewhere serve as well', async () => {
  const shared = sharedTokens();
  const ada = await person(server.url, { tokens: shared.tab() });
  const guest = clientOf(server.url, { getToken: async () => shared.kept.access_token });
  guest.connect();
  await until(guest, 'state', () => guest.state.phase === 'online');
  assert.equal(guest.user.id, ada.user.id);
  guest.close();
  ada.close();
});

test('a renewal that failed is tried again by itself within a few seconds, and at once when the network is back', async () => {
  for (const isNudged of [false, true]) {
    let fails = 0;
    let asked = 0;
    const client = clientOf(server.url, {
      fetch: (url, init) => {
        if (new URL(url).pathname !== '/auth/refresh') return fetch(url, init);
        asked += 1;
        return fails-- > 0 ? Promise.reject(new TypeError('no network')) : fetch(url, init);
      },
    });
    await client.register({ username: `again${Date.now()}${isNudged}`, password: 'correct horse battery' });
    // More than one renewal tries by itself.
    fails = 3;
    await assert.rejects(client.renewTokens(), { code: 'offline' });
    assert.equal(asked, 3);
    const startedAt = Date.now();
    if (isNudged) client.nudge();
    await eventually(() => asked === 4, 'another attempt');
    assert.ok(Date.now() - startedAt < 5_000, `after ${Date.now() - startedAt} ms`);
    client.close();
  }
});

test('another device learns of one\'s new name, and an account that one shuts is left for good', async () => {
  const ada = await person(server.url);
  const second = clientOf(server.url);
  await second.logIn({ username: ada.username, password: 'correct horse battery' });
  second.connect();
  await until(second, 'state', () => second.state.phase === 'online');
  const renamed = second.next('user', ({ user }) => user.display_name === 'Ada L.');
  await ada.updateProfile({ display_name: 'Ada L.' });
  await renamed;
  assert.equal(second.user.display_name, 'Ada L.');

  await assert.rejects(ada.deactivate('not it'), (problem) => problem.fields[0].field === 'password');
  assert.equal(ada.user.username, ada.username);
  const [asked, refused] = [ada.next('signedOut'), second.next('signedOut')];
  await ada.deactivate('correct horse battery');
  // Whatever comes first, the answer or the end of the connection: who asked for it is told so.
  assert.deepEqual(await asked, { reason: 'asked' });
  assert.deepEqual(await refused, { reason: 'refused' });
  await assert.rejects(second.logIn({ username: ada.username, password: 'correct horse battery' }));
});
