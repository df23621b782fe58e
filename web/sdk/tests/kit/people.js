// People with clients, and what they saw.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { WebSocket } from 'ws';

import { ConfabClient } from '../../src/index.js';
import { validate } from './schemas.js';

/** Nothing takes so long but a failure. */
const PATIENCE_MS = 30_000;

/** A client whose every frame is held against the AsyncAPI document. */
export function clientOf(url, options = {}) {
  const client = new ConfabClient({ url, WebSocket, ...options });
  client.frames = [];
  client.on('frame', (frame) => {
    client.frames.push(frame);
    validate(frame);
  });
  return client;
}

/** Somebody new, signed in and connected. */
export async function person(url, options = {}) {
  const client = clientOf(url, options);
  client.username = `u${randomUUID().slice(0, 12)}`;
  await client.register({ username: client.username, password: 'correct horse battery' });
  client.connect();
  await until(client, 'state', () => client.state.phase === 'online');
  return client;
}

/** Waits for a state, asking at each event of a name. */
export async function until(client, name, holds, what = 'the state') {
  if (holds()) return;
  let timer;
  await Promise.race([
    client.next(name, () => holds()),
    new Promise((_, reject) => {
      timer = setTimeout(() => reject(new Error(`${what} did not come (${name}); ${JSON.stringify(client.state)}`)), PATIENCE_MS);
    }),
  ]);
  clearTimeout(timer);
}

/** Notes the events that a client passes on, and asserts as they come that each is the next of its room. */
export function watch(client) {
  const seen = { events: new Map(), resets: [] };
  client.on('event', (event) => {
    const events = seen.events.get(event.room_id) ?? [];
    seen.events.set(event.room_id, events);
    const last = events.at(-1);
    if (last) assert.equal(event.seq, last.seq + 1, `${event.type} follows ${last.type}`);
    events.push(event);
  });
  client.on('reset', (reset) => {
    seen.resets.push(reset);
    seen.events.delete(reset.room_id);
  });
  seen.texts = (room) => (seen.events.get(room) ?? []).filter(({ type }) => type === 'message_created').map(({ message }) => message.content);
  return seen;
}

/** A private room of these people, the first its owner, that all of them follow. */
export async function roomOf(...people) {
  const [owner, ...others] = people;
  const followed = people.map((client) => client.next('subscribed'));
  const room = await owner.rest.createRoom({
    body: { kind: 'private', name: 'A room', member_ids: others.map(({ user }) => user.id) },
  });
  await Promise.all(followed);
  return room.id;
}

/** Waits until a condition holds that no event tells of. */
export async function eventually(holds, what) {
  const deadline = Date.now() + PATIENCE_MS;
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error(`${what} did not come`);
    await new Promise((resolve) => { setTimeout(resolve, 20); });
  }
}
