// What breaks on the way: the server, the connection, an ack. Nothing is missing, nothing is there twice.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { clientOf, eventually, person, roomOf, until, watch } from './kit/people.js';
import { Proxy } from './kit/proxy.js';
import { Server } from './kit/server.js';

let server;
before(async () => { server = await Server.start(); });
after(() => server.remove());

/** All texts of a room as the server has them, by its history. */
async function written(client, room) {
  const texts = [];
  let cursor;
  do {
    const page = await client.rest.listMessages({ room_id: room, limit: 100, cursor });
    texts.unshift(...page.items.map(({ content }) => content).reverse());
    cursor = page.next_cursor ?? undefined;
  } while (cursor);
  return texts;
}

const numbered = (name, count) => Array.from({ length: count }, (_, index) => `${name} ${index}`);

test('the server is killed in the middle of the talk and comes back on its data', async () => {
  const own = await Server.start();
  const [ada, bob] = [await person(own.url), await person(own.url)];
  const room = await roomOf(ada, bob);
  const [adaSaw, bobSaw] = [watch(ada), watch(bob)];
  const [hers, his] = [numbered('ada', 60), numbered('bob', 60)];
  const isHalfway = until(bob, 'event', () => bobSaw.texts(room).length >= 20);
  for (let index = 0; index < 60; index += 1) {
    ada.send(room, { content: hers[index] });
    bob.send(room, { content: his[index] });
  }
  await isHalfway;
  await own.kill();
  ada.send(room, { content: 'while it was away' });
  await eventually(() => ada.state.phase === 'waiting' && bob.state.phase === 'waiting', 'a break');
  await own.up();
  ada.nudge();
  bob.nudge();
  await eventually(() => adaSaw.texts(room).length === 121 && bobSaw.texts(room).length === 121, 'all messages');
  await eventually(() => ada.outgoing().length === 0 && bob.outgoing().length === 0, 'empty outboxes');
  const all = await written(ada, room);
  assert.equal(all.length, 121);
  assert.deepEqual(all, adaSaw.texts(room), 'what ada saw is what was written');
  assert.deepEqual(all, bobSaw.texts(room), 'what bob saw is what was written');
  assert.deepEqual(all.filter((text) => text.startsWith('ada')), hers, 'in the order she said it');
  assert.deepEqual(all.filter((text) => text.startsWith('bob')), his, 'in the order he said it');
  assert.deepEqual([...adaSaw.resets, ...bobSaw.resets], []);
  ada.close();
  bob.close();
  await own.remove();
});

test('connections cut at random under traffic', async () => {
  const proxy = await Proxy.before(server);
  const people = [];
  for (let index = 0; index < 3; index += 1) people.push(await person(proxy.url));
  const room = await roomOf(...people);
  const saw = people.map(watch);
  const each = 120;
  let said = 0;
  let cuts = 0;
  const talk = (async () => {
    for (; said < each; said += 1) {
      for (const [index, client] of people.entries()) client.send(room, { content: `${index}: ${said}` });
      await new Promise((resolve) => { setTimeout(resolve, 5); });
    }
  })();
  while (cuts < 25) {
    await new Promise((resolve) => { setTimeout(resolve, 20 + Math.random() * 60); });
    if (Math.random() < 0.3) proxy.cut();
    else people[Math.floor(Math.random() * people.length)].cut();
    cuts += 1;
    for (const client of people) client.nudge();
  }
  await talk;
  for (const client of people) client.nudge();
  await eventually(() => saw.every((one) => one.texts(room).length >= each * people.length), 'all messages');
  await eventually(() => people.every((client) => client.outgoing().length === 0), 'empty outboxes');
  const all = await written(people[0], room);
  assert.equal(all.length, each * people.length);
  for (const one of saw) assert.deepEqual(one.texts(room), all);
  for (const index of people.keys()) {
    assert.deepEqual(all.filter((text) => text.startsWith(`${index}:`)), numbered(`${index}:`, each), 'in the order said');
  }
  for (const client of people) client.close();
  await proxy.close();
});

