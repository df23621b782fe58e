// What events and pages make of a room's messages, whatever order they come in.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Timeline } from '../src/index.js';

const message = (number, more = {}) => ({
  id: `m${number}`, room_id: 'r', number, seq: number + 1, updated_seq: number + 1, sender_id: 'a', client_id: `c${number}`,
  content: `text ${number}`, attachments: [], mentions: [], reactions: [], metadata: {}, deleted_at: null, ...more,
});
const said = (number, more) => ({ type: 'message_created', room_id: 'r', seq: number + 1, event_id: `m${number}`, message: message(number, more) });
const page = (items, more = {}) => ({ items, has_older: false, has_newer: false, as_of: { epoch: 'e', seq: 99 }, ...more });
const reaction = (type, seq, user_id = 'b') => ({ type, room_id: 'r', seq, event_id: `e${seq}`, message_id: 'm1', number: 1, emoji: '+', user_id });

test('reactions are counted once, and mine is known as mine', () => {
  const timeline = new Timeline('r', () => 'me');
  timeline.apply(said(1));
  timeline.apply(reaction('reaction_added', 3));
  timeline.apply(reaction('reaction_added', 4, 'me'));
  assert.deepEqual(timeline.byId('m1').reactions, [{ emoji: '+', count: 2, mine: true }]);
  // An event that the page has in it already.
  timeline.merge(page([message(1, { updated_seq: 5, reactions: [{ emoji: '+', count: 1, mine: true }] })]));
  timeline.apply(reaction('reaction_removed', 5));
  assert.deepEqual(timeline.byId('m1').reactions, [{ emoji: '+', count: 1, mine: true }]);
  // An edit says nothing of who looks on.
  timeline.apply({ type: 'message_updated', room_id: 'r', seq: 6, event_id: 'e6', message: message(1, { updated_seq: 6, content: 'new', reactions: [{ emoji: '+', count: 1 }] }) });
  assert.deepEqual(timeline.byId('m1').reactions, [{ emoji: '+', count: 1, mine: true }]);
  timeline.apply(reaction('reaction_removed', 7, 'me'));
  assert.deepEqual(timeline.byId('m1').reactions, []);
});

test('what a reply answers is shown as it is now, whether it is known here or not', () => {
  const timeline = new Timeline('r', () => 'me');
  const parent = { id: 'm0', number: 0, sender_id: 'b', content: 'as it was', is_deleted: false, attachment_count: 0 };
  timeline.merge(page([message(1, { reply_to: 'm0', parent }), message(2)], { has_older: true }));
  const edited = { type: 'message_updated', room_id: 'r', seq: 10, event_id: 'e10', message: message(0, { updated_seq: 10, content: `${'🌱'.repeat(200)} and more` }) };
  assert.deepEqual(timeline.apply(edited).map(({ id }) => id), ['m1'], 'the views of the reply are told');
  assert.equal(timeline.byId('m1').parent.content, '🌱'.repeat(200));
  timeline.apply({ type: 'message_deleted', room_id: 'r', seq: 11, event_id: 'e11', message_id: 'm0', number: 0, occurred_at: 'then' });
  assert.deepEqual([timeline.byId('m1').parent.content, timeline.byId('m1').parent.is_deleted], [null, true]);
  timeline.apply(edited);
  assert.equal(timeline.byId('m1').parent.content, null, 'an event from before does not bring it back');
  assert.equal(timeline.byId('m2').parent, undefined);
});

test('a pin comes and goes', () => {
  const timeline = new Timeline('r', () => 'me');
  timeline.apply(said(1));
  const pin = (type, seq) => ({ type, room_id: 'r', seq, event_id: `e${seq}`, message_id: 'm1', number: 1, occurred_at: 'then', actor_id: 'b' });
  timeline.apply(pin('message_pinned', 3));
  assert.deepEqual([timeline.byId('m1').pinned_at, timeline.byId('m1').pinned_by], ['then', 'b']);
  timeline.apply(pin('message_unpinned', 4));
  assert.deepEqual([timeline.byId('m1').pinned_at, timeline.byId('m1').pinned_by], [undefined, undefined]);
});

test('a page that is older than what is known does not turn it back', () => {
  const timeline = new Timeline('r', () => 'me');
  timeline.merge(page([message(1, { updated_seq: 9, content: 'newer' })]));
  timeline.merge(page([message(1)]));
  assert.equal(timeline.byId('m1').content, 'newer');
  // A deleted text does not come back either.
  timeline.apply({ type: 'message_deleted', room_id: 'r', seq: 10, event_id: 'e10', message_id: 'm1', number: 1, occurred_at: 'then' });
  timeline.merge(page([message(1, { updated_seq: 9 })]));
  assert.equal(timeline.byId('m1').content, null);
});

test('runs that are apart stay apart until what lies between is read', () => {
  const timeline = new Timeline('r', () => 'me');
  timeline.merge(page([message(10), message(9)], { has_older: true }));
  timeline.merge(page([message(3), message(4)], { has_older: true, has_newer: true }));
  assert.deepEqual(timeline.newest.map(({ number }) => number), [9, 10]);
  assert.deepEqual(timeline.around(3).map(({ number }) => number), [3, 4]);
  assert.equal(timeline.hasNewer(4), true);
  timeline.merge(page([5, 6, 7, 8].map((number) => message(number)), { has_older: true, has_newer: true }), { after: 4 });
  assert.deepEqual(timeline.newest.map(({ number }) => number), [3, 4, 5, 6, 7, 8, 9, 10]);
  assert.equal(timeline.hasOlder(3), true);
  timeline.merge(page([]), { before: 3 });
  assert.equal(timeline.hasOlder(3), false, 'an empty page says that nothing is older');
});
