// What people reported in a room, for those who look after it.
import { chat } from '../model/chat.js';
import { client } from '../model/client.js';
import { ui } from '../model/ui.js';
import { html } from '../lib/html.js';
import { useObserved } from '../lib/observable.js';
import { shortly } from '../lib/time.js';
import { t } from '../strings/index.js';
import { Dialog } from './dialogs.js';
import { useAnswer, useOnce } from './requests.js';

const PAGE = 100;

/** @import { Case, Report, Room } from '../types.js' */

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
  const { answer: cases, load, waiting } = useAnswer(async () => casesOf((await client.rest.listReports({ room_id: room.id, limit: PAGE })).items));
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
