// The order of a room: holes are filled, duplicates dropped, resets told.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { WebSocket } from 'ws';

import { clientOf, eventually, person, roomOf, until, watch } from './kit/people.js';
import { Server } from './kit/server.js';

let server;
before(async () => { server = await Server.start(); });
after(() => server.remove());

/** A WebSocket that tampers with what it hears. */
const tampering = (tamper) => class extends WebSocket {
  set onmessage(listener) {
    super.onmessage = (event) => {
      for (const data of tamper(JSON.parse(event.data))) listener({ data: JSON.stringify(data) });
    };
  }
};

test('events that are lost, doubled and crossed come once and in order', async () => {
  let held = null;
  let count = 0;
  const tamper = (frame) => {
    if (frame.type !== 'message_created') return [frame];
    count += 1;
    if (count % 7 === 3) return [];
    if (count % 5 === 0) return [frame, frame];
    if (count % 4 === 1) {
      held = frame;
      return [];
    }
    const frames = held ? [frame, held] : [frame];
    held = null;
    return frames;
  };
  const ada = await person(server.url);
  const bob = await person(server.url, { WebSocket: tampering(tamper) });
  const room = await roomOf(ada, bob);
  const seen = watch(bob);
  const texts = Array.from({ length: 60 }, (_, index) => `n ${index}`);
  for (const content of texts) ada.send(room, { content });
  await eventually(() => ada.outgoing().length === 0, 'all sent');
  // The last one may be the one that was lost: a later one shows the hole.
  await eventually(async () => {
    if (seen.texts(room).length >= 60) return true;
    await ada.settled(ada.send(room, { content: 'more' }).client_id);
    return false;
  }, 'all of them');
  assert.deepEqual(seen.texts(room).slice(0, 60), texts);
  ada.close();
  bob.close();
});

test('a page of history and the stream meet without a hole', async () => {
  const [ada, bob] = [await person(server.url), await person(server.url)];
  const room = await roomOf(ada, bob);
  for (let index = 0; index < 130; index += 1) ada.send(room, { content: `old ${index}` });
  await eventually(() => ada.outgoing().length === 0, 'all sent');
  const reading = (async () => {
    await bob.history.newest(room, 40);
    while (bob.timeline(room).hasOlder(bob.timeline(room).newest[0].number)) {
      await bob.history.older(room, bob.timeline(room).newest[0], 40);
    }
  })();
  for (let index = 0; index < 40; index += 1) ada.send(room, { content: `new ${index}` });
  const [first] = (await ada.history.newest(room, 1));
  await ada.edit(first.id, 'changed');
  await reading;
  await eventually(() => bob.timeline(room).newest.at(-1)?.content === 'new 39', 'the newest');
  const numbers = bob.timeline(room).newest.map(({ number }) => number);
  assert.deepEqual(numbers, Array.from({ length: 170 }, (_, index) => index + 1));
  await eventually(() => bob.timeline(room).byId(first.id)?.content === 'changed', 'the edit');
  ada.close();
  bob.close();
});

test('around a found message, and on to the end', async () => {
  const ada = await person(server.url);
  const room = await roomOf(ada);
  for (let index = 0; index < 90; index += 1) ada.send(room, { content: `m ${index}` });
  await eventually(() => ada.outgoing().length === 0, 'all sent');
  const { items } = await ada.rest.listMessages({ room_id: room, limit: 100 });
  const found = items.find(({ content }) => content === 'm 30');
  const timeline = ada.timeline(room);
  timeline.clear();
  await ada.history.around(room, found.seq, 10);
  assert.ok(timeline.around(found.number).some(({ content }) => content === 'm 30'));
  assert.equal(timeline.hasOlder(found.number), true);
  for (let known = timeline.around(found.number); timeline.around(found.number).at(-1).content !== 'm 89'; known = timeline.around(found.number)) {
    await ada.history.newer(room, known.at(-1), 20);
  }
  ada.close();
});

test('another life of the database is a reset, and the talk goes on', async () => {
  const own = await Server.start();
  const [ada, bob] = [await person(own.url), await person(own.url)];
  const room = await roomOf(ada, bob);
  await ada.settled(ada.send(room, { content: 'before' }).client_id);
  await bob.history.newest(room);
  const seen = watch(bob);
  const reset = bob.next('reset', ({ room_id }) => room_id === room);
  await own.stop();
  const binary = process.env.CONFAB_BIN ?? new URL('../../../target/debug/confab', import.meta.url).pathname;
  await promisify(execFile)(binary, ['epoch', 'bump'], { env: { PATH: process.env.PATH, DATA_DIR: `${own.folder}/data` } });
  await own.up();
  ada.nudge();
  bob.nudge();
  await reset;
  await bob.history.newest(room);
  assert.deepEqual(bob.timeline(room).newest.map(({ content }) => content), ['before']);
  await until(ada, 'state', () => ada.state.phase === 'online');
  ada.send(room, { content: 'after' });
  await until(bob, 'event', () => seen.texts(room).includes('after'));
  assert.deepEqual(bob.timeline(room).newest.map(({ content }) => content), ['before', 'after']);
  ada.close();
  bob.close();
  await own.remove();
});

