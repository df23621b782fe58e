// Where one writes.
import { chat } from '../model/chat.js';
import { client } from '../model/client.js';
import { deeds } from '../model/deeds.js';
import { draftOf, keepDraft } from '../model/drafts.js';
import { uploads } from '../model/uploads.js';
import { ui } from '../model/ui.js';
import { html, useEffect, useLayoutEffect, useRef, useState } from '../lib/html.js';
import { useObserved } from '../lib/observable.js';
import { pointInTime } from '../lib/time.js';
import { t } from '../strings/index.js';
import { Avatar } from './avatar.js';
import { completionsFor } from './completion.js';
import { Icon, IconButton } from './icons.js';
import { edit } from './message.js';

/** @import { Completions, Message, Room } from '../types.js' */

/** Until the server has said how many. */
const CHARS_MAX = 16_384;
/** A timer takes no more. */
const TIMER_MAX_MS = 2 ** 31 - 1;
/** A mute until further notice ends with this year. */
const FOR_GOOD_YEAR = 9999;

/** @param {{ room: Room, place: string, replyTo: Message | null }} props */
export function Composer({ room, place, replyTo }) {
  useObserved(room, uploads, chat.people);
  const me = chat.me?.id ?? '';
  const box = useRef(/** @type {HTMLTextAreaElement | null} */ (null));
  const chooser = useRef(/** @type {HTMLInputElement | null} */ (null));
  const [text, setText] = useState(() => draftOf(me, place));
  const [completions, setCompletions] = useState(/** @type {Completions | null} */ (null));
  const isThread = replyTo !== null;
  const composing = isThread ? null : room.composing;
  const editing = composing?.kind === 'edit' ? composing.message : null;
  const files = uploads.of(place);
  // Other words for a message are kept as a draft is, beside that of the place.
  const textPlace = editing ? `edit.${editing.id}` : place;
  const [isSaving, setSaving] = useState(false);
  // Sent as soon as its files are there.
  const [isQueued, setQueued] = useState(false);

  useEffect(() => {
    setText(draftOf(me, textPlace) || (editing?.content ?? ''));
    setQueued(false);
  }, [textPlace]);

  useEffect(() => {
    if (matchMedia('(hover: hover)').matches) box.current?.focus({ preventScroll: true });
  }, [place]);

  // As high as its text, however wide it is.
  const fit = () => {
    const area = box.current;
    if (!area) return;
    area.style.height = 'auto';
    area.style.height = `${area.scrollHeight}px`;
  };
  useLayoutEffect(fit, [text]);
  useEffect(() => {
    let width = 0;
    const sizes = new ResizeObserver(([{ contentRect }]) => {
      if (contentRect.width !== width) fit();
      ({ width } = contentRect);
    });
    if (box.current) sizes.observe(box.current);
    return () => sizes.disconnect();
  }, [place]);

  const change = (/** @type {string} */ next) => {
    setText(next);
    setQueued(false);
    keepDraft(me, textPlace, editing && next === editing.content ? '' : next);
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
    if (editing) keepDraft(me, textPlace, '');
    room.composing = null;
    room.changed();
    box.current?.focus();
  };

  const isUploading = files.some((file) => file.state === 'sending' || file.state === 'waiting');
  const isUploadFailed = files.some((file) => file.state === 'failed');
  const charsMax = chat.capabilities.limits?.content_chars_max ?? CHARS_MAX;
  const hasWords = text.trim() !== '';
  const canSend =
    text.length <= charsMax && (editing ? hasWords && !isSaving : (hasWords || files.length > 0) && !isUploadFailed);

  /** The words stay where they are until the server has them. @param {Message} message @param {string} content */
  const save = async (message, content) => {
    setSaving(true);
    const done = await chat.attempt(client.edit(message.id, content));
    setSaving(false);
    if (done === undefined) return;
    keepDraft(me, `edit.${message.id}`, '');
    if (room.composing?.message.id !== message.id) return;
    room.composing = null;
    room.changed();
  };

  const submit = () => {
    if (!canSend) return;
    const content = text.trim();
    if (editing) {
      if (content === editing.content) endComposing();
      else void save(editing, content);
      return;
    }
    if (isUploading) {
      setQueued(true);
      return;
    }
    try {
      client.send(room.id, {
        ...(content ? { content, content_type: 'text/markdown' } : {}),
        ...(replyTo ? { reply_to: replyTo.id } : composing ? { reply_to: composing.message.id } : {}),
        ...(files.length > 0 ? { attachments: uploads.idsOf(place) } : {}),
      });
    } catch (error) {
      // Nothing of it is given up: there may be room for it later.
      chat.complain(error);
      return;
    }
    uploads.sent(place);
    change('');
    dismiss();
    if (!isThread && composing) endComposing();
  };

  useEffect(() => {
    if (isQueued && isUploadFailed) setQueued(false);
    else if (isQueued && !isUploading) submit();
  }, [isQueued, isUploading, isUploadFailed]);

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

  const peerId = room.peer?.id;
  useEffect(() => {
    if (peerId) void deeds.lookAtBlocks(peerId);
  }, [peerId]);
  const mutedUntil = room.mutedUntil;
  // It ends by itself.
  useEffect(() => {
    if (!mutedUntil) return undefined;
    const timer = setTimeout(() => room.changed(), Math.min(TIMER_MAX_MS, new Date(mutedUntil).getTime() - Date.now() + 100));
    return () => clearTimeout(timer);
  }, [mutedUntil]);
  if (mutedUntil) {
    const isForGood = new Date(mutedUntil).getFullYear() >= FOR_GOOD_YEAR;
    return html`<div class="cannot-write" role="status">${isForGood ? t.youAreMutedForGood : t.youAreMuted(pointInTime(mutedUntil))}</div>`;
  }
  if (peerId && chat.people.blocked.get(peerId)) {
    return html`<div class="cannot-write" role="status">
      <span dir="auto">${t.youBlocked(room.title)}</span>
      <button type="button" class="link-button" onClick=${() => void deeds.block(peerId, false)}>${t.unblock}</button>
    </div>`;
  }
  if (room.data.posting === 'moderators' && !room.isAtLeast('moderator')) return html`<div class="cannot-write">${t.onlyModeratorsWrite}</div>`;
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
          ${editing
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
            enterkeyhint=${matchMedia('(hover: none)').matches ? 'enter' : 'send'}
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
              if (pasted.length === 0 || editing) return;
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
    ${isUploadFailed && !editing ? html`<p class="wrong small" role="status">${t.fileHinders}</p>` : null}
    ${isQueued ? html`<p class="small muted" role="status">${t.sentOnceUploaded}</p>` : null}
    ${text.length > charsMax - 500 ? html`<p class=${text.length > charsMax ? 'wrong' : 'small muted'} role="status">${t.charsLeft(charsMax - text.length)}</p>` : null}
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
            : html`<span class=${file.state === 'failed' ? 'wrong' : 'small muted'} role="status">
                ${file.state === 'failed' ? t.uploadFailed(file.failure) : file.state === 'waiting' ? t.uploadWaits : t.size(file.file.size)}
              </span>`}
        </span>
        ${file.state === 'failed' && file.canRetry
          ? html`<${IconButton} icon="retry" label=${t.uploadAgain(file.name)} class="small again" onClick=${() => uploads.retry(file)} />`
          : null}
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
  const { slow_mode_seconds } = room.data;
  const pace = slow_mode_seconds > 0 && !room.isAtLeast('moderator') ? t.slowModeHere(slow_mode_seconds) : '';
  return html`<div class="typing-line cut">${names.length > 0 ? t.typing(names, false) : pace}</div>`;
}
