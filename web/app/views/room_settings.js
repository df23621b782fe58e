// What an admin of a room may set, whom they let in and keep out, and what was reported to them.
import { chat } from '../model/chat.js';
import { client } from '../model/client.js';
import { deeds } from '../model/deeds.js';
import { ui } from '../model/ui.js';
import { html, useState } from '../lib/html.js';
import { useObserved } from '../lib/observable.js';
import { pointInTime, shortly } from '../lib/time.js';
import { t } from '../strings/index.js';
import { PictureField, RoomAvatar } from './avatar.js';
import { Dialog } from './dialogs.js';
import { useAnswer, useForm, useOnce } from './requests.js';

/** @import { Case, Report, Room } from '../types.js' */

/** @param {{ room: Room }} props */
export function RoomSettings({ room }) {
  useObserved(room, chat.people);
  const { data } = room;
  const setPicture = async (/** @type {File | null} */ file) => {
    const of = { room_id: room.id };
    room.learn(
      file
        ? await client.rest.setRoomAvatar({ ...of, body: { upload_id: (await client.upload(file)).id } })
        : await client.rest.clearRoomAvatar(of),
    );
    chat.roomsChanged();
  };
  const { submit, said } = useForm(async (form) => {
    /** @type {Record<string, unknown>} */
    const wanted = {
      name: String(form.get('name')).trim(),
      description: String(form.get('description')).trim() || null,
      slow_mode_seconds: Number(form.get('slow')),
      system_messages: form.get('system') !== null,
      posting: form.get('posting') === null ? 'members' : 'moderators',
    };
    const now = /** @type {Record<string, unknown>} */ (/** @type {unknown} */ (data));
    const body = Object.fromEntries(Object.entries(wanted).filter(([name, value]) => name in now && now[name] !== value));
    if (Object.keys(body).length > 0) room.learn(await client.rest.updateRoom({ room_id: room.id, body }));
  });
  return html`<${Dialog} title=${t.roomSettings}>
    <div class="row room-picture"><${RoomAvatar} room=${room} size="large" /> <${PictureField} isThere=${Boolean(data.avatar_url)} set=${setPicture} /></div>
    <form class="stack" onSubmit=${submit}>
      <div class="field">
        <label for="set-name">${t.roomName}</label>
        <input class="input" id="set-name" name="name" required maxlength="80" dir="auto" value=${data.name} />
      </div>
      <div class="field">
        <label for="set-description">${t.roomDescription}</label>
        <textarea class="input" id="set-description" name="description" maxlength="2000" dir="auto">${data.description ?? ''}</textarea>
      </div>
      <div class="field">
        <label for="set-slow">${t.slowMode}</label>
        <select class="input" id="set-slow" name="slow">
          ${[0, 5, 10, 30, 60, 300, 900, 3600].map(
            (seconds) => html`<option value=${seconds} selected=${data.slow_mode_seconds === seconds}>${t.slowModeOf(seconds)}</option>`,
          )}
        </select>
      </div>
      <label class="check"><input type="checkbox" name="posting" checked=${data.posting === 'moderators'} /> ${t.onlyModeratorsMayWrite}</label>
      <label class="check"><input type="checkbox" name="system" checked=${data.system_messages} /> ${t.systemMessages}</label>
      <div class="row"><button type="submit" class="button primary">${t.save}</button> ${said}</div>
    </form>
    <${Bans} room=${room} />
    ${room.myRole === 'owner' ? html`<${CloseRoom} room=${room} />` : null}
  <//>`;
}

/** @param {{ room: Room }} props */
function Bans({ room }) {
  const { answer: bans, load, waiting } = useAnswer(async () => (await client.rest.listBans({ room_id: room.id, limit: 100 })).items);
  if (!bans) return waiting;
  if (bans.length === 0) return null;
  return html`<section>
    <h3>${t.banned}</h3>
    <ul>
      ${bans.map((ban) => {
        return html`<li class="person" key=${ban.user_id}>
          <span class="grow">
            <span class="cut" dir="auto">${ban.user.display_name}</span>
            <p class="cut" dir="auto">${ban.reason ?? ''}</p>
          </span>
          <button
            type="button"
            class="button small"
            onClick=${() => void chat.attempt(client.rest.unbanUser({ room_id: room.id, user_id: ban.user_id })).then(load)}
          >
            ${t.unban}
          </button>
        </li>`;
      })}
    </ul>
  </section>`;
}

/** @param {{ room: Room }} props */
function CloseRoom({ room }) {
  const [isSure, setSure] = useState(false);
  const close = useOnce(() =>
    chat.attempt(client.rest.deleteRoom({ room_id: room.id }).then(() => true)).then((done) => {
      if (done) ui.ask(null);
    }),
  );
  return html`<section>
    <h3>${t.deleteRoom}</h3>
    <div class="stack">
      <label class="check"><input type="checkbox" checked=${isSure} onChange=${() => setSure(!isSure)} /> ${t.deleteRoomQuestion}</label>
      <div><button type="button" class="button danger" disabled=${!isSure} onClick=${() => void close()}>${t.deleteRoom}</button></div>
    </div>
  </section>`;
}

const DAY_SECONDS = 86_400;

