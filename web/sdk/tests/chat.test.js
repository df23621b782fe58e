// Two people in a room: what one does the other sees, in order.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { WebSocket } from 'ws';

import { Problem } from '../src/index.js';
import { eventually, person, roomOf, until, watch } from './kit/people.js';
import { Server } from './kit/server.js';

let server;
before(async () => { server = await Server.start(); });
after(() => server.remove());

test('two people chat, edit and delete', async () => {
  const [ada, bob] = [await person(server.url), await person(server.url)];
  const room = await roomOf(ada, bob);
  const seen = watch(bob);
  for (const content of ['one', 'two', 'three']) ada.send(room, { content });
  await until(bob, 'event', () => seen.texts(room).length === 3);
  assert.deepEqual(seen.texts(room), ['one', 'two', 'three']);
  await eventually(() => ada.outgoing().length === 0, 'an empty outbox');

  await bob.history.newest(room);
  const [first, second] = bob.timeline(room).newest;
  await ada.edit(first.id, 'uno');
  await ada.delete(second.id);
  await until(bob, 'messages', () => bob.timeline(room).byId(second.id).deleted_at !== null);
  assert.deepEqual(bob.timeline(room).newest.map(({ content }) => content), ['uno', null, 'three']);
  ada.close();
  bob.close();
});

test('a refused message fails with its fields, and the next one goes on', async () => {
  const ada = await person(server.url);
  const room = await roomOf(ada);
  const wrong = ada.send(room, { content: 'a\u0000b' });
  const right = ada.send(room, { content: 'fine' });
  await assert.rejects(ada.settled(wrong.client_id), (problem) => problem instanceof Problem && problem.code === 'invalid' && problem.fields[0].field === 'content');
  assert.ok((await ada.settled(right.client_id)).number > 0);
  assert.equal(ada.outgoing(room).find(({ client_id }) => client_id === wrong.client_id)?.state, 'failed');
  ada.discard(wrong.client_id);
  assert.equal(ada.outgoing(room).some(({ state }) => state === 'failed'), false);
  ada.close();
});

test('typing, marks and presence pass between them', async () => {
  const [ada, bob] = [await person(server.url), await person(server.url)];
  const room = await roomOf(ada, bob);
  const typed = bob.next('typing', ({ user_ids }) => user_ids.includes(ada.user.id));
  ada.typing(room);
  await typed;
  const read = ada.next('signal', ({ type, user_id }) => type === 'read' && user_id === bob.user.id);
  const stopped = bob.next('typing', ({ user_ids }) => user_ids.length === 0);
  const { client_id } = ada.send(room, { content: 'read me' });
  const { number } = await ada.settled(client_id);
  await stopped;
  const mark = bob.next('mark');
  bob.markRead(room, number);
  assert.equal((await read).number, number);
  assert.deepEqual(await mark, { room_id: room, number, unread: 0 });
  const away = ada.next('presence', ({ user_id, status }) => user_id === bob.user.id && status === 'away');
  bob.setStatus('away');
  await away;
  ada.close();
  bob.close();
});

test('the server sets the pace: a burst is spread, not refused', async () => {
  const slow = await Server.start({ LIMIT_FRAMES: '20/1s' });
  const [ada, bob] = [await person(slow.url), await person(slow.url)];
  const rooms = [];
  for (let index = 0; index < 5; index += 1) rooms.push(await roomOf(ada, bob));
  const connection = ada.state.connectionId;
  const sent = rooms.flatMap((room) => Array.from({ length: 10 }, (_, index) => ada.send(room, { content: `${index}` })));
  await Promise.all(sent.map(({ client_id }) => ada.settled(client_id)));
  assert.equal(ada.state.connectionId, connection, 'one connection all along');
  ada.close();
  bob.close();
  await slow.remove();
});

test('a sender who is over the limit is sent later, in order', async () => {
  const strict = await Server.start({ LIMIT_ROOM_SENDS: '5/2s' });
  const ada = await person(strict.url);
  const room = await roomOf(ada);
  const seen = watch(ada);
  const texts = Array.from({ length: 9 }, (_, index) => `${index}`);
  for (const content of texts) ada.send(room, { content });
  await eventually(() => ada.outgoing().length === 0, 'all of them');
  assert.deepEqual(seen.texts(room), texts);
  assert.ok(ada.frames.some(({ direction, text }) => direction === 'in' && text.includes('rate_limited')), 'the limit was met');
  ada.close();
  await strict.remove();
});

test('below a proxy\'s path everything is relative to the base', async () => {
  const base = new URL('some/where/', server.url).href;
  const asked = [];
  const ada = await person(base, {
    fetch: (url, init) => {
      asked.push(url);
      return fetch(String(url).replace('/some/where/', '/'), init);
    },
    WebSocket: class extends WebSocket {
      constructor(url, protocols) {
        asked.push(url);
        super(url.replace('/some/where/', '/'), protocols);
      }
    },
  });
  await ada.rest.listRooms();
  assert.ok(asked.length >= 3);
  for (const url of asked) assert.ok(new URL(url).pathname.startsWith('/some/where/'), url);
  assert.equal(ada.resolve('/media/1/a.png'), `${base}media/1/a.png`);
  ada.close();
});

test('a file is uploaded, and one that is refused is a problem', async () => {
  const ada = await person(server.url);
  const file = await ada.upload(new Blob(['text']), { filename: 'a.txt' });
  assert.deepEqual([file.filename, file.size], ['a.txt', 4]);
  await assert.rejects(ada.upload(new Blob([]), { filename: 'empty.txt' }), Problem);
  await assert.rejects(ada.upload(new Blob(['text']), { signal: AbortSignal.abort() }), { code: 'aborted' });
  ada.close();
});