test('an ack that is lost on the way is asked for again, and the message is there once', async () => {
  const proxy = await Proxy.before(server);
  const ada = await person(proxy.url);
  const bob = await person(server.url);
  const room = await roomOf(ada, bob);
  const seen = watch(bob);
  proxy.swallow();
  const { client_id } = ada.send(room, { content: 'once' });
  await until(bob, 'event', () => seen.texts(room).includes('once'));
  assert.equal(ada.outgoing(room).length, 1, 'she does not know yet');
  proxy.heal();
  proxy.cut();
  ada.nudge();
  await eventually(() => ada.outgoing(room).length === 0, 'her knowledge of it');
  const again = ada.frames.filter(({ direction, text }) => direction === 'out' && text.includes(client_id));
  assert.ok(again.length >= 1);
  assert.deepEqual(await written(bob, room), ['once']);
  assert.deepEqual(seen.texts(room), ['once']);
  ada.close();
  bob.close();
  await proxy.close();
});

test('a server that says nothing any more is noticed, and another connection made', async () => {
  const proxy = await Proxy.before(server);
  const ada = await person(proxy.url, { times: { probeMs: 300 } });
  const room = await roomOf(ada);
  proxy.swallow();
  const lost = ada.next('state', ({ phase }) => phase === 'waiting');
  ada.nudge();
  const { why } = await lost;
  assert.equal(why.code, 1006);
  assert.match(why.reason, /no pong within 300 ms/);
  proxy.heal();
  ada.nudge();
  await until(ada, 'state', () => ada.state.phase === 'online');
  await ada.settled(ada.send(room, { content: 'back' }).client_id);
  ada.close();
  await proxy.close();
});

test('a reply that does not come is reason enough to look whether the server is there', async () => {
  const proxy = await Proxy.before(server);
  const ada = await person(proxy.url, { times: { probeMs: 200 } });
  const room = await roomOf(ada);
  proxy.swallow();
  const lost = ada.next('state', ({ phase }) => phase === 'waiting');
  // Long before its reply is given up, and with no word from anybody that something is amiss.
  ada.send(room, { content: 'into the dark' });
  assert.match((await lost).why.reason, /no pong within 200 ms/);
  proxy.heal();
  ada.nudge();
  await eventually(() => ada.outgoing(room).length === 0, 'the message');
  ada.close();
  await proxy.close();
});

test('a slow server loses nothing: a reply that is late is asked for again', async () => {
  const proxy = await Proxy.before(server);
  const ada = await person(proxy.url, { times: { replyMs: 300 } });
  const room = await roomOf(ada);
  const seen = watch(ada);
  proxy.stall();
  const { client_id } = ada.send(room, { content: 'patience' });
  const asked = () => ada.frames.filter(({ direction, text }) => direction === 'out' && text.includes(client_id)).length;
  await eventually(() => asked() >= 2, 'a second attempt');
  proxy.flow();
  await eventually(() => ada.outgoing(room).length === 0, 'the message');
  assert.deepEqual(seen.texts(room), ['patience']);
  assert.deepEqual(await written(ada, room), ['patience']);
  ada.close();
  await proxy.close();
});

test('what was not sent outlives the page', async () => {
  const kept = new Map();
  const store = {
    load: () => [...kept.values()].map((one) => structuredClone(one)),
    put: (_, outgoing) => { kept.set(outgoing.client_id, structuredClone(outgoing)); },
    remove: (_, clientId) => { kept.delete(clientId); },
  };
  let tokens = null;
  const login = { load: () => tokens, save: (saved) => { tokens = saved; } };
  const before = await person(server.url, { tokens: login, outbox: store });
  const room = await roomOf(before);
  before.disconnect();
  for (const content of ['one', 'two', 'three']) before.send(room, { content });
  before.close();
  assert.equal(kept.size, 3);
  const again = clientOf(server.url, { tokens: login, outbox: store });
  await again.restore();
  again.connect();
  await eventually(() => kept.size === 0, 'an empty store');
  assert.deepEqual(await written(again, room), ['one', 'two', 'three']);
  again.close();
});
