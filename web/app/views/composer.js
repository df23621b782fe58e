// Where one writes.
import { chat } from '../model/chat.js';
import { client } from '../model/client.js';
import { deeds } from '../model/deeds.js';
import { draftOf, keepDraft } from '../model/drafts.js';
import { uploads } from '../model/uploads.js';
import { ui } from '../model/ui.js';
import { html, useEffect, useLayoutEffect, useRef, useState } from '../lib/html.js';
import { useObserved } from '../lib/observable.js';
import { timeOf } from '../lib/time.js';
import { t } from '../strings/index.js';
import { Avatar } from './avatar.js';
import { completionsFor } from './completion.js';
import { Icon, IconButton } from './icons.js';
import { edit } from './message.js';

/**
 * @import { Message } from '../../sdk/src/generated/types.js'
 * @import { Room } from '../model/room.js'
 * @import { Completions } from './completion.js'
 */

const CHARS_MAX = 16_384;

/** @param {{ room: Room, place: string, replyTo: Message | null }} props */
export function Composer({ room, place, replyTo }) {
  useObserved(room, uploads);
  const me = chat.me?.id ?? '';
  const box = useRef(/** @type {HTMLTextAreaElement | null} */ (null));
  const chooser = useRef(/** @type {HTMLInputElement | null} */ (null));
  const [text, setText] = useState(() => draftOf(me, place));
  const [completions, setCompletions] = useState(/** @type {Completions | null} */ (null));
  const isThread = replyTo !== null;
  const composing = isThread ? null : room.composing;
  const editing = composing?.kind === 'edit' ? composing.message : null;
  const files = uploads.of(place);
  const before = useRef('');

  // Words for a message that was sent take the place of the draft, and give it back.
  useEffect(() => {
    if (editing) {
      before.current = draftOf(me, place);
      setText(editing.content ?? '');
    } else {
      setText(draftOf(me, place));
    }
  }, [editing?.id, place]);

  useEffect(() => {
    if (matchMedia('(hover: hover)').matches) box.current?.focus({ preventScroll: true });
  }, [place]);

  // As high as its text.
  useLayoutEffect(() => {
    const area = box.current;
    if (!area) return;
    area.style.height = 'auto';
    area.style.height = `${area.scrollHeight}px`;
  }, [text]);

  const change = (/** @type {string} */ next) => {
    setText(next);
    if (!editing) keepDraft(me, place, next);
  };

  const asked = useRef(0);
  const complete = async () => {
    const area = box.current;
    const turn = ++asked.current;
    const found =
      area && area.selectionStart === area.selectionEnd ? await completionsFor(room, area.value, area.selectionStart) : null;
    // A slow answer to what was there before must not open over what is there now.
    if (turn === asked.current) setCompletions(found);
  };
  const dismiss = () => {
    asked.current += 1;
    setCompletions(null);
  };

  const choose = (/** @type {number} */ index) => {
    const area = box.current;
    if (!completions || !area) return;
    const { from, to, items } = completions;
    const words = `${items[index].insert} `;
    change(area.value.slice(0, from) + words + area.value.slice(to));
    setCompletions(null);
    requestAnimationFrame(() => {
      area.focus();
      area.setSelectionRange(from + words.length, from + words.length);
    });
  };

  const insert = (/** @type {string} */ words) => {
    const area = box.current;
    const [from, to] = area ? [area.selectionStart, area.selectionEnd] : [text.length, text.length];
    change(text.slice(0, from) + words + text.slice(to));
    requestAnimationFrame(() => {
      area?.focus();
      area?.setSelectionRange(from + words.length, from + words.length);
    });
  };

  const endComposing = () => {
    room.composing = null;
    room.changed();
    box.current?.focus();
  };

  const isSending = files.some((file) => file.state === 'sending');
  const attachments = files.filter((file) => file.state === 'done');
  const canSend = !isSending && text.length <= CHARS_MAX && (text.trim() !== '' || (attachments.length > 0 && !editing));

  const submit = () => {
    if (!canSend) return;
    const content = text.trim();
    if (editing) {
      room.composing = null;
      room.changed();
      if (content !== editing.content) {
        void chat.attempt(client.edit(editing.id, content)).then((done) => {
          // What was typed is not lost by a refusal.
          if (done === undefined) keepDraft(me, place, content);
        });
      }
      return;
    }
    try {
      client.send(room.id, {
        ...(content ? { content, content_type: 'text/markdown' } : {}),
        ...(replyTo ? { reply_to: replyTo.id } : composing ? { reply_to: composing.message.id } : {}),
        ...(attachments.length > 0 ? { attachments: uploads.take(place) } : {}),
      });
    } catch (error) {
      chat.complain(error);
      return;
    }
    change('');
    dismiss();
    if (!isThread && composing) endComposing();
  };

  const onKeyDown = (/** @type {KeyboardEvent} */ event) => {
    if (event.isComposing) return;
    if (completions) {
      const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
      const count = completions.items.length;
      if (step) {
        event.preventDefault();
        setCompletions({ ...completions, chosen: (completions.chosen + step + count) % count });
        return;
      }
      if (event.key === 'Enter' || event.key === 'Tab') {
        event.preventDefault();
        choose(completions.chosen);
        return;
      }
      if (event.key === 'Escape') {
        event.preventDefault();
        event.stopPropagation();
        dismiss();
        return;
      }
    }
    const isTouch = matchMedia('(hover: none)').matches;
    if (event.key === 'Enter' && !event.shiftKey && !isTouch) {
      event.preventDefault();
      submit();
    } else if (event.key === 'Escape' && composing) {
      event.preventDefault();
      endComposing();
    } else if (event.key === 'ArrowUp' && text === '' && !isThread) {
      const mine = room.messages.findLast((message) => message.sender_id === me && !message.deleted_at && message.content);
      if (!mine) return;
      event.preventDefault();
      edit(mine, room);
    }
  };

  const mutedUntil = room.mutedUntil;
  if (mutedUntil) return html`<div class="cannot-write">${t.youAreMuted(timeOf(mutedUntil))}</div>`;
  if (!room.data.is_active) return html`<div class="cannot-write">${t.roomIsClosed}</div>`;
  const label = isThread ? t.writeReply : editing ? t.editMessage : t.writeTo(room.title);
  const listId = `completions-${place}`;
  return html`<div class="composer">
    <div class="composer-wrap">
      ${completions ? html`<${CompletionList} id=${listId} completions=${completions} choose=${choose} />` : null}
      <form
        class="composer-box"
        onSubmit=${(/** @type {Event} */ event) => {
          event.preventDefault();
          submit();
        }}
      >
        ${composing ? html`<${Context} composing=${composing} end=${endComposing} />` : null}
        ${files.length > 0 && !editing ? html`<${Files} place=${place} />` : null}
        <div class="composer-row">
          ${editing || !deeds.can('signMedia')
            ? null
            : html`<${IconButton} icon="attach" label=${t.attach} onClick=${() => chooser.current?.click()} />
                <input
                  ref=${chooser}
                  type="file"
                  multiple
                  hidden
                  aria-label=${t.attach}
                  onChange=${(/** @type {any} */ event) => {
                    uploads.add(place, [...event.target.files]);
                    event.target.value = '';
                  }}
                />`}
          <textarea
            ref=${box}
            rows="1"
            dir="auto"
            value=${text}
            placeholder=${label}
            aria-label=${label}
            aria-autocomplete="list"
            aria-controls=${completions ? listId : undefined}
            aria-activedescendant=${completions ? `${listId}-${completions.chosen}` : undefined}
            enterkeyhint="send"
            onInput=${(/** @type {any} */ event) => {
              change(event.target.value);
              if (!editing) client.typing(room.id, event.target.value !== '');
              void complete();
            }}
            onKeyDown=${onKeyDown}
            onClick=${() => void complete()}
            onBlur=${() => setCompletions(null)}
            onPaste=${(/** @type {ClipboardEvent} */ event) => {
              const pasted = [...(event.clipboardData?.files ?? [])];
              if (pasted.length === 0 || editing || !deeds.can('signMedia')) return;
              event.preventDefault();
              uploads.add(place, pasted);
            }}
          ></textarea>
          <${IconButton} icon="emoji" label=${t.emoji} onClick=${(/** @type {Event} */ event) => ui.openPicker(event, insert)} />
          <button type="submit" class="icon-button send" aria-label=${editing ? t.saveEdit : t.send} title=${editing ? t.saveEdit : t.send} disabled=${!canSend}>
            <${Icon} name=${editing ? 'check' : 'send'} />
          </button>
        </div>
      </form>
    </div>
    ${text.length > CHARS_MAX - 500 ? html`<p class="wrong" role="status">${t.charsLeft(CHARS_MAX - text.length)}</p>` : null}
    ${isThread ? null : html`<${Typing} room=${room} />`}
  </div>`;
}

