// Questions before what cannot be undone, and lists of who and what.
import { chat } from '../model/chat.js';
import { client } from '../model/client.js';
import { deeds } from '../model/deeds.js';
import { ui } from '../model/ui.js';
import { uniqueId } from '../../sdk/src/index.js';
import { html, useState } from '../lib/html.js';
import { useObserved } from '../lib/observable.js';
import { momentOf } from '../lib/time.js';
import { t } from '../strings/index.js';
import { save } from './attachments.js';
import { Avatar, RoomAvatar, usePicture } from './avatar.js';
import { Dialog } from './dialogs.js';
import { Loading, SearchField, useAnswer, useForm, useOnce } from './requests.js';

/** @import { Attachment, InvitationPreview, Member, Message, Room } from '../types.js' */

/**
 * @param {{ title: string, text: string, yes: string, act: (reason: string) => Promise<unknown>, reasonLabel?: string,
 *   isReasonNeeded?: boolean, isSecret?: boolean, isSafe?: boolean }} props
 */
function Question({ title, text, yes, act, reasonLabel = '', isReasonNeeded = false, isSecret = false, isSafe = false }) {
  const { submit, said } = useForm(async (form) => {
    const reason = String(form.get('reason') ?? '');
    await act(isSecret ? reason : reason.trim());
    ui.ask(null);
  }, '');
  return html`<${Dialog} title=${title}>
    <form class="stack" onSubmit=${submit}>
      <p class="question" dir="auto">${text}</p>
      ${reasonLabel
        ? html`<div class="field">
            <label for="reason">${reasonLabel}</label>
            <input
              class="input"
              id="reason"
              name="reason"
              maxlength="500"
              required=${isReasonNeeded}
              autofocus
              ...${isSecret ? { type: 'password', autocomplete: 'current-password' } : { dir: 'auto' }}
            />
          </div>`
        : null}
      <div class="row">
        <span class="grow">${said}</span>
        <button type="button" class="button" onClick=${() => ui.ask(null)}>${t.cancel}</button>
        <button type="submit" class=${`button primary ${isSafe ? '' : 'danger'}`} autofocus=${!reasonLabel}>${yes}</button>
      </div>
    </form>
  <//>`;
}

/** @param {{ message: Message }} props */
export function DeleteMessage({ message }) {
  return html`<${Question} title=${t.deleteTitle} text=${chat.wordsOf(message).slice(0, 200)} yes=${t.delete} act=${() => client.delete(message.id)} />`;
}

/** @param {{ room: Room }} props */
export function LeaveRoom({ room }) {
  return html`<${Question} title=${t.leaveRoom} text=${t.leaveQuestion(room.title)} yes=${t.leave} act=${() => deeds.leave(room)} />`;
}

/** @param {{ room: Room, member: Member }} props */
export function RemoveMember({ room, member }) {
  const act = () => client.rest.removeMember({ room_id: room.id, user_id: member.user_id });
  return html`<${Question} title=${t.removeMember} text=${t.removeQuestion(member.user.display_name)} yes=${t.removeMember} act=${act} />`;
}

/** @param {{ room: Room, member: Member }} props */
export function BanMember({ room, member }) {
  const act = (/** @type {string} */ reason) => client.rest.banUser({ room_id: room.id, user_id: member.user_id, body: reason ? { reason } : {} });
  return html`<${Question}
    title=${t.ban}
    text=${t.banQuestion(member.user.display_name)}
    yes=${t.ban}
    act=${act}
    reasonLabel=${t.reason}
  />`;
}

/** @param {{ room: Room, member: Member }} props */
export function HandOver({ room, member }) {
  const act = () => client.rest.changeRole({ room_id: room.id, user_id: member.user_id, body: { role: 'owner' } }).then(() => room.loadMembers());
  return html`<${Question} title=${t.handOver} text=${t.handOverQuestion(member.user.display_name)} yes=${t.handOver} act=${act} />`;
}

/** @param {{ message: Message }} props */
export function Report({ message }) {
  const act = (/** @type {string} */ reason) => client.rest.reportMessage({ message_id: message.id, body: { reason } }).then(() => ui.toast(t.reported));
  return html`<${Question}
    title=${t.report}
    text=${chat.wordsOf(message).slice(0, 200)}
    yes=${t.reportIt}
    act=${act}
    reasonLabel=${t.reportReason}
    isReasonNeeded
  />`;
}

export function Deactivate() {
  const act = async (/** @type {string} */ password) => {
    await client.deactivate(password);
    ui.toast(t.deactivated);
  };
  return html`<${Question}
    title=${t.deactivate}
    text=${t.deactivateQuestion}
    yes=${t.deactivate}
    act=${act}
    reasonLabel=${t.currentPassword}
    isReasonNeeded
    isSecret
  />`;
}

/** The way into a room by a link. @param {{ token: string, preview: InvitationPreview }} props */
export function Invitation({ token, preview }) {
  const about = [t.kinds[/** @type {'public'} */ (preview.kind)], t.members(preview.member_count)].join(' · ');
  return html`<${Question}
    title=${t.invitedTo(preview.name ?? t.unnamedRoom)}
    text=${preview.description ? `${about}\n${preview.description}` : about}
    yes=${t.joinRoom}
    isSafe
    act=${() => deeds.comeIn(token)}
  />`;
}