/** @param {{ room: Room }} props */
export function Invite({ room }) {
  const [made, setMade] = useState('');
  const { answer: all, load, waiting } = useAnswer(() => deeds.invitations(room.id));
  const submit = useOnce(async (/** @type {SubmitEvent} */ event) => {
    const form = new FormData(/** @type {HTMLFormElement} */ (event.target));
    const uses = Number(form.get('uses'));
    const invitation = await chat.attempt(
      client.rest.invite({ room_id: room.id, body: { expires_in: Number(form.get('days')) * DAY_SECONDS, ...(uses > 0 ? { max_uses: uses } : {}) } }),
    );
    if (!invitation) return;
    setMade(new URL(`#/invitation/${invitation.token}`, location.href).href);
    void load();
  });
  return html`<${Dialog} title=${t.inviteByLink}>
    <form class="stack" onSubmit=${submit}>
      <div class="field">
        <label for="invite-days">${t.lastsFor}</label>
        <select class="input" id="invite-days" name="days">
          ${[1, 7, 30].map((days) => html`<option value=${days} selected=${days === 7}>${t.days(days)}</option>`)}
        </select>
      </div>
      <div class="field">
        <label for="invite-uses">${t.usesMax}</label>
        <input class="input" id="invite-uses" name="uses" type="number" min="0" max="1000" value="0" />
        <span class="hint">${t.usesHint}</span>
      </div>
      <div><button type="submit" class="button primary">${t.makeLink}</button></div>
    </form>
    ${made
      ? html`<section>
          <div class="copy-line">
            <input class="input" readonly value=${made} aria-label=${t.inviteByLink} onFocus=${(/** @type {any} */ event) => event.target.select()} />
            <button type="button" class="button" onClick=${() => void deeds.copy(made)}>
              ${t.copy}
            </button>
          </div>
        </section>`
      : null}
    ${waiting}
    ${all?.length
      ? html`<section>
          <h3>${t.openInvitations}</h3>
          <ul>
            ${all.map(
              (one) => html`<li class="person" key=${one.id}>
                <span class="grow small">${t.invitationUses(one.uses, one.max_uses ?? null)}${one.expires_at ? ` · ${t.invitationEnds(pointInTime(one.expires_at))}` : ''}</span>
                <button type="button" class="button small danger" onClick=${() => void chat.attempt(client.rest.revokeInvitation({ room_id: room.id, invitation_id: one.id })).then(load)}>
                  ${t.revoke}
                </button>
              </li>`,
            )}
          </ul>
        </section>`
      : null}
  <//>`;
}


/** A message at a time, with all that was said against it; reports bear no texts. @param {Report[]} reports @returns {Promise<Case[]>} */
async function casesOf(reports) {
  /** @type {Map<string, Report[]>} */
  const byMessage = new Map();
  for (const report of reports) byMessage.set(report.message_id, [...(byMessage.get(report.message_id) ?? []), report]);
  return Promise.all(
    [...byMessage].map(async ([messageId, all]) => ({
      messageId,
      reports: all,
      message: await client.rest.message({ message_id: messageId }).catch(() => null),
    })),
  );
}

/** @param {{ room: Room }} props */
export function Reports({ room }) {
  useObserved(chat.people);
  const { answer: cases, load, waiting } = useAnswer(async () => casesOf((await client.rest.listReports({ room_id: room.id, limit: 100 })).items));
  const settle = useOnce(async (/** @type {string} */ messageId, /** @type {boolean} */ isDeleted) => {
    if (isDeleted && !(await chat.attempt(client.delete(messageId)))) return;
    await chat.attempt(client.rest.resolveReports({ room_id: room.id, message_id: messageId }));
    await load();
  });
  const nameOf = (/** @type {string} */ id) => chat.people.want(id)?.display_name ?? t.someone;
  return html`<${Dialog} title=${t.reports}>
    ${waiting} ${cases?.length === 0 ? html`<p class="empty">${t.noReports}</p>` : null}
    <ul class="stack">
      ${cases?.map(
        ({ messageId, message, reports }) => html`<li class="version" key=${messageId}>
          ${message
            ? html`<p><strong dir="auto">${nameOf(message.sender_id)}</strong> <span class="muted small">${shortly(message.created_at)}</span></p>
                <p dir="auto">${chat.wordsOf(message).slice(0, 300)}</p>`
            : html`<p class="muted">${t.deletedMessage}</p>`}
          <ul class="small muted">
            ${reports.map((report) => html`<li dir="auto">${t.reportedBy(nameOf(report.reporter_id), report.reason)}</li>`)}
          </ul>
          <div class="row">
            <span class="grow"></span>
            ${message
              ? html`<button
                  type="button"
                  class="button small"
                  onClick=${() => {
                    ui.ask(null);
                    ui.openRoom(room.id, message.seq);
                  }}
                >
                  ${t.showMessage}
                </button>`
              : null}
            ${message && !message.deleted_at
              ? html`<button type="button" class="button small danger" onClick=${() => void settle(messageId, true)}>${t.delete}</button>`
              : null}
            <button type="button" class="button small primary" onClick=${() => void settle(messageId, false)}>${t.resolveReport}</button>
          </div>
        </li>`,
      )}
    </ul>
  <//>`;
}