test('too much was missed: a reset instead of a part', async () => {
  const own = await Server.start({ REPLAY_EVENTS_PER_ROOM_MAX: '10' });
  const [ada, bob] = [await person(own.url), await person(own.url)];
  const room = await roomOf(ada, bob);
  bob.disconnect();
  for (let index = 0; index < 30; index += 1) ada.send(room, { content: `m ${index}` });
  await eventually(() => ada.outgoing().length === 0, 'all sent');
  const seen = watch(bob);
  bob.connect();
  await until(bob, 'reset', () => seen.resets.length > 0);
  await bob.history.newest(room);
  assert.equal(bob.timeline(room).newest.length, 30);
  ada.close();
  bob.close();
  await own.remove();
});

test('who is put out of a room is told, and told of no more', async () => {
  const [ada, bob] = [await person(server.url), await person(server.url)];
  const room = await roomOf(ada, bob);
  const out = bob.next('unsubscribed');
  await ada.rest.removeMember({ room_id: room, user_id: bob.user.id });
  assert.deepEqual(await out, { room_id: room, reason: 'removed' });
  assert.equal(bob.seqOf(room), null);
  const { client_id } = bob.send(room, { content: 'still there?' });
  await assert.rejects(bob.settled(client_id), { code: 'not_found' });

  // Put out while away: the resume says so.
  const back = bob.next('subscribed', ({ room_id }) => room_id === room);
  await ada.rest.addMembers({ room_id: room, body: { user_id: bob.user.id } });
  await back;
  bob.disconnect();
  await ada.rest.removeMember({ room_id: room, user_id: bob.user.id });
  const gone = bob.next('unsubscribed', ({ room_id }) => room_id === room);
  bob.connect();
  await gone;
  ada.close();
  bob.close();
});

test('a client that remembers its position gets what it missed, in another life of its own', async () => {
  const [ada, bob] = [await person(server.url), await person(server.url)];
  const room = await roomOf(ada, bob);
  const before = watch(bob);
  ada.send(room, { content: 'one' });
  await until(bob, 'event', () => before.texts(room).includes('one'));
  const position = JSON.parse(JSON.stringify(bob.position));
  bob.close();
  for (const content of ['two', 'three']) ada.send(room, { content });
  await eventually(() => ada.outgoing().length === 0, 'all sent');
  const again = clientOf(server.url, { position });
  const seen = watch(again);
  await again.logIn({ username: bob.username, password: 'correct horse battery' });
  again.connect();
  await until(again, 'state', () => again.state.phase === 'online');
  assert.deepEqual(seen.texts(room), ['two', 'three']);
  ada.close();
  again.close();
});

test('delivered marks follow by the client\'s word, also for what was missed', async () => {
  const [ada, bob] = [await person(server.url), await person(server.url)];
  const room = await roomOf(ada, bob);
  bob.disconnect();
  const { number } = await ada.settled(ada.send(room, { content: 'are you there?' }).client_id);
  const delivered = ada.next('signal', ({ type, user_id }) => type === 'delivered' && user_id === bob.user.id);
  bob.connect();
  assert.equal((await delivered).number, number);
  ada.close();
  bob.close();
});

test('a room that nobody opens does not fill the memory, and is whole when it is opened', async () => {
  const [ada, bob] = [await person(server.url), await person(server.url)];
  const room = await roomOf(ada, bob);
  for (let lot = 0; lot < 9; lot += 1) {
    await Promise.all(Array.from({ length: 50 }, (_, index) => ada.rest.sendMessage({ room_id: room, body: { content: `m ${index}` } })));
  }
  await eventually(() => bob.timeline(room).lastNumber === 450, 'all of them');
  assert.ok(bob.timeline(room).newest.length <= 400);
  await bob.history.newest(room);
  const { newest } = bob.timeline(room);
  assert.equal(newest.at(-1).number, 450);
  assert.equal(newest.length, newest.at(-1).number - newest[0].number + 1);
  assert.equal(bob.timeline(room).hasOlder(newest[0].number), true);
  ada.close();
  bob.close();
});