/** @param {{ message: Message }} props */
export function Forward({ message }) {
  const [words, setWords] = useState('');
  // A click that was not answered may be made again, to the same end.
  const [attempt] = useState(uniqueId);
  const rooms = [...chat.rooms.values()]
    .filter((room) => room.isListed && room.title.toLocaleLowerCase().includes(words.trim().toLocaleLowerCase()))
    .sort((a, b) => (a.lastActivity < b.lastActivity ? 1 : -1));
  const forward = useOnce(async (/** @type {Room} */ room) => {
    const done = await chat.attempt(client.rest.forwardMessage({ message_id: message.id, body: { room_id: room.id, client_id: `${attempt}-${room.id}` } }));
    if (!done) return;
    ui.ask(null);
    ui.toast(t.forwardedTo(room.title), { label: t.open, act: () => ui.openRoom(room.id) });
  });
  return html`<${Dialog} title=${t.forward}>
    <${SearchField} label=${t.findConversation} words=${words} change=${setWords} autofocus />
    <ul class="results">
      ${rooms.map(
        (room) => html`<li class="person" key=${room.id}>
          <button type="button" class="person-open" onClick=${() => void forward(room)}>
            <${RoomAvatar} room=${room} /> <span class="cut" dir="auto">${room.title}</span>
          </button>
        </li>`,
      )}
      ${rooms.length === 0 ? html`<li class="empty">${t.noSuchConversation}</li>` : null}
    </ul>
  <//>`;
}

/** @param {{ people: { id: string, hint?: string }[] }} props */
function PeopleList({ people }) {
  useObserved(chat.people);
  return html`<ul>
    ${people.map(({ id, hint = '' }) => {
      const user = chat.people.want(id);
      return html`<li class="person" key=${`${id}${hint}`}>
        <${Avatar} user=${user} size="small" />
        <span class="grow cut" dir="auto">${user?.display_name ?? t.someone}</span>
        <span class="muted">${hint}</span>
      </li>`;
    })}
  </ul>`;
}

/** @param {{ message: Message }} props */
export function WhoReacted({ message }) {
  const { answer: found, waiting } = useAnswer(async () => (await client.rest.listReactions({ message_id: message.id, limit: 100 })).items);
  const people = (found ?? []).map((one) => ({ id: one.user_id, hint: one.emoji }));
  return html`<${Dialog} title=${t.whoReacted}>
    ${waiting} ${found?.length === 0 ? html`<p class="empty">${t.nobodyYet}</p>` : null}
    <${PeopleList} people=${people} />
  <//>`;
}

/** @param {{ message: Message, room: Room }} props */
export function WhoRead({ message, room }) {
  useObserved(room);
  const { waiting } = useAnswer(() => room.loadMarks().then(() => true));
  const others = [...room.marks].filter(([id]) => id !== message.sender_id);
  const read = others.filter(([, marks]) => marks.read >= message.number).map(([id]) => ({ id }));
  const delivered = others.filter(([, marks]) => marks.read < message.number && marks.delivered >= message.number).map(([id]) => ({ id }));
  return html`<${Dialog} title=${t.whoRead}>
    ${waiting}
    <section>
      <h3>${t.readBy(read.length)}</h3>
      ${read.length === 0 ? html`<p class="muted">${t.nobodyYet}</p>` : null}
      <${PeopleList} people=${read} />
    </section>
    ${delivered.length > 0
      ? html`<section>
          <h3>${t.deliveredTo(delivered.length)}</h3>
          <${PeopleList} people=${delivered} />
        </section>`
      : null}
  <//>`;
}

/** @param {{ message: Message }} props */
export function Versions({ message }) {
  const { answer: versions, waiting } = useAnswer(async () => (await client.rest.messageHistory({ message_id: message.id })).items);
  return html`<${Dialog} title=${t.versions}>
    ${versions?.length === 0 ? html`<p class="empty">${t.noVersions}</p>` : null}
    ${waiting}
    <ul class="stack">
      ${versions?.map(
        (version) => html`<li>
          <time class="small muted">${momentOf(version.written_at)}</time>
          <div class="version" dir="auto">${version.content}</div>
        </li>`,
      )}
    </ul>
  <//>`;
}

/** @param {{ file: Attachment, show?: () => void }} props */
export function Lightbox({ file, show }) {
  const picture = usePicture(file.url);
  return html`<${Dialog} title=${file.filename} class="wide">
    ${picture
      ? html`<img class="whole-picture" src=${picture} alt=${file.filename} />`
      : html`<${Loading} />`}
    <div class="row">
      <span class="grow muted small">${t.size(file.size)}${file.width ? ` · ${file.width} × ${file.height}` : ''}</span>
      ${show
        ? html`<button
            type="button"
            class="button"
            onClick=${() => {
              ui.ask(null);
              show();
            }}
          >
            ${t.showMessage}
          </button>`
        : null}
      <button type="button" class="button" onClick=${() => void save(file)}>${t.saveFile}</button>
    </div>
  <//>`;
}

export function Shortcuts() {
  return html`<${Dialog} title=${t.shortcuts}>
    <dl class="keys">
      ${t.shortcutList.map(
        ([keys, words]) => html`<dt>${keys.split(' ').map((key) => html`<kbd>${key}</kbd> `)}</dt>
          <dd>${words}</dd>`,
      )}
    </dl>
  <//>`;
}