/** @param {{ composing: { kind: 'reply' | 'edit', message: Message }, end: () => void }} props */
function Context({ composing, end }) {
  const { kind, message } = composing;
  const name = message.sender_id === chat.me?.id ? t.yourself : (chat.people.get(message.sender_id)?.display_name ?? t.someone);
  return html`<div class="composer-context">
    <${Icon} name=${kind === 'edit' ? 'edit' : 'reply'} />
    <span class="grow">
      <strong>${kind === 'edit' ? t.editMessage : t.replyTo(name)}</strong>
      <span class="muted cut" dir="auto"> ${chat.wordsOf(message).slice(0, 120)}</span>
    </span>
    <${IconButton} icon="close" label=${t.cancel} class="small" onClick=${end} />
  </div>`;
}

/** @param {{ place: string }} props */
function Files({ place }) {
  return html`<ul class="uploads">
    ${uploads.of(place).map(
      (file) => html`<li class="upload" key=${file.id}>
        ${file.preview ? html`<img src=${file.preview} alt="" />` : html`<${Icon} name="file" />`}
        <span class="grow">
          <span class="cut" dir="auto">${file.name}</span>
          ${file.state === 'sending'
            ? html`<progress value=${file.progress} max="1" aria-label=${t.uploading(file.name)}></progress>`
            : html`<span class=${file.state === 'failed' ? 'wrong' : 'small muted'}>${file.state === 'failed' ? t.uploadFailed : t.uploaded}</span>`}
        </span>
        <${IconButton} icon="close" label=${t.removeFile(file.name)} class="small" onClick=${() => uploads.remove(place, file.id)} />
      </li>`,
    )}
  </ul>`;
}

/** @param {{ id: string, completions: Completions, choose: (index: number) => void }} props */
function CompletionList({ id, completions, choose }) {
  return html`<div class="completions" role="listbox" id=${id} aria-label=${t.completions}>
    ${completions.items.map(
      (item, index) => html`<div
        class="completion"
        role="option"
        id=${`${id}-${index}`}
        aria-selected=${index === completions.chosen}
        onMouseDown=${(/** @type {Event} */ event) => {
          event.preventDefault();
          choose(index);
        }}
      >
        ${item.user ? html`<${Avatar} user=${item.user} size="small" />` : html`<span aria-hidden="true">${item.sign}</span>`}
        <span class="grow cut" dir="auto">${item.label}</span>
        <span class="muted small">${item.hint}</span>
      </div>`,
    )}
  </div>`;
}

/** @param {{ room: Room }} props */
function Typing({ room }) {
  const names = room.typists.map((id) => chat.people.want(id)?.display_name ?? t.someone);
  return html`<div class="typing-line cut">${names.length > 0 ? t.typing(names, false) : ''}</div>`;
}
