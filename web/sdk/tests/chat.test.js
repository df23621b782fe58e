// Two people in a room: what one does the other sees, in order.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

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
