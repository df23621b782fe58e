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

test('reactions and pins pass over the socket, and are known as mine', async () => {
  const [ada, bob] = [await person(server.url), await person(server.url)];
  const room = await roomOf(ada, bob);
  const { message_id } = await ada.settled(ada.send(room, { content: 'react to this' }).client_id);
  await bob.history.newest(room);
  await bob.react(message_id, '🎉');
  const shown = (client) => client.timeline(room).byId(message_id);
  await until(ada, 'messages', () => shown(ada)?.reactions.length === 1);
  assert.deepEqual(shown(ada).reactions, [{ emoji: '🎉', count: 1 }]);
  await until(bob, 'messages', () => shown(bob).reactions.length === 1);
  assert.deepEqual(shown(bob).reactions, [{ emoji: '🎉', count: 1, mine: true }]);
  await bob.react(message_id, '🎉', false);
  await until(ada, 'messages', () => shown(ada).reactions.length === 0);

  await ada.pin(room, message_id);
  await until(bob, 'messages', () => typeof shown(bob).pinned_at === 'string');
  assert.deepEqual((await bob.rest.listPins({ room_id: room })).items.map(({ id }) => id), [message_id]);
  await assert.rejects(bob.pin(room, message_id, false), { code: 'forbidden' });
  await ada.pin(room, message_id, false);
  await until(bob, 'messages', () => shown(bob).pinned_at === undefined);
  // Without a connection they are refused at once; nothing of them is done later.
  bob.disconnect();
  await assert.rejects(bob.react(message_id, '🎉'), { code: 'offline' });
  ada.close();
  bob.close();
});

test('what an answer quotes follows an edit and a deletion', async () => {
  const [ada, bob] = [await person(server.url), await person(server.url)];
  const room = await roomOf(ada, bob);
  const { message_id, number } = await ada.settled(ada.send(room, { content: 'first' }).client_id);
  await ada.settled(ada.send(room, { content: 'answer', reply_to: message_id }).client_id);
  // Only the answer is read: what it answers is known by its preview alone.
  const [answer] = await bob.history.newest(room, 1);
  bob.timeline(room).trim(1);
  const preview = () => bob.timeline(room).byId(answer.id).parent;
  assert.deepEqual([preview().content, preview().number], ['first', number]);
  await ada.edit(message_id, 'second');
  await until(bob, 'messages', () => preview().content === 'second');
  await ada.delete(message_id);
  await until(bob, 'messages', () => preview().is_deleted);
  ada.close();
  bob.close();
});

test('a token is told to nobody but the server', async () => {
  const asked = [];
  const ada = await person(server.url, {
    fetch: (url, init) => {
      asked.push([String(url), init?.headers?.authorization ?? null]);
      return String(url).startsWith(server.url) ? fetch(url, init) : Promise.resolve(new Response('x'));
    },
  });
  // What a stranger may have given as the address of their picture.
  for (const url of ['https://elsewhere.example/a.png', 'HTTPS://elsewhere.example/a.png', '/https://elsewhere.example/a.png', '/javascript:alert(1)']) {
    asked.length = 0;
    await ada.download(url).catch(() => {});
    for (const [address, token] of asked) assert.equal(token !== null, address.startsWith(server.url), address);
    assert.ok(asked.length > 0, url);
  }
  assert.equal(ada.resolve('/https://elsewhere.example/a.png'), `${server.url}https://elsewhere.example/a.png`);
  ada.close();
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

test('an upload becomes a picture that everybody is shown', async () => {
  const ada = await person(server.url);
  const gif = Buffer.from('R0lGODlhAQABAIAAAP8AAAAAACwAAAAAAQABAAACAkQBADs=', 'base64');
  const [own, rooms] = [await ada.upload(new Blob([gif])), await ada.upload(new Blob([gif]))];
  const me = await ada.rest.setMyAvatar({ body: { upload_id: own.id } });
  assert.equal(me.avatar_url, `/avatars/${own.id}`);
  // As `<img>` asks for it.
  const shown = await fetch(ada.resolve(me.avatar_url));
  assert.deepEqual([shown.status, shown.headers.get('content-type')], [200, 'image/jpeg']);
  const { id: room_id } = await ada.rest.createRoom({ body: { kind: 'private', name: 'room' } });
  const room = await ada.rest.setRoomAvatar({ room_id, body: { upload_id: rooms.id } });
  assert.equal(room.avatar_url, `/avatars/${rooms.id}`);
  assert.equal((await ada.rest.clearRoomAvatar({ room_id })).avatar_url, null);
  assert.equal((await ada.rest.clearMyAvatar({})).avatar_url, null);
  assert.equal((await fetch(ada.resolve(me.avatar_url))).status, 404);
  ada.close();
});
